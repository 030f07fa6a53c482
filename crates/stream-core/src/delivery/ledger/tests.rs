use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;
use crate::log::{Chain, Kind, LogWriter, Replay, Splitter, Tail};
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
    writer: LogWriter,
    journal: Journal,
    tail: Arc<Tail>,
    splitter: Splitter,
    ledger: LaneLedger,
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
        let tail = Arc::new(Tail::new(0, Chain::default(), 2_000));
        let ledger = Self::open(&journal, &tail);
        Self {
            writer: LogWriter::new(appender, journal.clone(), 1, Chain::default()),
            journal,
            tail,
            splitter: Splitter {
                source: scripted().0,
                enabled: [Lane::Tweets, Lane::Errors].into_iter().collect(),
                stream: Bytes::new(),
            },
            ledger,
            all: Vec::new(),
            open: Vec::new(),
            done: BTreeSet::new(),
            _dir: dir,
        }
    }

    fn open(journal: &Journal, tail: &Arc<Tail>) -> LaneLedger {
        let status = StatusCell::new(LaneStatus::new("sink", Lane::Tweets));
        let replay = Replay::new(journal.clone(), tail.clone(), 0, |hole| {
            panic!("{hole:?} is lost")
        })
        .unwrap();
        let cursor = journal.cursor("sink/tweets").unwrap_or_default().into();
        let reader = LaneReader::new(tail.seat(Lane::Tweets), Arc::new(replay), 0);
        LaneLedger::open("sink", Lane::Tweets, cursor, journal.clone(), reader, status)
    }

    fn apply(&mut self, op: Op, runtime: &Runtime) {
        match op {
            Op::Arrive(messages) => self.arrive(&messages),
            Op::TakeOn(records) => self.take_on(records, runtime),
            Op::Deliver(_) if self.open.is_empty() => {}
            Op::Deliver(which) => {
                let seq = self.open.remove(which.index(self.open.len()));
                assert_eq!(self.ledger.settle(seq, Outcome::Delivered), Settlement::Noted);
                self.ledger.pass_settled(|_| {});
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
                self.ledger.pass_settled(|_| {});
            }
            Op::Rewind => {
                self.open.clear();
                self.ledger.rewind();
            }
            Op::Restart => {
                self.open.clear();
                self.ledger = Self::open(&self.journal, &self.tail);
            }
        }
    }

    fn arrive(&mut self, messages: &[bool]) {
        for ours in messages {
            let lane = if *ours { "tweets" } else { "errors" };
            let payload = Bytes::from(format!(r#"{{"only":"{lane}"}}"#));
            let draft = self.splitter.draft(Kind::Message, Timestamp::now(), payload);
            let messages = self.writer.append([&draft].into_iter()).unwrap();
            let seq = messages[0].place.seq;
            self.tail.push(messages, self.writer.chain(), self.writer.end());
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
        for record in self.ledger.take_on(limits).unwrap() {
            let at = self.all.binary_search(&record.place.seq).unwrap();
            let before = at.checked_sub(1).map(|before| self.all[before]);
            assert_eq!(record.previous.map(|place| place.seq), before, "the chain");
            self.open.push(record.place.seq);
        }
    }

    fn check(&self) {
        let cursor = LaneCursor::from(self.journal.cursor("sink/tweets").unwrap());
        assert_eq!(cursor.position, self.ledger.cursor());
        let passed: Vec<_> = self
            .all
            .iter()
            .take_while(|seq| **seq < cursor.position)
            .collect();
        for seq in &passed {
            assert!(self.done.contains(seq), "the cursor {cursor:?} has passed {seq}");
        }
        assert_eq!(cursor.accounts.settled(), passed.len() as u64, "the accounts");
        assert_eq!(self.tail.counts()[Lane::Tweets], self.all.len() as u64);
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
            model.ledger.pass_settled(|_| {});
            model.check();
        }
        prop_assert_eq!(model.done.into_iter().collect::<Vec<_>>(), model.all);
        prop_assert_eq!(model.ledger.cursor(), model.tail.end());
    }
}
