//! The newest messages, split, in memory: what every lane reads as long as it keeps up. A lane that has nothing to do rests
//! on its seat here, and is moved along with the end until something for it comes.

use std::collections::VecDeque;
use std::sync::Arc;

use journal::{Cursor, Journal};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::chain::Chain;
use super::item::Item;
use super::message::Message;
use crate::model::{Lane, LaneSet, PerLane};

/// How many bytes of messages a lane takes from memory at a time: what it holds apart from these, it holds alone.
const READ_BYTES: usize = 64 << 10;

/// The newest part of the journal in memory, bounded in bytes. What falls out of it is still in the journal.
pub(crate) struct Tail {
    limit: usize,
    held: Mutex<Held>,
}

struct Held {
    messages: VecDeque<Arc<Message>>,
    /// The position after the newest message.
    end: u64,
    /// Every lane's last record before that.
    chain: Chain,
    bytes: usize,
    seats: Vec<Seated>,
}

struct Seated {
    lane: Lane,
    wake: Arc<Notify>,
    resting: Option<Resting>,
}

struct Resting {
    name: Arc<str>,
    cursor: Cursor,
    /// Whether the journal has not been told where it stands.
    moved: bool,
    /// Whether something for the lane has come: it stays where it is until it rises.
    meant: bool,
}

/// One lane's seat.
pub(crate) struct Seat {
    tail: Arc<Tail>,
    at: usize,
    lane: Lane,
    wake: Arc<Notify>,
}

/// Cache hit, miss, or nothing new yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// The lane's messages before this position were taken.
    Upto(u64),
    /// The position is the newest: wait.
    CaughtUp,
    /// The position has fallen out of memory: the journal has it.
    Behind,
}

/// What has passed since a position.
pub(crate) struct Passed {
    pub(crate) messages: Vec<Arc<Message>>,
    /// Everything before this was looked at.
    pub(crate) upto: u64,
    /// Messages that had fallen out of memory before they were looked at.
    pub(crate) missed: u64,
}

impl Tail {
    /// An empty tail behind the position `end` and `chain`, that holds about `limit` bytes.
    pub(crate) fn new(end: u64, chain: Chain, limit: usize) -> Self {
        Self {
            limit,
            held: Mutex::new(Held {
                messages: VecDeque::new(),
                end,
                chain,
                bytes: 0,
                seats: Vec::new(),
            }),
        }
    }

    /// A seat for one `lane` of one sink.
    pub(crate) fn seat(self: &Arc<Self>, lane: Lane) -> Seat {
        let (wake, mut held) = (Arc::new(Notify::new()), self.held.lock());
        held.seats.push(Seated {
            lane,
            wake: wake.clone(),
            resting: None,
        });
        Seat {
            tail: self.clone(),
            at: held.seats.len() - 1,
            lane,
            wake,
        }
    }

    /// Adds messages that are in the journal up to `end`, behind which stands `chain`, and wakes the lanes that they go to. The
    /// others, if they rest, move along.
    pub(crate) fn push(&self, messages: Vec<Message>, chain: &Chain, end: u64) {
        // Made before and dropped after the lock is held: every lane waits for it.
        let messages: Vec<_> = messages.into_iter().map(Arc::new).collect();
        let mut gone = Vec::new();
        let mut lanes = LaneSet::default();
        let mut held = self.held.lock();
        for message in messages {
            lanes = lanes.union(message.lanes);
            held.bytes += message.weight();
            held.messages.push_back(message);
        }
        held.end = end;
        held.chain = chain.clone();
        for seat in &mut held.seats {
            let meant = lanes.contains(seat.lane);
            if meant {
                seat.wake.notify_one();
            }
            if let Some(resting) = &mut seat.resting {
                resting.meant |= meant;
                if !resting.meant {
                    resting.cursor.position = resting.cursor.position.max(end);
                    resting.moved = true;
                }
            }
        }
        while held.bytes > self.limit
            && let Some(oldest) = held.messages.pop_front()
        {
            held.bytes -= oldest.weight();
            gone.push(oldest);
        }
        drop(held);
    }

    /// Tells the journal how far the lanes that rest have been moved along.
    pub(crate) fn tell_cursors(&self, journal: &Journal) {
        let mut held = self.held.lock();
        let resting = held.seats.iter_mut().filter_map(|seat| seat.resting.as_mut());
        let moved = resting.filter_map(|resting| {
            std::mem::take(&mut resting.moved).then_some((&*resting.name, resting.cursor))
        });
        journal.set_cursors(moved);
    }

    /// What of that which has passed since `position` is `wanted`, about `most` bytes of it. Who comes too late goes on at the
    /// end: nobody waits for him.
    pub(crate) fn passed(&self, position: u64, most: usize, wanted: impl Fn(&Message) -> bool) -> Passed {
        let held = self.held.lock();
        let oldest = held
            .messages
            .front()
            .map_or(held.end, |message| message.place.seq);
        let Some(start) = position.checked_sub(oldest) else {
            return Passed {
                messages: Vec::new(),
                upto: held.end,
                missed: held.end.saturating_sub(position),
            };
        };
        let (mut messages, mut bytes, mut upto) = (Vec::new(), 0, position);
        for message in held.messages.iter().skip(start as usize) {
            if bytes >= most {
                break;
            }
            upto = message.place.seq + 1;
            if wanted(message) {
                bytes += message.weight();
                messages.push(message.clone());
            }
        }
        Passed {
            messages,
            upto,
            missed: 0,
        }
    }

    /// The position after the newest message.
    pub(crate) fn end(&self) -> u64 {
        self.held.lock().end
    }

    /// The chain before `end`, if that is the end.
    pub(super) fn chain_before(&self, end: u64) -> Option<Chain> {
        let held = self.held.lock();
        (held.end == end).then(|| held.chain.clone())
    }

    /// How many records each lane has had, since the journal's folder began.
    pub(crate) fn counts(&self) -> PerLane<u64> {
        let (mut counts, held) = (PerLane::default(), self.held.lock());
        for lane in Lane::ALL {
            counts[lane] = held.chain.of(lane).count;
        }
        counts
    }
}

impl Seat {
    /// Whose seat it is.
    pub(crate) fn lane(&self) -> Lane {
        self.lane
    }

    /// The position after the newest message.
    pub(crate) fn end(&self) -> u64 {
        self.tail.end()
    }

    /// Takes the lane's messages from `position` on, some 64 KiB of them at most.
    pub(super) fn read(&self, position: u64, into: &mut VecDeque<Item>) -> Looked {
        let held = self.tail.held.lock();
        if position >= held.end {
            return Looked::CaughtUp;
        }
        let oldest = held.messages.front().map(|message| message.place.seq);
        let Some(start) = oldest.and_then(|oldest| position.checked_sub(oldest)) else {
            return Looked::Behind;
        };
        let (mut bytes, mut upto) = (0, position);
        for message in held.messages.range(start as usize..) {
            if bytes >= READ_BYTES {
                break;
            }
            upto = message.place.seq + 1;
            if message.lanes.contains(self.lane) {
                bytes += message.weight();
                into.push_back(Item::Message(message.clone()));
            }
        }
        Looked::Upto(upto)
    }

    /// Rests with `cursor`, which is called `name`; `false` if there is something new behind it.
    pub(super) fn rest(&self, name: Arc<str>, cursor: Cursor) -> bool {
        let mut held = self.tail.held.lock();
        let caught_up = cursor.position >= held.end;
        if caught_up {
            held.seats[self.at].resting = Some(Resting {
                name,
                cursor,
                moved: false,
                meant: false,
            });
        }
        caught_up
    }

    /// Rests no more; gives the position that it was moved along to, if it did rest.
    pub(super) fn rise(&self) -> Option<u64> {
        let resting = self.tail.held.lock().seats[self.at].resting.take()?;
        Some(resting.cursor.position)
    }

    /// Waits until something for the lane has come since the last time.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::log::chain::Link;
    use crate::log::message::Part;
    use crate::model::{Place, Span, Timestamp, Value};

    pub(in crate::log) fn message(seq: u64, lane: Lane) -> Message {
        Message {
            place: Place { epoch: 1, seq },
            received_at: Timestamp::default(),
            lanes: [lane].into_iter().collect(),
            key: None,
            repeat: false,
            payload: vec![b'x'; 1_000].into(),
            parts: Box::new([Part {
                lane,
                value: Value::Verbatim(Span::at(0, 9)),
                before: Link::default(),
            }]),
        }
    }

    fn push(tail: &Tail, seqs: std::ops::Range<u64>) {
        let messages = seqs.clone().map(|seq| message(seq, Lane::Tweets)).collect();
        tail.push(messages, &Chain::default(), seqs.end);
    }

    fn seqs(seat: &Seat, position: u64) -> (Looked, Vec<u64>) {
        let mut items = VecDeque::new();
        let looked = seat.read(position, &mut items);
        let seqs = items.iter().map(|item| match item {
            Item::Message(message) => message.place.seq,
            Item::Lost(_) => panic!("nothing is lost in memory"),
        });
        (looked, seqs.collect())
    }

    #[test]
    fn it_forgets_the_oldest_and_says_so() {
        let limit = 5 * message(0, Lane::Tweets).weight();
        let tail = Arc::new(Tail::new(10, Chain::default(), limit));
        let (tweets, errors) = (tail.seat(Lane::Tweets), tail.seat(Lane::Errors));
        assert_eq!(seqs(&tweets, 10), (Looked::CaughtUp, vec![]));
        assert_eq!(seqs(&tweets, 9), (Looked::Behind, vec![]));
        push(&tail, 10..14);
        assert_eq!(seqs(&tweets, 12), (Looked::Upto(14), vec![12, 13]));
        push(&tail, 14..18);
        assert_eq!(seqs(&tweets, 12), (Looked::Behind, vec![]));
        assert_eq!(seqs(&tweets, 13), (Looked::Upto(18), vec![13, 14, 15, 16, 17]));
        assert_eq!(seqs(&tweets, 18), (Looked::CaughtUp, vec![]));
        assert_eq!(seqs(&errors, 14), (Looked::Upto(18), vec![]));
    }

    #[test]
    fn who_only_looks_goes_on_at_the_end_when_he_is_late() {
        let tail = Tail::new(10, Chain::default(), 5 * message(0, Lane::Tweets).weight());
        let seqs = |position, most| {
            let passed = tail.passed(position, most, |message| message.place.seq != 12);
            let seqs = passed.messages.iter().map(|message| message.place.seq);
            (seqs.collect::<Vec<_>>(), passed.upto, passed.missed)
        };
        assert_eq!(seqs(10, usize::MAX), (vec![], 10, 0));
        push(&tail, 10..14);
        assert_eq!(seqs(10, usize::MAX), (vec![10, 11, 13], 14, 0));
        assert_eq!(seqs(10, 1), (vec![10], 11, 0));
        assert_eq!(seqs(14, usize::MAX), (vec![], 14, 0));
        push(&tail, 14..30);
        assert_eq!(seqs(14, usize::MAX), (vec![], 30, 16));
        assert_eq!(seqs(30, usize::MAX), (vec![], 30, 0));
    }

    #[test]
    fn a_lane_takes_some_and_not_all() {
        let tail = Arc::new(Tail::new(0, Chain::default(), 16 << 20));
        let tweets = tail.seat(Lane::Tweets);
        push(&tail, 0..10_000);
        let (Looked::Upto(upto), taken) = seqs(&tweets, 0) else {
            panic!("in memory")
        };
        assert!(taken.len() < 100 && upto == taken.len() as u64, "{upto}");
    }

    #[test]
    fn who_rests_is_moved_along_and_who_is_meant_is_woken() {
        let dir = tempfile::tempdir().unwrap();
        let (mut appender, journal) = journal::open(journal::Settings::new(dir.path())).unwrap();
        let entry = journal::Entry {
            head: b"",
            body: b"x",
        };
        appender.append(&[entry; 9]).unwrap();
        let tail = Arc::new(Tail::new(3, Chain::default(), 1 << 20));
        let (tweets, errors) = (tail.seat(Lane::Tweets), tail.seat(Lane::Errors));
        assert!(!errors.rest("s/errors".into(), Cursor::at(2)), "not caught up");
        assert!(tweets.rest("s/tweets".into(), Cursor::at(3)));
        assert!(errors.rest("s/errors".into(), Cursor::at(3)));
        push(&tail, 3..5);
        // It has not risen yet.
        tail.push(vec![message(5, Lane::Unknown)], &Chain::default(), 9);
        tail.tell_cursors(&journal);
        let position = |name| journal.cursor(name).unwrap().position;
        assert!(journal.cursor("s/tweets").is_none(), "it told the journal itself");
        assert_eq!(position("s/errors"), 9);
        assert_eq!(
            (tweets.rise(), errors.rise(), errors.rise()),
            (Some(3), Some(9), None)
        );
        assert!(futures_util::FutureExt::now_or_never(tweets.woken()).is_some());
        assert!(futures_util::FutureExt::now_or_never(errors.woken()).is_none());
    }
}
