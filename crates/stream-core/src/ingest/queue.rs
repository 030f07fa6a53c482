//! The queue in front of the journal, bounded in bytes: frames from the reader, events from the supervisor, dead letters
//! from the lanes. Putting something in never waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::{Notify, oneshot};

use crate::model::{Frame, Timestamp};

/// What waits to be journaled.
#[derive(Debug)]
pub(crate) enum Item {
    /// Frames read at once from one connection, without keep-alives.
    Frames {
        /// The connection's number, to tell a late disconnect from a current one.
        connection: u64,
        /// When their last byte was read.
        received_at: Timestamp,
        /// In the order of the stream.
        frames: Vec<Frame>,
    },
    /// JSON for the lane `events`, and until when the stream was seen when it was written, if it is news of that: after a
    /// restart, the gap begins there.
    Event(Bytes, Option<Timestamp>),
    /// JSON for the lane `dead_letter`; the sender is told once it is journaled.
    DeadLetter(Bytes, oneshot::Sender<()>),
    /// A place in the queue; the sender is told once what stands before it has been split.
    Mark(oneshot::Sender<()>),
}

impl Item {
    fn weight(&self) -> usize {
        match self {
            Self::Frames { frames, .. } => frames.iter().map(|frame| size_of::<Frame>() + held(frame)).sum(),
            Self::Event(json, _) | Self::DeadLetter(json, _) => json.len(),
            Self::Mark(_) => 0,
        }
    }

    fn messages(&self) -> u64 {
        match self {
            Self::Frames { frames, .. } => frames.len() as u64,
            Self::Event(..) | Self::DeadLetter(..) | Self::Mark(_) => 0,
        }
    }
}

/// The bytes of the stream that a frame holds; lines of one byte each weigh more by the frame itself.
fn held(frame: &Frame) -> usize {
    match frame {
        Frame::KeepAlive => 0,
        Frame::Message(line) => line.len(),
        Frame::Oversize(line) => line.head.len(),
    }
}

/// Bounded queue between reader and writer; what bounds it is bytes.
#[derive(Debug)]
pub(crate) struct IngestQueue {
    limit: usize,
    state: Mutex<QueueState>,
    filled: Condvar,
    /// Rings whenever something has been journaled.
    done: Notify,
}

#[derive(Debug, Default)]
struct QueueState {
    items: VecDeque<Item>,
    bytes: usize,
    /// Set once the end is announced: until when the journal may still be tried.
    closed: Option<Instant>,
}

impl IngestQueue {
    /// An empty queue for about `limit` bytes. What was read in one go is taken whole, so one chunk may go over it.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            filled: Condvar::new(),
            done: Notify::new(),
        }
    }

    /// Puts `item` in, even if the queue is full: the producers look at [`is_full`](Self::is_full) first, except those whose
    /// items are few and small.
    pub(crate) fn put(&self, item: Item) {
        let mut state = self.lock();
        state.bytes += item.weight();
        state.items.push_back(item);
        self.filled.notify_one();
    }

    /// Whether nothing more should be read for it.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().bytes >= self.limit
    }

    /// Whether the disk has caught up: at most half of the queue is in use.
    pub(crate) fn is_easy(&self) -> bool {
        self.lock().bytes <= self.limit / 2
    }

    /// Waits until the queue takes more. Cancel safe.
    pub(crate) async fn has_room(&self) {
        self.until(|bytes| bytes < self.limit).await;
    }

    /// Waits until what was in the queue has been journaled. Cancel safe.
    pub(crate) async fn emptied(&self) {
        self.until(|bytes| bytes == 0).await;
    }

    async fn until(&self, enough: impl Fn(usize) -> bool) {
        loop {
            let done = self.done.notified();
            if enough(self.lock().bytes) {
                return;
            }
            done.await;
        }
    }

    /// Announces the end: nothing more is put in, and [`next`](Self::next) ends when all has been taken, which may take
    /// until `deadline`.
    pub(crate) fn close(&self, deadline: Instant) {
        self.lock().closed = Some(deadline);
        self.filled.notify_all();
    }

    /// Whether the end was announced and its deadline is over.
    pub(crate) fn has_expired(&self) -> bool {
        self.lock()
            .closed
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Waits for items, at most for `patience`, and takes them, up to about `most` bytes; `None` at the end. What was taken
    /// counts as waiting until [`done`](Self::done).
    pub(crate) fn next(&self, most: usize, patience: Duration) -> Option<Vec<Item>> {
        let idle = |state: &mut QueueState| state.items.is_empty() && state.closed.is_none();
        let mut state = self.lock();
        self.filled.wait_while_for(&mut state, idle, patience);
        if state.items.is_empty() && state.closed.is_some() {
            return None;
        }
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while bytes < most
            && let Some(item) = state.items.pop_front()
        {
            bytes += item.weight();
            taken.push(item);
        }
        Some(taken)
    }

    /// Takes the dead letters out from between the rest; `None` if there are none. They, too, count as waiting until
    /// [`done`](Self::done).
    pub(crate) fn dead_letters(&self) -> Option<Vec<Item>> {
        let mut state = self.lock();
        let (letters, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut state.items)
            .into_iter()
            .partition(|item| matches!(item, Item::DeadLetter(..)));
        state.items = rest.into();
        (!letters.is_empty()).then_some(letters)
    }

    /// How much [`done`](Self::done) must be told once `items` are journaled, in bytes.
    pub(crate) fn weight(items: &[Item]) -> usize {
        items.iter().map(Item::weight).sum()
    }

    /// `bytes` of what was taken are journaled.
    pub(crate) fn done(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.done.notify_waiters();
    }

    /// Gives up what still waits, and says how many messages that were.
    pub(crate) fn abandon(&self) -> u64 {
        self.lock().items.drain(..).map(|item| item.messages()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: usize) -> Item {
        Item::Event(vec![b'x'; bytes].into(), None)
    }

    #[test]
    fn lines_of_one_byte_weigh_what_they_take() {
        let queue = IngestQueue::new(1 << 20);
        let frames = vec![Frame::Message(Bytes::from_static(b"x")); 1 << 15];
        queue.put(Item::Frames {
            connection: 1,
            received_at: Timestamp::default(),
            frames,
        });
        assert!(queue.is_full());
    }

    #[tokio::test]
    async fn what_was_taken_counts_until_it_is_done() {
        let queue = IngestQueue::new(100);
        queue.put(item(60));
        assert!(!queue.is_full());
        queue.put(item(60));
        assert!(queue.is_full());
        let taken = queue.next(1, Duration::ZERO).unwrap();
        assert_eq!((taken.len(), queue.is_full()), (1, true));
        queue.done(IngestQueue::weight(&taken));
        assert!(!queue.is_full());
        let taken = queue.next(1_000, Duration::ZERO).unwrap();
        queue.close(Instant::now());
        assert!(queue.has_expired());
        assert!(queue.next(1, Duration::MAX).is_none());
        let waiting = tokio::time::timeout(Duration::from_millis(10), queue.emptied());
        assert!(waiting.await.is_err());
        queue.done(IngestQueue::weight(&taken));
        queue.emptied().await;
    }
}
