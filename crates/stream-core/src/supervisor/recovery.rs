//! Recovery: what was posted while we were blind is asked for again, on connections of their own beside the live one, one after the
//! other. What is owed is in a file, so that a restart goes on with it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs, io};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::framer::Framer;
use super::small_file;
use crate::intake::{Intake, RECOVERY};
use crate::model::{Frame, StreamEvent, Timestamp};
use crate::source::{ConnectError, ConnectErrorClass, Connection, Source};
use crate::telemetry::{Observation, Observer, StatusCell, StreamStatus};

/// As far back as servers go (<https://docs.x.com/x-api/fundamentals/recovery-and-redundancy>).
const FARTHEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How often an interval is tried, and how much longer each pause is than the one before.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(60);

/// A stretch of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// Worker that asks for what is owed.
pub(super) struct Recovery {
    /// The name in the lane `events`.
    pub(super) stream: String,
    pub(super) source: Arc<dyn Source>,
    pub(super) intake: Arc<dyn Intake>,
    /// The longest line that is taken whole, in bytes.
    pub(super) max_line: usize,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) status: StatusCell<StreamStatus>,
    /// Where what is owed outlives the process.
    pub(super) file: Option<PathBuf>,
    pub(super) asked: mpsc::UnboundedReceiver<Interval>,
}

/// Why an interval did not come.
struct Failed {
    detail: String,
    /// Whether it makes sense to try again.
    may_pass: bool,
}

impl Interval {
    /// The part of `from..to` that a server may still have, if there is any and `source` can ask for it.
    pub(super) fn within_reach(from: Timestamp, to: Timestamp, source: &dyn Source) -> Option<Self> {
        let from = from.max(to.minus(FARTHEST));
        let interval = Self { from, to };
        (from < to && source.recover(from, to).is_some()).then_some(interval)
    }

    fn length(self) -> Duration {
        self.to.since(self.from)
    }

    /// Reads what its `Display` writes.
    fn read(line: &str) -> Option<Self> {
        let (from, to) = line.split_once(' ')?;
        let micros = |text: &str| text.parse().ok().map(Timestamp::from_micros);
        Some(Self {
            from: micros(from)?,
            to: micros(to)?,
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.from.micros(), self.to.micros())
    }
}

impl Recovery {
    /// Works for ever. Dropping it closes what is open; what is not whole stays owed.
    pub(super) async fn run(mut self) {
        let mut owed = self.owed().await;
        loop {
            while let Ok(interval) = self.asked.try_recv() {
                owed.push_back(interval);
            }
            self.note(&owed).await;
            let Some(interval) = owed.front().copied() else {
                match self.asked.recv().await {
                    Some(interval) => owed.push_back(interval),
                    None => return,
                }
                continue;
            };
            let outcome = self.insist(interval).await;
            owed.pop_front();
            self.tell(interval, outcome);
        }
    }

    /// Tries until it comes whole, or it makes no sense any more; gives how many messages came.
    async fn insist(&self, interval: Interval) -> Result<u64, String> {
        let mut tries = 0;
        loop {
            let Some(connecting) = self.source.recover(interval.from, interval.to) else {
                return Err("this stream cannot be asked for the past".to_owned());
            };
            tries += 1;
            match self.fetch(connecting).await {
                Ok(messages) => return Ok(messages),
                Err(Failed { detail, may_pass }) if !may_pass || tries == TRIES => return Err(detail),
                Err(Failed { detail, .. }) => {
                    tracing::info!(detail, tries, "a recovery has failed, and is tried again");
                    tokio::time::sleep(PAUSE * tries).await;
                }
            }
        }
    }

    /// One connection, to its clean end: the server closes it when all has come.
    async fn fetch(
        &self,
        connecting: BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>>,
    ) -> Result<u64, Failed> {
        let mut connection = connecting.await.map_err(|error| Failed {
            may_pass: !matches!(
                error.class,
                ConnectErrorClass::Refused | ConnectErrorClass::Certificate
            ),
            detail: error.detail,
        })?;
        let mut framer = Framer::new(connection.framing(), self.max_line);
        let (mut frames, mut messages) = (Vec::new(), 0);
        loop {
            let chunk = connection.chunk().await.map_err(|error| Failed {
                detail: error.to_string(),
                may_pass: true,
            })?;
            let Some(chunk) = chunk else {
                return Ok(messages);
            };
            self.observer.on(Observation::Bytes(chunk.len() as u64));
            framer.feed(&chunk, &mut frames);
            frames.retain(|frame| *frame != Frame::KeepAlive);
            if frames.is_empty() {
                continue;
            }
            messages += frames.len() as u64;
            self.pass_on(std::mem::take(&mut frames)).await;
        }
    }

    /// Unlike the live stream, the past can wait for the journal.
    async fn pass_on(&self, frames: Vec<Frame>) {
        for frame in &frames {
            self.observer.on(Observation::Frame(frame.kind()));
        }
        let lines = frames.len() as u64;
        // Not now: a restart would take it for a sign of the live stream.
        let seen = self.status.update(|status| {
            status.received += lines;
            status.waiting += lines;
            status.last_byte
        });
        self.intake
            .frames(RECOVERY, seen.unwrap_or_else(Timestamp::now), frames);
        if self.intake.is_full() {
            self.intake.has_room().await;
        }
    }

    fn tell(&self, interval: Interval, outcome: Result<u64, String>) {
        let Interval { from, to } = interval;
        let (messages, detail) = match outcome {
            Ok(messages) => {
                tracing::info!(%from, %to, messages, "what was missed has come");
                (Some(messages), None)
            }
            Err(detail) => {
                tracing::warn!(%from, %to, detail, "what was missed does not come");
                (None, Some(detail))
            }
        };
        let (length, whole) = (interval.length(), messages.is_some());
        let filled = if whole { length } else { Duration::ZERO };
        self.observer.on(Observation::Gap { length, filled });
        let seen = self.status.update(|status| {
            status.recovered(from, to, whole);
            status.last_byte
        });
        let event = StreamEvent::Recovered {
            stream: &self.stream,
            at: Timestamp::now(),
            from,
            to,
            whole,
            messages,
            detail: detail.as_deref(),
        };
        self.intake.event(&event, seen.unwrap_or_else(Timestamp::now));
    }

    async fn owed(&self) -> VecDeque<Interval> {
        let Some(file) = self.file.clone() else {
            return VecDeque::new();
        };
        // Missing at the first start.
        let read = tokio::task::spawn_blocking(move || fs::read_to_string(file)).await;
        let text = read.ok().and_then(Result::ok).unwrap_or_default();
        text.lines().filter_map(Interval::read).collect()
    }

    /// Off the reader's thread, which this one shares.
    async fn note(&self, owed: &VecDeque<Interval>) {
        let Some(file) = self.file.clone() else {
            return;
        };
        let text: String = owed.iter().map(|interval| format!("{interval}\n")).collect();
        let written = tokio::task::spawn_blocking(move || small_file::replace(&file, &text)).await;
        if let Err(error) = written.unwrap_or_else(|error| Err(io::Error::other(error))) {
            tracing::error!(%error, "what is to be recovered cannot be noted: a restart would forget it");
        }
    }
}
