//! The messages from a position on, for one lane: from memory, or from the journal if the lane lags.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use journal::{Journal, Reader};
use tokio::sync::Notify;

use super::entry::{ForeignEntry, Head};
use super::splitter::{SplitMessage, Splitter};
use super::tail_cache::{CacheRead, TailCache};
use crate::model::{Lane, Timestamp};

/// How many messages are taken from memory at a time.
const BATCH: usize = 512;
/// How many bytes are read from the journal at a time.
const READ_BYTES: usize = 256 * 1024;
/// How long a lane that has been overlooked by every wake-up sleeps.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// One lane's place in the sequence of messages.
pub(crate) struct LaneReader {
    cache: Arc<TailCache>,
    journal: Journal,
    splitter: Arc<Splitter>,
    lane: Lane,
    wake: Arc<Notify>,
    reader: Option<Reader>,
    ready: VecDeque<Arc<SplitMessage>>,
    /// The position after the last message that was looked at for `ready`.
    upto: u64,
    position: u64,
}

/// Why the journal could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaneReadError {
    /// The disk: the messages are still there.
    #[error("the journal cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The contents: our own state is not what we wrote, which stops the process.
    #[error(transparent)]
    Foreign(#[from] ForeignEntry),
}

impl LaneReader {
    /// A reader that starts at the oldest message that the journal holds; `wake` is the cache's waker for its lane.
    pub(crate) fn new(
        cache: Arc<TailCache>,
        journal: Journal,
        splitter: Arc<Splitter>,
        lane: Lane,
        wake: Arc<Notify>,
    ) -> Self {
        let position = journal.start();
        Self {
            cache,
            journal,
            splitter,
            lane,
            wake,
            reader: None,
            ready: VecDeque::new(),
            upto: position,
            position,
        }
    }

    /// The position after the last message taken, and after those that the lane gets nothing of.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Goes back (or ahead) to `position`.
    pub(crate) fn seek(&mut self, position: u64) {
        self.position = position;
        self.ready.clear();
        self.reader = None;
    }

    /// Whether everything in the journal was taken.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.ready.is_empty() && self.position >= self.cache.end()
    }

    /// Waits until [`take`](Self::take) has something, or the position has moved past messages of other lanes. Cancel safe.
    pub(crate) async fn ready(&mut self) -> Result<(), LaneReadError> {
        while !self.fill()? {
            // Woken or not: look again.
            let _ = tokio::time::timeout(LONGEST_SLEEP, self.wake.notified()).await;
        }
        Ok(())
    }

    /// The next message, if [`ready`](Self::ready) has found one.
    pub(crate) fn take(&mut self) -> Option<Arc<SplitMessage>> {
        let message = self.ready.pop_front()?;
        self.position = if self.ready.is_empty() {
            self.upto
        } else {
            message.place.seq + 1
        };
        Some(message)
    }

    /// When the next message was received, as far as that can be said at once.
    pub(crate) fn next_received_at(&mut self) -> Option<Timestamp> {
        // What cannot be read now is complained of by `ready`.
        let _ = self.fill();
        Some(self.ready.front()?.received_at)
    }

    /// Looks for more, without waiting; `false` if there is nothing yet.
    fn fill(&mut self) -> Result<bool, LaneReadError> {
        if !self.ready.is_empty() {
            return Ok(true);
        }
        self.upto = match self.cache.read(self.position, self.lane, BATCH) {
            CacheRead::CaughtUp => return Ok(false),
            CacheRead::Upto(upto, messages) => {
                self.reader = None;
                self.ready.extend(messages);
                upto
            }
            CacheRead::Behind => self.read_journal()?,
        };
        if self.ready.is_empty() {
            self.position = self.upto;
        }
        Ok(true)
    }

    /// Reads on in the journal, and gives the position after what was read.
    fn read_journal(&mut self) -> Result<u64, LaneReadError> {
        // Asked before reading: what is appended meanwhile is not damaged, and must not be skipped.
        let end = self.cache.end();
        let reader = self
            .reader
            .get_or_insert_with(|| self.journal.read_from(self.position));
        // Reading the page cache and splitting take about a millisecond: too long for a runtime's worker.
        let batch = tokio::task::block_in_place(|| reader.next_batch(READ_BYTES))?;
        // If there is nothing, all that was left is damaged.
        let upto = batch.last().map_or(end, |(seq, _)| seq + 1);
        for (seq, bytes) in batch {
            let (head, payload) = Head::decode(seq, bytes)?;
            if head.lanes.contains(self.lane) {
                let (payload, split) = self.splitter.split(head.kind, head.received_at, payload);
                self.ready
                    .push_back(Arc::new(self.splitter.route(seq, head, payload, split)));
            }
        }
        Ok(upto)
    }
}
