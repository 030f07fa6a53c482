//! One open stream to frames to the intake. Parses nothing, and waits for the socket; for the intake only while it is full,
//! and not for long.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::framer::Framer;
use super::state::Refusal;
use crate::intake::{Findings, Intake};
use crate::model::{DisconnectReason, DropReason, Frame, Timestamp};
use crate::source::{Connection, ReadError, Request, ServerDisconnect, Source, Verdict};
use crate::telemetry::{Observation, Observer, StatusCell, StreamStatus};

/// Liveness: how long a line may stay unfinished while bytes keep coming.
const LINE_DEADLINE: Duration = Duration::from_secs(60);
/// Backpressure: how long the socket may go unread in all, from the moment that the queue is full until the journal has worked
/// off half of it. X hangs up on slow readers too, but not for seconds.
const BACKPRESSURE: Duration = Duration::from_secs(5);
/// Keep-alives that make a stream of a connection.
const PROOF: u32 = 2;
/// How long an end waits for ingest to see what was read: it splits at once, unless the disk holds it.
const SIGHT: Duration = Duration::from_secs(1);

/// Overload policy: what becomes of messages that neither disk nor memory can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// Close the stream, record the gap, come back when there is room.
    #[default]
    Pause,
    /// Keep the stream and drop what it brings, counted.
    DropNewest,
}

/// Read loop: one connection after the other, with its liveness and backpressure.
pub(crate) struct StreamReader {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) intake: Arc<dyn Intake>,
    /// What to do when it is full.
    pub(crate) when_full: WhenFull,
    /// The longest line that is taken whole, in bytes.
    pub(crate) max_line: usize,
    /// What is found in messages by the one who splits them.
    pub(crate) findings: watch::Receiver<Findings>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: StatusCell<StreamStatus>,
}

/// How a connection ended.
pub(super) struct Ending {
    pub(super) reason: DisconnectReason,
    /// In words; the peer's own if it said any.
    pub(super) detail: String,
    /// The refusal that it turned out to be, if it was one.
    pub(super) refusal: Option<Refusal>,
    /// Whether it was a stream at all.
    pub(super) proven: bool,
}

/// One connection, as far as it has been read.
struct Reading {
    connection: u64,
    framer: Framer,
    /// When the line began that is unfinished.
    began: Instant,
    /// Whether it has brought lines that ingest splits.
    has_lines: bool,
    /// Chunks with keep-alives: a page's empty lines come together.
    keep_alives: u32,
    /// How long the socket has gone unread since the queue was last easy.
    unread: Duration,
}

impl Ending {
    pub(super) fn new(reason: DisconnectReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            refusal: None,
            proven: false,
        }
    }

    /// What a message says of its connection, if it ends it.
    fn by(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Continue => None,
            Verdict::Disconnect(disconnect) => Some(Self::said(disconnect)),
            Verdict::Finished(words) => Some(Self::new(DisconnectReason::Finished, words)),
        }
    }

    /// The server's words in the stream: a goodbye, or a refusal that came in the place of a stream.
    fn said(disconnect: ServerDisconnect) -> Self {
        let reason = match disconnect.refusal {
            Some(_) => DisconnectReason::Refused,
            None => DisconnectReason::Goodbye,
        };
        Self {
            refusal: disconnect.refusal.map(|class| Refusal {
                class,
                retry_after: None,
                request: Request::Sent,
            }),
            ..Self::new(reason, disconnect.detail)
        }
    }
}

impl StreamReader {
    /// Reads connection number `number` until it ends, and says how it did.
    pub(super) async fn read(&self, number: u64, connection: &mut dyn Connection) -> Ending {
        let mut reading = Reading {
            connection: number,
            framer: Framer::new(connection.framing(), self.max_line),
            began: Instant::now(),
            has_lines: false,
            keep_alives: 0,
            unread: Duration::ZERO,
        };
        let mut findings = self.findings.clone();
        let ending = loop {
            let taken = tokio::select! {
                chunk = connection.chunk() => self.take(chunk, &mut reading).await,
                news = self.news(&mut findings, number) => news,
            };
            if let Err(ending) = taken {
                break ending;
            }
        };
        let bytes = reading.framer.unfinished();
        if bytes > 0 {
            self.observer.on(Observation::HalfLine { bytes });
        }
        self.judge(ending, &reading).await
    }

    /// Waits until findings of connection `number` ask for something: the server's disconnect ends it, a proof is noted once.
    async fn news(&self, findings: &mut watch::Receiver<Findings>, number: u64) -> Result<(), Ending> {
        let is_news = |found: &Findings| {
            let proves = || found.proven && self.status.update(|status| status.unproven > 0);
            found.connection == number && (found.verdict != Verdict::Continue || proves())
        };
        let Ok(found) = findings.wait_for(is_news).await.map(|found| found.clone()) else {
            // Ingest has ended, and with it everything: nothing more will be found.
            return std::future::pending().await;
        };
        if found.proven {
            self.status.update(StreamStatus::proven);
        }
        Ending::by(found.verdict).map_or(Ok(()), Err)
    }

    /// What an end means, once everything that was read before it has been seen: a goodbye outruns the end that follows it.
    async fn judge(&self, ending: Ending, reading: &Reading) -> Ending {
        if reading.has_lines {
            // Late, or never: what is known serves.
            let _ = tokio::time::timeout(SIGHT, self.intake.looked_through()).await;
        }
        let found = self.findings.borrow().clone();
        let found = Some(found).filter(|found| found.connection == reading.connection);
        let proven = reading.keep_alives >= PROOF || found.as_ref().is_some_and(|found| found.proven);
        let theirs = matches!(
            ending.reason,
            DisconnectReason::CleanEnd | DisconnectReason::Broken | DisconnectReason::Silence
        );
        let said = found.and_then(|found| Ending::by(found.verdict)).or_else(|| {
            let rest = reading.framer.rest();
            // Half a message of a stream may be any bytes; of what never was one they are its text.
            let is_text = !proven || rest.starts_with(b"{");
            self.source.farewell(rest).filter(|_| is_text).map(Ending::said)
        });
        let ending = said.filter(|_| theirs).unwrap_or(ending);
        Ending { proven, ..ending }
    }

    /// Passes on the frames that `chunk` completes; an error says how the connection ends.
    async fn take(
        &self,
        chunk: Result<Option<Bytes>, ReadError>,
        reading: &mut Reading,
    ) -> Result<(), Ending> {
        let chunk = chunk.map_err(broken)?;
        let Some(chunk) = chunk else {
            let detail = "the server ended the stream";
            return Err(Ending::new(DisconnectReason::CleanEnd, detail));
        };
        let received_at = Timestamp::now();
        self.observer.on(Observation::Bytes(chunk.len() as u64));
        self.status.update(|status| {
            status.last_byte = Some(received_at);
            status.heard = Some(Instant::now());
        });
        let frames = reading.feed(&chunk)?;
        if frames.contains(&Frame::KeepAlive) {
            reading.keep_alives += 1;
            if reading.keep_alives == PROOF {
                self.status.update(StreamStatus::proven);
            }
        }
        if self.pass_on(reading, frames, received_at).await {
            Ok(())
        } else {
            let detail = "neither disk nor memory takes more";
            Err(Ending::new(DisconnectReason::JournalFull, detail))
        }
    }

    /// Gives frames to the intake; `false` if the stream must be closed because there is no more room.
    async fn pass_on(&self, reading: &mut Reading, mut frames: Vec<Frame>, received_at: Timestamp) -> bool {
        let (mut messages, signs) = (0, self.intake.wants_keep_alives());
        frames.retain(|frame| {
            self.observer.on(Observation::Frame(frame.kind()));
            let is_line = *frame != Frame::KeepAlive;
            messages += u64::from(is_line);
            is_line || signs
        });
        if frames.is_empty() {
            return true;
        }
        reading.has_lines |= messages > 0;
        if self.when_full == WhenFull::DropNewest && self.intake.is_full() {
            self.status.update(|status| {
                status.received += messages;
                status.dropped += messages;
            });
            let reason = DropReason::JournalFull;
            self.observer.on(Observation::Dropped { reason, messages });
            return true;
        }
        self.status.update(|status| {
            status.received += messages;
            status.waiting += messages;
        });
        self.intake.frames(reading.connection, received_at, frames);
        self.when_full == WhenFull::DropNewest || self.has_room(&mut reading.unread).await
    }

    /// Backpressure: waits for room, `unread` counting how long in all; `false` once that is too long.
    async fn has_room(&self, unread: &mut Duration) -> bool {
        if self.intake.is_easy() {
            *unread = Duration::ZERO;
        }
        if !self.intake.is_full() {
            return true;
        }
        let began = Instant::now();
        let left = BACKPRESSURE.saturating_sub(*unread);
        let room = tokio::time::timeout(left, self.intake.has_room()).await;
        *unread += began.elapsed();
        room.is_ok()
    }
}

fn broken(error: ReadError) -> Ending {
    let detail = error.to_string();
    match error {
        ReadError::Silence(_) => Ending::new(DisconnectReason::Silence, detail),
        ReadError::Broken(_) => Ending::new(DisconnectReason::Broken, detail),
        ReadError::Refused(error) => Ending {
            refusal: Some(Refusal::of(&error)),
            ..Ending::new(DisconnectReason::Refused, detail)
        },
    }
}

impl Reading {
    /// The frames that `chunk` completes, unless none was completed for too long.
    fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Frame>, Ending> {
        if self.framer.unfinished() == 0 {
            self.began = Instant::now();
        }
        let mut frames = Vec::new();
        self.framer.feed(chunk, &mut frames);
        if !frames.is_empty() {
            self.began = Instant::now();
        } else if self.began.elapsed() > LINE_DEADLINE {
            let detail = format!("no line was finished for {LINE_DEADLINE:?}");
            return Err(Ending::new(DisconnectReason::Stalled, detail));
        }
        Ok(frames)
    }
}
