//! Ledger: one lane's accounts, over its way through the messages. Which records are in flight, how far the cursor has got,
//! and the counts that must agree. No broker in here.

use journal::Journal;

use super::cursor::{self, LaneCursor};
use super::window::{Limits, Settlement, Window};
use crate::log::{LaneReadError, LaneReader, SplitMessage};
use crate::model::{Lane, Place, Record, Timestamp};
use crate::sink::Outcome;
use crate::telemetry::{LaneStatus, StatusCell};

/// At-least-once, as accounts: whatever happens, every message below the cursor is settled, and the cursor never passes one that is not.
pub(crate) struct LaneLedger {
    lane: Lane,
    journal: Journal,
    reader: LaneReader,
    status: StatusCell<LaneStatus>,
    cursor_name: String,
    cursor: LaneCursor,
    window: Window,
    /// The record handed over last: the next one's `previous`.
    handed_over: Option<Place>,
    /// Messages below this have been counted as received.
    seen: u64,
}

impl LaneLedger {
    /// Accounts that go on from the lane's cursor, or from the oldest message that the journal holds; `reader` is put there.
    pub(crate) fn open(
        sink_name: &str,
        lane: Lane,
        journal: Journal,
        mut reader: LaneReader,
        status: StatusCell<LaneStatus>,
    ) -> Self {
        let cursor_name = cursor::name(sink_name, lane);
        let cursor = match journal.cursor(&cursor_name) {
            Some(cursor) => LaneCursor::from(cursor),
            None => LaneCursor {
                position: journal.start(),
                last: None,
            },
        };
        journal.set_cursor(&cursor_name, cursor.into());
        reader.seek(cursor.position);
        status.update(|status| {
            status.cursor = cursor.position;
            status.moved_at = Timestamp::now();
        });
        Self {
            lane,
            journal,
            reader,
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

    /// Waits until [`take_on`](Self::take_on) has something, or there is something that the lane gets nothing of. Cancel safe.
    pub(crate) async fn ready(&mut self) -> Result<(), LaneReadError> {
        self.reader.ready().await
    }

    /// Whether everything in the journal was taken on.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.reader.is_caught_up()
    }

    /// Takes messages while the window has room, and gives the lane's records, which are in flight from now on.
    pub(crate) fn take_on(&mut self, limits: Limits) -> Vec<Record> {
        let (mut records, mut received) = (Vec::new(), 0);
        while self.window.has_room(limits)
            && let Some(message) = self.reader.take()
        {
            let Some(record) = self.record(&message) else {
                continue;
            };
            received += u64::from(message.place.seq >= self.seen);
            self.handed_over = Some(record.place);
            self.window.push(record.clone());
            records.push(record);
        }
        self.seen = self.seen.max(self.reader.position());
        self.status.update(|status| {
            status.received += received;
            status.in_flight += received;
            status.published += records.len() as u64;
        });
        self.advance();
        records
    }

    fn record(&self, message: &SplitMessage) -> Option<Record> {
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

    /// Counts what is delivered without a gap before it and moves the cursor; `each` sees every such record.
    pub(crate) fn pass_delivered(&mut self, mut each: impl FnMut(&Record)) {
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
        self.advance();
    }

    /// Passes the oldest record in flight, which was refused and is in `dead_letter` (or nowhere, if that lane is off).
    pub(crate) fn pass_refused(&mut self, dead_lettered: bool) {
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
        self.advance();
    }

    /// Moves the cursor to the oldest message that is not settled.
    fn advance(&mut self) {
        let oldest = self.window.oldest();
        let position = oldest.map_or(self.reader.position(), |record| record.place.seq);
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
    pub(crate) fn rewind(&mut self) {
        let resets = u64::from(!self.window.is_empty());
        self.window.clear();
        self.reader.seek(self.cursor.position);
        self.handed_over = self.cursor.last;
        // A broker that is away holds up what nobody has handed over yet, too.
        let oldest_pending = self.reader.next_received_at();
        // Looking for it may have passed messages that the lane gets nothing of.
        self.advance();
        self.status.update(|status| {
            status.resets += resets;
            status.oldest_pending = oldest_pending;
        });
    }

    /// Whether counts that were kept apart agree: what is in flight by the counts, and what is in the window.
    pub(crate) fn agree(&self) -> bool {
        let replaying = self.reader.position() < self.seen;
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
    use crate::log::{Head, Kind, Splitter, TailCache};
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
        cache: Arc<TailCache>,
        splitter: Arc<Splitter>,
        ledger: LaneLedger,
        status: StatusCell<LaneStatus>,
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
            let cache = Arc::new(TailCache::new(0, 2_000));
            let splitter = Arc::new(Splitter {
                source: scripted().0,
                enabled: [Lane::Tweets, Lane::Errors].into_iter().collect(),
                stream: Bytes::new(),
            });
            let (ledger, status) = Self::open(&journal, &cache, &splitter);
            Self {
                appender,
                journal,
                cache,
                splitter,
                ledger,
                status,
                all: Vec::new(),
                open: Vec::new(),
                done: BTreeSet::new(),
                _dir: dir,
            }
        }

        fn open(
            journal: &Journal,
            cache: &Arc<TailCache>,
            splitter: &Arc<Splitter>,
        ) -> (LaneLedger, StatusCell<LaneStatus>) {
            let status = StatusCell::new(LaneStatus::new("sink", Lane::Tweets));
            let wake = Arc::new(tokio::sync::Notify::new());
            let (cache, splitter) = (cache.clone(), splitter.clone());
            let reader = LaneReader::new(cache, journal.clone(), splitter, Lane::Tweets, wake);
            let ledger = LaneLedger::open("sink", Lane::Tweets, journal.clone(), reader, status.clone());
            (ledger, status)
        }

        fn apply(&mut self, op: Op, runtime: &Runtime) {
            match op {
                Op::Arrive(messages) => self.arrive(&messages),
                Op::TakeOn(records) => self.take_on(records, runtime),
                Op::Deliver(_) if self.open.is_empty() => {}
                Op::Deliver(which) => {
                    let seq = self.open.remove(which.index(self.open.len()));
                    assert_eq!(self.ledger.settle(seq, Outcome::Delivered), Settlement::Noted);
                    self.ledger.pass_delivered(|_| {});
                    // Below the cursor, or above it and remembered until the next rewind.
                    self.done.insert(seq);
                }
                Op::Refuse => {
                    let Some(oldest) = self.ledger.oldest().map(|record| record.place.seq) else {
                        return;
                    };
                    self.open.retain(|seq| *seq != oldest);
                    self.done.insert(oldest);
                    self.ledger.pass_refused(true);
                    self.ledger.pass_delivered(|_| {});
                }
                Op::Rewind => {
                    self.open.clear();
                    self.ledger.rewind();
                }
                Op::Restart => {
                    self.open.clear();
                    (self.ledger, self.status) = Self::open(&self.journal, &self.cache, &self.splitter);
                }
            }
        }

        fn arrive(&mut self, messages: &[bool]) {
            for ours in messages {
                let lane = if *ours { "tweets" } else { "errors" };
                let payload = Bytes::from(format!(r#"{{"only":"{lane}"}}"#));
                let split = self.splitter.split(Kind::Message, Timestamp::now(), &payload);
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
                let routed = self.splitter.route(seq, head, split);
                self.cache.push(vec![routed], seq + 1);
                if *ours {
                    self.all.push(seq);
                }
            }
        }

        fn take_on(&mut self, records: usize, runtime: &Runtime) {
            if self.ledger.is_caught_up() {
                return;
            }
            runtime.block_on(self.ledger.ready()).unwrap();
            let limits = Limits {
                records,
                bytes: 1 << 20,
            };
            for record in self.ledger.take_on(limits) {
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
            assert!(self.ledger.agree());
            assert_eq!(self.status.get().cursor, self.ledger.cursor());
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
            while !(model.ledger.is_caught_up() && model.ledger.oldest().is_none()) {
                model.apply(Op::TakeOn(8), &runtime);
                while let Some(seq) = model.open.pop() {
                    model.ledger.settle(seq, Outcome::Delivered);
                    model.done.insert(seq);
                }
                model.ledger.pass_delivered(|_| {});
                model.check();
            }
            prop_assert_eq!(model.done.into_iter().collect::<Vec<_>>(), model.all);
            prop_assert_eq!(model.ledger.cursor(), model.cache.end());
            prop_assert_eq!(model.status.get().in_flight, 0);
        }
    }
}
