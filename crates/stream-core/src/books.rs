//! One lane's books: which records are in flight, how far the cursor has got, and the counts that must agree. No broker and
//! no waiting in here.

use journal::Journal;

use crate::cursor::{self, LaneCursor};
use crate::feed::Feed;
use crate::lane::Lane;
use crate::record::{Place, Record};
use crate::route::Routed;
use crate::sink::Outcome;
use crate::status::{LaneStatus, Shared};
use crate::time::Timestamp;
use crate::window::{Limits, Settlement, Window};

/// The books. Whatever happens, every message below the cursor is settled, and the cursor never passes one that is not.
pub(crate) struct Books {
    lane: Lane,
    journal: Journal,
    status: Shared<LaneStatus>,
    cursor_name: String,
    cursor: LaneCursor,
    window: Window,
    /// The record handed over last: the next one's `previous`.
    handed_over: Option<Place>,
    /// Messages below this have been counted as received.
    seen: u64,
}

impl Books {
    /// Books that go on from the lane's cursor, or from the oldest message that the journal holds.
    pub(crate) fn open(sink_name: &str, lane: Lane, journal: Journal, status: Shared<LaneStatus>) -> Self {
        let cursor_name = cursor::name(sink_name, lane);
        let cursor = match journal.cursor(&cursor_name) {
            Some(cursor) => LaneCursor::from(cursor),
            None => LaneCursor {
                position: journal.start(),
                last: None,
            },
        };
        journal.set_cursor(&cursor_name, cursor.into());
        status.update(|status| {
            status.cursor = cursor.position;
            status.moved_at = Timestamp::now();
        });
        Self {
            lane,
            journal,
            status,
            cursor_name,
            cursor,
            window: Window::default(),
            handed_over: cursor.last,
            seen: cursor.position,
        }
    }

    /// Every message below this is settled.
    pub(crate) fn cursor(&self) -> u64 {
        self.cursor.position
    }

    /// The oldest record in flight.
    pub(crate) fn oldest(&self) -> Option<&Record> {
        self.window.oldest()
    }

    /// Whether one more record may be handed over.
    pub(crate) fn has_room(&self, limits: Limits) -> bool {
        self.window.has_room(limits)
    }

    /// Takes messages while the window has room, and gives the lane's records, which are in flight from now on.
    pub(crate) fn take_on(&mut self, feed: &mut Feed, limits: Limits) -> Vec<Record> {
        let (mut records, mut received) = (Vec::new(), 0);
        while self.window.has_room(limits)
            && let Some(message) = feed.take()
        {
            let Some(record) = self.record(&message) else {
                continue;
            };
            received += u64::from(message.place.seq >= self.seen);
            self.handed_over = Some(record.place);
            self.window.push(record.clone());
            records.push(record);
        }
        self.seen = self.seen.max(feed.position());
        self.status.update(|status| {
            status.received += received;
            status.in_flight += received;
            status.published += records.len() as u64;
        });
        self.advance(feed);
        records
    }

    fn record(&self, message: &Routed) -> Option<Record> {
        if !message.lanes.contains(self.lane) {
            return None;
        }
        let value = message.split.values[self.lane].clone()?;
        let previous = self
            .handed_over
            .filter(|last| last.epoch == message.place.epoch)
            .map(|last| last.seq);
        Some(Record {
            lane: self.lane,
            place: message.place,
            previous,
            lanes: message.lanes,
            received_at: message.received_at,
            key: message.split.key.clone(),
            value,
        })
    }

    /// Notes the fate of the record at `seq`.
    pub(crate) fn settle(&mut self, seq: u64, outcome: Outcome) -> Settlement {
        self.window.settle(seq, outcome)
    }

    /// Books what is delivered without a gap before it and moves the cursor; `each` sees every such record.
    pub(crate) fn pass_delivered(&mut self, feed: &Feed, mut each: impl FnMut(&Record)) {
        let mut delivered = 0;
        while let Some(record) = self.window.pop_settled() {
            each(&record);
            self.cursor.last = Some(record.place);
            delivered += 1;
        }
        if delivered > 0 {
            self.status.update(|status| {
                status.delivered += delivered;
                status.in_flight -= delivered;
                status.last_error = None;
            });
        }
        self.advance(feed);
    }

    /// Passes the oldest record in flight, which was refused and is in `dead_letter` (or nowhere, if that lane is off).
    pub(crate) fn pass_refused(&mut self, feed: &Feed, dead_lettered: bool) {
        let Some(record) = self.window.pop() else {
            return;
        };
        self.cursor.last = Some(record.place);
        self.status.update(|status| {
            status.in_flight -= 1;
            *(if dead_lettered {
                &mut status.dead_lettered
            } else {
                &mut status.dropped
            }) += 1;
        });
        self.advance(feed);
    }

    /// Moves the cursor to the oldest message that is not settled.
    fn advance(&mut self, feed: &Feed) {
        let oldest = self.window.oldest();
        let position = oldest.map_or(feed.position(), |record| record.place.seq);
        let oldest_pending = oldest.map(|record| record.received_at);
        let moved = position != self.cursor.position;
        self.status.update(|status| {
            status.cursor = position;
            status.oldest_pending = oldest_pending;
            if moved {
                status.moved_at = Timestamp::now();
            }
        });
        if moved {
            self.cursor.position = position;
            self.journal.set_cursor(&self.cursor_name, self.cursor.into());
        }
    }

    /// Back to the cursor: what was in flight will be handed over again. Counts as a reset if anything was.
    pub(crate) fn rewind(&mut self, feed: &mut Feed) {
        let resets = u64::from(!self.window.is_empty());
        self.window.clear();
        feed.seek(self.cursor.position);
        self.handed_over = self.cursor.last;
        // A broker that is away holds up what nobody has handed over yet, too.
        let oldest_pending = feed.next_received_at();
        // Looking for it may have passed messages that the lane gets nothing of.
        self.advance(feed);
        self.status.update(|status| {
            status.resets += resets;
            status.oldest_pending = oldest_pending;
        });
    }

    /// Whether counts that were kept apart agree: what is in flight by the books, and what is in the window.
    pub(crate) fn agree(&self, feed: &Feed) -> bool {
        let replaying = feed.position() < self.seen;
        let (in_flight, balances) = self.status.update(|status| (status.in_flight, status.balances()));
        balances && (replaying || in_flight == self.window.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use bytes::Bytes;
    use journal::{Appender, Entry};
    use proptest::prelude::*;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::entry::{Head, Kind};
    use crate::route::Router;
    use crate::tail::Tail;
    use crate::testing::scripted::scripted;

    #[derive(Clone, Debug)]
    enum Op {
        Arrive(Vec<bool>),
        TakeOn(usize),
        Deliver(prop::sample::Index),
        Refuse,
        Rewind,
        Restart,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            3 => prop::collection::vec(prop::bool::weighted(0.7), 1..12).prop_map(Op::Arrive),
            4 => (1_usize..9).prop_map(Op::TakeOn),
            9 => any::<prop::sample::Index>().prop_map(Op::Deliver),
            2 => Just(Op::Refuse),
            1 => Just(Op::Rewind),
            1 => Just(Op::Restart),
        ]
    }

    /// A lane without its loop, and what is true of it.
    struct Model {
        appender: Appender,
        journal: Journal,
        tail: Arc<Tail>,
        router: Arc<Router>,
        books: Books,
        feed: Feed,
        status: Shared<LaneStatus>,
        /// Sequences of the lane's records.
        all: Vec<u64>,
        /// Those that were handed over since the last rewind and whose fate is unknown.
        open: Vec<u64>,
        /// Those that were delivered, or refused and passed.
        done: BTreeSet<u64>,
        _dir: tempfile::TempDir,
    }

    impl Model {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (appender, journal) = journal::open(journal::Settings::new(dir.path())).unwrap();
            // So small that lanes read the journal most of the time.
            let tail = Arc::new(Tail::new(0, 2_000));
            let router = Arc::new(Router {
                source: scripted().0,
                enabled: [Lane::Tweets, Lane::Errors].into_iter().collect(),
                stream: Bytes::new(),
            });
            let (books, feed, status) = Self::open(&journal, &tail, &router);
            Self {
                appender,
                journal,
                tail,
                router,
                books,
                feed,
                status,
                all: Vec::new(),
                open: Vec::new(),
                done: BTreeSet::new(),
                _dir: dir,
            }
        }

        fn open(
            journal: &Journal,
            tail: &Arc<Tail>,
            router: &Arc<Router>,
        ) -> (Books, Feed, Shared<LaneStatus>) {
            let status = Shared::new(LaneStatus::new("sink", Lane::Tweets));
            let books = Books::open("sink", Lane::Tweets, journal.clone(), status.clone());
            let wake = Arc::new(tokio::sync::Notify::new());
            let (tail, router) = (tail.clone(), router.clone());
            let feed = Feed::new(tail, journal.clone(), router, Lane::Tweets, wake, books.cursor());
            (books, feed, status)
        }

        fn apply(&mut self, op: Op, runtime: &Runtime) {
            match op {
                Op::Arrive(messages) => self.arrive(&messages),
                Op::TakeOn(records) => self.take_on(records, runtime),
                Op::Deliver(_) if self.open.is_empty() => {}
                Op::Deliver(which) => {
                    let seq = self.open.remove(which.index(self.open.len()));
                    assert_eq!(self.books.settle(seq, Outcome::Delivered), Settlement::Noted);
                    self.books.pass_delivered(&self.feed, |_| {});
                    // Below the cursor, or above it and remembered until the next rewind.
                    self.done.insert(seq);
                }
                Op::Refuse => {
                    let Some(oldest) = self.books.oldest().map(|record| record.place.seq) else {
                        return;
                    };
                    self.open.retain(|seq| *seq != oldest);
                    self.done.insert(oldest);
                    self.books.pass_refused(&self.feed, true);
                    self.books.pass_delivered(&self.feed, |_| {});
                }
                Op::Rewind => {
                    self.open.clear();
                    self.books.rewind(&mut self.feed);
                }
                Op::Restart => {
                    self.open.clear();
                    (self.books, self.feed, self.status) =
                        Self::open(&self.journal, &self.tail, &self.router);
                }
            }
        }

        fn arrive(&mut self, messages: &[bool]) {
            for ours in messages {
                let lane = if *ours { "tweets" } else { "errors" };
                let payload = Bytes::from(format!(r#"{{"only":"{lane}"}}"#));
                let split = self.router.split(Kind::Message, Timestamp::now(), &payload);
                let head = Head {
                    kind: Kind::Message,
                    epoch: 1,
                    received_at: Timestamp::now(),
                    lanes: split.lanes(),
                };
                let entry = Entry {
                    head: &head.encode(),
                    body: &payload,
                };
                let seq = self.appender.append(&[entry]).unwrap().start;
                let routed = self.router.route(seq, head, split);
                self.tail.push(vec![routed], seq + 1);
                if *ours {
                    self.all.push(seq);
                }
            }
        }

        fn take_on(&mut self, records: usize, runtime: &Runtime) {
            if self.feed.is_caught_up() {
                return;
            }
            runtime.block_on(self.feed.ready()).unwrap();
            let limits = Limits {
                records,
                bytes: 1 << 20,
            };
            for record in self.books.take_on(&mut self.feed, limits) {
                let at = self.all.binary_search(&record.place.seq).unwrap();
                let before = at.checked_sub(1).map(|before| self.all[before]);
                assert_eq!(record.previous, before, "the chain");
                self.open.push(record.place.seq);
            }
        }

        fn check(&self) {
            let cursor = self.journal.cursor("sink/tweets").unwrap().position;
            let passed = self.all.iter().take_while(|seq| **seq < cursor);
            for seq in passed {
                assert!(self.done.contains(seq), "the cursor {cursor} has passed {seq}");
            }
            assert!(self.books.agree(&self.feed));
            assert_eq!(self.status.get().cursor, self.books.cursor());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn the_cursor_passes_nothing_unsettled_and_nothing_is_lost(
            ops in prop::collection::vec(op(), 1..120),
        ) {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let mut model = Model::new();
            for op in ops {
                model.apply(op, &runtime);
                model.check();
            }
            while !(model.feed.is_caught_up() && model.books.oldest().is_none()) {
                model.apply(Op::TakeOn(8), &runtime);
                while let Some(seq) = model.open.pop() {
                    model.books.settle(seq, Outcome::Delivered);
                    model.done.insert(seq);
                }
                model.books.pass_delivered(&model.feed, |_| {});
                model.check();
            }
            prop_assert_eq!(model.done.into_iter().collect::<Vec<_>>(), model.all);
            prop_assert_eq!(model.books.cursor(), model.tail.end());
            prop_assert_eq!(model.status.get().in_flight, 0);
        }
    }
}
