//! The daemon's intake: the queue in front of the journal, and the journal's quota.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::queue::{IngestQueue, Item};
use super::quota::JournalQuota;
use crate::intake::Intake;
use crate::model::{Frame, StreamEvent, Timestamp};

/// How often a full journal is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Intake that journals what it is given.
pub(crate) struct JournalIntake {
    pub(crate) queue: Arc<IngestQueue>,
    /// Whether there is room for a stream that was closed for want of it.
    pub(crate) quota: JournalQuota,
}

impl Intake for JournalIntake {
    fn frames(&self, connection: u64, received_at: Timestamp, frames: Vec<Frame>) {
        self.queue.put(Item::Frames {
            connection,
            received_at,
            frames,
        });
    }

    fn event(&self, event: &StreamEvent<'_>, seen: Timestamp) {
        self.queue.put(Item::Event(event.to_json(), Some(seen)));
    }

    fn is_full(&self) -> bool {
        self.queue.is_full()
    }

    fn is_easy(&self) -> bool {
        self.queue.is_easy()
    }

    fn has_room(&self) -> BoxFuture<'_, ()> {
        self.queue.has_room().boxed()
    }

    fn has_ample_room(&self) -> BoxFuture<'_, ()> {
        async {
            self.queue.emptied().await;
            while !self.quota.is_ample() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        .boxed()
    }

    fn looked_through(&self) -> BoxFuture<'_, ()> {
        async {
            let (reached, seen) = oneshot::channel();
            self.queue.put(Item::Mark(reached));
            // Never, if ingest has ended: what is known serves.
            let _ = seen.await;
        }
        .boxed()
    }
}
