//! Intake: what the supervisor asks of whoever wants the stream. The daemon's is the queue in front of the journal
//! (`ingest`); the library `birdfeed` has one in memory.

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::model::{Frame, StreamEvent, Timestamp};
use crate::source::{Split, Verdict};

/// The number of all connections that bring the past: nothing that they say concerns the live one.
pub(crate) const RECOVERY: u64 = 0;

/// Taker of all that comes of a stream. Giving it something never waits; it is asked for room afterwards.
pub trait Intake: Send + Sync + 'static {
    /// Takes frames that connection number `connection` brought at once, in the order of the stream; their last byte was read
    /// at `received_at`. It may be full, and takes them whole all the same.
    fn frames(&self, connection: u64, received_at: Timestamp, frames: Vec<Frame>);

    /// Whether it wants keep-alives among its frames.
    fn wants_keep_alives(&self) -> bool {
        false
    }

    /// Takes `event`; the stream was seen until `seen` when it happened.
    fn event(&self, event: &StreamEvent<'_>, seen: Timestamp);

    /// Whether nothing more should be read for it.
    fn is_full(&self) -> bool;

    /// Whether what takes from it has caught up.
    fn is_easy(&self) -> bool;

    /// Waits until it takes more. Cancel safe.
    fn has_room(&self) -> BoxFuture<'_, ()>;

    /// Waits until a stream is worth opening that was closed for want of room. Cancel safe.
    fn has_ample_room(&self) -> BoxFuture<'_, ()>;

    /// Waits until all frames taken so far have been shown to the [`Finder`], or never will be. Cancel safe.
    fn looked_through(&self) -> BoxFuture<'_, ()>;
}

/// Verdict on one connection, from its messages so far.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Findings {
    /// The connection's number.
    pub(crate) connection: u64,
    /// Whether a message has shown that it is the stream.
    pub(crate) proven: bool,
    /// What the server said when it ended the stream, if it did.
    pub(crate) verdict: Verdict,
}

/// Writer of findings: what messages say of their connection is read by the one who splits them, and matters to the reader,
/// which parses nothing.
#[derive(Debug)]
pub struct Finder {
    tell: watch::Sender<Findings>,
    /// What was told: most messages say nothing new.
    told: Findings,
}

impl Finder {
    /// A finder, and what it finds.
    pub fn new() -> (Self, watch::Receiver<Findings>) {
        let told = Findings::default();
        let (tell, found) = watch::channel(told.clone());
        (Self { tell, told }, found)
    }

    /// Looks at a message that connection number `connection` brought.
    pub fn look(&mut self, connection: u64, split: &Split) {
        let current = self.told.connection == connection;
        let proven = split.is_proof();
        let news = !current || split.verdict != Verdict::Continue || (proven && !self.told.proven);
        if news {
            let before = if current {
                std::mem::take(&mut self.told)
            } else {
                Findings::default()
            };
            self.told = Findings {
                connection,
                proven: before.proven || proven,
                // The first word counts.
                verdict: match before.verdict {
                    Verdict::Continue => split.verdict.clone(),
                    said => said,
                },
            };
            self.tell.send_replace(self.told.clone());
        }
    }
}
