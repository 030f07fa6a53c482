//! One open stream to frames to the queue. Parses nothing, and waits for the socket; for the queue only while it is full, and
//! not for long.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::framer::Framer;
use crate::ingest::{IngestQueue, Item, ServerDisconnect};
use crate::model::{DisconnectReason, DropReason, Frame, Timestamp};
use crate::source::{Connection, ReadError};
use crate::telemetry::{Observation, Observer, StatusCell, StreamStatus};

/// Liveness: how long a line may stay unfinished while bytes keep coming.
const LINE_DEADLINE: Duration = Duration::from_secs(60);
/// Backpressure: how long the socket may go unread while the journal works off what waits in memory. X hangs up on slow
/// readers too, but not for seconds.
const BACKPRESSURE: Duration = Duration::from_secs(5);

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
    pub(crate) queue: Arc<IngestQueue>,
    /// What to do when it is full.
    pub(crate) when_full: WhenFull,
    /// The longest line that is taken whole, in bytes.
    pub(crate) max_line: usize,
    /// The server's disconnects, which ingest finds in messages.
    pub(crate) disconnects: mpsc::UnboundedReceiver<ServerDisconnect>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: StatusCell<StreamStatus>,
}

/// How a connection ended.
pub(super) struct Ending {
    pub(super) reason: DisconnectReason,
    /// In words; the peer's own if it said any.
    pub(super) detail: String,
}

/// The lines of one connection.
struct Lines {
    connection: u64,
    framer: Framer,
    /// When the line began that is unfinished.
    began: Instant,
}

impl Ending {
    fn new(reason: DisconnectReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl StreamReader {
    /// Reads connection number `number` until it ends, and says how it did.
    pub(super) async fn read(&mut self, number: u64, connection: &mut dyn Connection) -> Ending {
        let mut lines = Lines {
            connection: number,
            framer: Framer::new(self.max_line),
            began: Instant::now(),
        };
        let ending = loop {
            let chunk = tokio::select! {
                chunk = connection.chunk() => chunk,
                detail = disconnect(&mut self.disconnects, number) => {
                    break Ending::new(DisconnectReason::Goodbye, detail);
                }
            };
            if let Err(ending) = self.take(chunk, &mut lines).await {
                break ending;
            }
        };
        let bytes = lines.framer.unfinished();
        if bytes > 0 {
            self.observer.on(Observation::HalfLine { bytes });
        }
        ending
    }

    /// Passes on the frames that `chunk` completes; an error says how the connection ends.
    async fn take(&self, chunk: Result<Option<Bytes>, ReadError>, lines: &mut Lines) -> Result<(), Ending> {
        let chunk = match chunk {
            Ok(Some(chunk)) => chunk,
            Ok(None) => {
                return Err(Ending::new(
                    DisconnectReason::CleanEnd,
                    "the server ended the stream",
                ));
            }
            Err(error @ ReadError::Silence(_)) => {
                return Err(Ending::new(DisconnectReason::Silence, error.to_string()));
            }
            Err(error) => return Err(Ending::new(DisconnectReason::Broken, error.to_string())),
        };
        let received_at = Timestamp::now();
        self.observer.on(Observation::Bytes(chunk.len() as u64));
        self.status.update(|status| status.last_byte = Some(received_at));
        let frames = lines.feed(&chunk)?;
        if self.pass_on(lines.connection, frames, received_at).await {
            Ok(())
        } else {
            let detail = "neither disk nor memory takes more";
            Err(Ending::new(DisconnectReason::JournalFull, detail))
        }
    }

    /// Puts frames into the queue; `false` if the stream must be closed because there is no more room.
    async fn pass_on(&self, connection: u64, mut frames: Vec<Frame>, received_at: Timestamp) -> bool {
        frames.retain(|frame| {
            self.observer.on(Observation::Frame(frame.kind()));
            *frame != Frame::KeepAlive
        });
        if frames.is_empty() {
            return true;
        }
        let messages = frames.len() as u64;
        if self.when_full == WhenFull::DropNewest && self.queue.is_full() {
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
        self.queue.put(Item::Frames {
            connection,
            received_at,
            frames,
        });
        self.when_full == WhenFull::DropNewest || self.has_room().await
    }

    async fn has_room(&self) -> bool {
        !self.queue.is_full()
            || tokio::time::timeout(BACKPRESSURE, self.queue.has_room())
                .await
                .is_ok()
    }
}

impl Lines {
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

/// Waits for the server's disconnect of this connection; those of earlier ones come too late to matter.
async fn disconnect(disconnects: &mut mpsc::UnboundedReceiver<ServerDisconnect>, connection: u64) -> String {
    loop {
        match disconnects.recv().await {
            Some(disconnect) if disconnect.connection == connection => return disconnect.detail,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}
