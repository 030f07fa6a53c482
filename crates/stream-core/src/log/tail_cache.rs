//! The newest messages, split, in memory: what every lane reads as long as it keeps up.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::splitter::SplitMessage;
use crate::model::{Lane, LaneSet};

/// The newest part of the journal in memory, bounded in bytes. What falls out of it is still in the journal.
pub(crate) struct TailCache {
    limit: usize,
    held: Mutex<Held>,
    subscribers: Vec<Subscriber>,
}

struct Held {
    messages: VecDeque<Arc<SplitMessage>>,
    /// The position after the newest message.
    end: u64,
    bytes: usize,
}

struct Subscriber {
    lane: Lane,
    wake: Arc<Notify>,
}

/// Cache hit, miss, or nothing new yet.
pub(crate) enum CacheRead {
    /// The lane's messages between the position asked for and this one.
    Upto(u64, Vec<Arc<SplitMessage>>),
    /// The position is the newest: wait.
    CaughtUp,
    /// The position has fallen out of memory: the journal has it.
    Behind,
}

impl TailCache {
    /// An empty cache that starts at position `end` and holds about `limit` bytes.
    pub(crate) fn new(end: u64, limit: usize) -> Self {
        Self {
            limit,
            held: Mutex::new(Held {
                messages: VecDeque::new(),
                end,
                bytes: 0,
            }),
            subscribers: Vec::new(),
        }
    }

    /// A waker that fires when there is something new for `lane`.
    pub(crate) fn subscribe(&mut self, lane: Lane) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        self.subscribers.push(Subscriber {
            lane,
            wake: wake.clone(),
        });
        wake
    }

    /// Adds messages that are in the journal up to `end`, without waking anyone.
    pub(crate) fn push(&self, messages: Vec<SplitMessage>, end: u64) {
        // Made before and dropped after the lock is held: every lane waits for it.
        let messages: Vec<_> = messages.into_iter().map(Arc::new).collect();
        let mut gone = Vec::new();
        let mut held = self.held.lock();
        for message in messages {
            held.bytes += message.weight();
            held.messages.push_back(message);
        }
        held.end = end;
        while held.bytes > self.limit
            && let Some(oldest) = held.messages.pop_front()
        {
            held.bytes -= oldest.weight();
            gone.push(oldest);
        }
        drop(held);
    }

    /// Wakes the subscribers of `lanes`.
    pub(crate) fn wake(&self, lanes: LaneSet) {
        for subscriber in self
            .subscribers
            .iter()
            .filter(|subscriber| lanes.contains(subscriber.lane))
        {
            subscriber.wake.notify_one();
        }
    }

    /// The position after the newest message.
    pub(crate) fn end(&self) -> u64 {
        self.held.lock().end
    }

    /// What `lane` gets of up to `most` messages from `position` on.
    pub(crate) fn read(&self, position: u64, lane: Lane, most: usize) -> CacheRead {
        let held = self.held.lock();
        if position >= held.end {
            return CacheRead::CaughtUp;
        }
        if held
            .messages
            .front()
            .is_none_or(|oldest| position < oldest.place.seq)
        {
            return CacheRead::Behind;
        }
        let start = held
            .messages
            .partition_point(|message| message.place.seq < position);
        let read = held.messages.range(start..).take(most);
        let upto = position + read.len() as u64;
        let ours = read.filter(|message| message.lanes.contains(lane)).cloned();
        CacheRead::Upto(upto, ours.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Place, Timestamp};
    use crate::source::Split;

    fn message(seq: u64) -> SplitMessage {
        SplitMessage {
            place: Place { epoch: 1, seq },
            received_at: Timestamp::default(),
            lanes: [Lane::Tweets].into_iter().collect(),
            payload: vec![b'x'; 1_000].into(),
            split: Split::new("post"),
        }
    }

    fn seqs(found: CacheRead) -> Option<Vec<u64>> {
        match found {
            CacheRead::Upto(_, messages) => Some(messages.iter().map(|message| message.place.seq).collect()),
            CacheRead::CaughtUp => Some(vec![]),
            CacheRead::Behind => None,
        }
    }

    #[test]
    fn it_forgets_the_oldest_and_says_so() {
        let cache = TailCache::new(10, 5 * message(0).weight());
        assert_eq!(seqs(cache.read(10, Lane::Tweets, 9)), Some(vec![]));
        assert_eq!(seqs(cache.read(9, Lane::Tweets, 9)), None);
        cache.push((10..14).map(message).collect(), 14);
        assert_eq!(seqs(cache.read(10, Lane::Tweets, 2)), Some(vec![10, 11]));
        cache.push((14..18).map(message).collect(), 18);
        assert_eq!(seqs(cache.read(12, Lane::Tweets, 9)), None);
        assert_eq!(
            seqs(cache.read(13, Lane::Tweets, 9)),
            Some(vec![13, 14, 15, 16, 17])
        );
        assert_eq!(seqs(cache.read(18, Lane::Tweets, 9)), Some(vec![]));
        let CacheRead::Upto(upto, messages) = cache.read(14, Lane::Errors, 3) else {
            panic!("not in memory")
        };
        assert_eq!((upto, messages.len()), (17, 0));
    }
}
