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
            let (payload, split) = self.splitter.split(Kind::Message, Timestamp::now(), payload);
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
            let routed = self.splitter.route(seq, head, payload, split);
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
            assert_eq!(record.previous.map(|place| place.seq), before, "the chain");
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
