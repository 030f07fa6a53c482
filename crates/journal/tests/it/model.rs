//! Random actions, crashes among them, against a model that is a map.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};

use journal::{AppendError, Appender, Cursor, Durability, Entry, Journal, Settings, open};
use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use crate::common::{copy_dir, read_from, segments, small};

const HEADER: u64 = 20;
const MAX_BYTES: u64 = 3000;
const LANES: [&str; 2] = ["a", "b"];

#[derive(Clone, Debug)]
enum Action {
    /// Entries of these sizes, as one batch.
    Append(Vec<usize>),
    /// A lane goes to this share (of 255) of what is held.
    Move(usize, u8),
    Flush,
    Sync,
    Close,
    /// All handles go, without a close.
    Drop,
    /// Goes on with the directory as `kill -9` would leave it now.
    Kill,
    /// As `Kill`, and that many of the newest segment's last bytes are gone.
    PowerCut(u64),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => proptest::collection::vec(0..200usize, 0..6).prop_map(Action::Append),
        4 => (0..LANES.len(), any::<u8>()).prop_map(|(lane, share)| Action::Move(lane, share)),
        2 => Just(Action::Flush),
        1 => Just(Action::Sync),
        1 => Just(Action::Close),
        1 => Just(Action::Drop),
        1 => Just(Action::Kill),
        1 => (0..600u64).prop_map(Action::PowerCut),
    ]
}

/// The journal under test and what it should be.
struct World {
    dir: TempDir,
    open: Option<(Appender, Journal)>,
    durability: Durability,
    entries: BTreeMap<u64, Vec<u8>>,
    next: u64,
    cursors: BTreeMap<&'static str, Cursor>,
    /// The least that must be found after a crash.
    flushed: BTreeMap<&'static str, Cursor>,
    made: u8,
}

impl World {
    fn new(durability: Durability) -> Self {
        let mut world = Self {
            dir: tempdir().unwrap(),
            open: None,
            durability,
            entries: BTreeMap::new(),
            next: 0,
            cursors: BTreeMap::new(),
            flushed: BTreeMap::new(),
            made: 0,
        };
        world.reopen();
        for lane in LANES {
            world.move_to(lane, 0);
        }
        world
    }

    fn journal(&self) -> &Journal {
        &self.open.as_ref().unwrap().1
    }

    fn reopen(&mut self) {
        self.open = None;
        let settings = Settings {
            durability: self.durability,
            max_bytes: MAX_BYTES,
            ..small(self.dir.path())
        };
        self.open = Some(open(settings).unwrap());
        for (lane, cursor) in &mut self.cursors {
            let found = self.open.as_ref().unwrap().1.cursor(lane);
            let least = self.flushed.get(lane).map_or(0, |flushed| flushed.position);
            let position = found.map_or(0, |found| found.position);
            assert!(
                position >= least && position <= cursor.position,
                "{lane}: {position}"
            );
            *cursor = found.unwrap_or_default();
        }
        for (lane, cursor) in self.cursors.clone() {
            self.move_to(lane, cursor.position);
        }
    }

    fn move_to(&mut self, lane: &'static str, position: u64) {
        let note = [position as u8; 64];
        self.journal().set_cursor(lane, Cursor { position, note });
        self.cursors.insert(lane, Cursor { position, note });
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Append(sizes) => self.append(&sizes),
            Action::Move(lane, share) => {
                let from = self.cursors[LANES[lane]].position.max(self.journal().start());
                self.move_to(LANES[lane], from + (self.next - from) * u64::from(share) / 255);
            }
            Action::Flush => {
                self.journal().flush_cursors().unwrap();
                self.flushed = self.cursors.clone();
            }
            Action::Sync => {
                self.journal().sync().unwrap();
                assert_eq!(self.journal().stats().unsynced_entries, 0);
            }
            Action::Close => {
                self.open.take().unwrap().0.close().unwrap();
                self.flushed = self.cursors.clone();
                self.reopen();
            }
            Action::Drop => {
                self.open = None;
                self.flushed = self.cursors.clone();
                self.reopen();
            }
            Action::Kill => self.crash(0),
            Action::PowerCut(bytes) => self.crash(bytes),
        }
    }

    fn append(&mut self, sizes: &[usize]) {
        let bodies: Vec<_> = sizes
            .iter()
            .map(|size| {
                self.made = self.made.wrapping_add(1);
                vec![self.made; *size]
            })
            .collect();
        let entries: Vec<_> = bodies
            .iter()
            .map(|body| body.split_at(body.len() / 3))
            .map(|(head, body)| Entry { head, body })
            .collect();
        let size: u64 = bodies.iter().map(|body| HEADER + body.len() as u64).sum();
        let (appender, journal) = self.open.as_mut().unwrap();
        match appender.append(&entries) {
            Ok(range) => {
                assert_eq!(range, self.next..self.next + sizes.len() as u64);
                self.next = range.end;
                self.entries.extend(range.zip(bodies));
            }
            Err(AppendError::Full { bytes, max_bytes }) => {
                assert!(bytes + size > max_bytes && max_bytes == MAX_BYTES);
                assert_eq!(journal.end(), self.next);
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Goes on in a copy of the directory whose newest segment has lost its last bytes.
    fn crash(&mut self, lost: u64) {
        let after = tempdir().unwrap();
        // A trim during the copy would be a state that no crash leaves: wait for the journal's
        // thread by taking it away, after the copy's cursors are known.
        self.journal().flush_cursors().unwrap();
        self.flushed = self.cursors.clone();
        copy_dir(self.dir.path(), after.path());
        self.open = None;
        self.dir = after;
        let newest = segments(self.dir.path()).pop();
        if let Some(path) = newest.filter(|_| lost > 0) {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            let length = file.metadata().unwrap().len().saturating_sub(lost);
            file.set_len(length).unwrap();
            let first = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            self.forget_from(first, length);
        }
        self.reopen();
    }

    /// The model of a segment cut to `length` bytes.
    fn forget_from(&mut self, first: u64, length: u64) {
        let mut end = 0;
        let cut = self.entries.range(first..).find_map(|(position, body)| {
            end += HEADER + body.len() as u64;
            (end > length).then_some(*position)
        });
        if let Some(cut) = cut {
            self.entries.split_off(&cut);
            let highest = self.cursors.values().map(|cursor| cursor.position).max().unwrap();
            self.next = cut.max(highest);
        }
    }

    fn check(&self) {
        let journal = self.journal();
        let lowest = self.cursors.values().map(|cursor| cursor.position).min().unwrap();
        let read = read_from(journal, lowest);
        let needed = self.entries.range(lowest..);
        let expected: Vec<_> = needed.map(|(position, body)| (*position, body.clone())).collect();
        assert_eq!(read, expected);
        assert_eq!(journal.end(), self.next);
        let last = journal
            .last_entry()
            .unwrap()
            .map(|(position, body)| (position, body.to_vec()));
        let newest = self
            .entries
            .last_key_value()
            .map(|(position, body)| (*position, body.clone()));
        // A cut segment may have been the only one left.
        assert!(last == newest || last.is_none() && read.is_empty());
        assert!(journal.stats().bytes <= MAX_BYTES);
        let on_disk: u64 = segments(self.dir.path())
            .iter()
            .filter_map(|path| fs::metadata(path).ok())
            .map(|it| it.len())
            .sum();
        assert!(on_disk <= MAX_BYTES);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn the_journal_is_its_model(
        actions in proptest::collection::vec(action(), 1..40),
        durability in prop_oneof![
            Just(Durability::Process), Just(Durability::Adaptive), Just(Durability::Strict)
        ],
    ) {
        let mut world = World::new(durability);
        world.check();
        for action in actions {
            world.act(action);
            world.check();
        }
    }
}
