//! Tests with a disk that keeps what was forced to it and nothing else, as a machine that dies may leave it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tempfile::{TempDir, tempdir};

use crate::disk::{Force, What};
use crate::failing_disk::eventually;
use crate::open::open_with;
use crate::{Appender, Cursor, Durability, Entry, Item, Journal, Settings, open};

/// A directory that is yet to be made, and what of it would be left.
struct Machine {
    _root: TempDir,
    dir: PathBuf,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Files by name, as of the directory's last sync: each by its number.
    names: Mutex<BTreeMap<String, u64>>,
    /// The directories above it that were synced.
    above: Mutex<BTreeSet<u64>>,
    /// Bytes by the file's number, as of its last sync.
    bytes: Mutex<BTreeMap<u64, Vec<u8>>>,
    cursor_syncs: AtomicUsize,
    refuses_cursors: AtomicBool,
    refuses_a_segment: AtomicBool,
}

impl Machine {
    fn new() -> Self {
        let root = tempdir().unwrap();
        Self {
            dir: root.path().join("new/journal"),
            _root: root,
            kept: Arc::default(),
        }
    }

    fn open(&self, durability: Durability) -> (Appender, Journal) {
        let settings = Settings {
            segment_bytes: 256,
            durability,
            ..Settings::new(&self.dir)
        };
        open_with(settings, self.force()).unwrap()
    }

    fn force(&self) -> Force {
        let (dir, kept) = (self.dir.clone(), self.kept.clone());
        Box::new(move |what, file| {
            let refused = match what {
                What::Cursors => kept.refuses_cursors.load(Ordering::SeqCst),
                What::Segment => kept.refuses_a_segment.swap(false, Ordering::SeqCst),
                What::Names => false,
            };
            if refused {
                return Err(std::io::Error::from_raw_os_error(5));
            }
            let number = file.metadata()?.ino();
            match what {
                What::Names if number != number_of(&dir) => drop(kept.above.lock().insert(number)),
                What::Names => *kept.names.lock() = numbers(&dir),
                _ => drop(kept.bytes.lock().insert(number, bytes_of(&dir, number))),
            }
            if what == What::Cursors {
                kept.cursor_syncs.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        })
    }

    fn cursor_syncs(&self) -> usize {
        self.kept.cursor_syncs.load(Ordering::SeqCst)
    }

    /// Whether the directory itself would be left.
    fn is_named(&self) -> bool {
        let above = self.kept.above.lock();
        let mut parents = self.dir.ancestors().skip(1).take(2);
        parents.all(|parent| above.contains(&number_of(parent)))
    }

    /// The journal as it is found after the machine died at this moment.
    fn after_a_cut(&self) -> (TempDir, Journal) {
        assert!(self.is_named(), "all of it is gone");
        let dir = tempdir().unwrap();
        let bytes = self.kept.bytes.lock();
        for (name, number) in &*self.kept.names.lock() {
            fs::write(dir.path().join(name), bytes.get(number).map_or(&[][..], |it| it)).unwrap();
        }
        let (_, journal) = open(Settings::new(dir.path())).unwrap();
        (dir, journal)
    }

    fn entries_after_a_cut(&self) -> Vec<u64> {
        let (_dir, journal) = self.after_a_cut();
        let items = journal.read_from(0).next_batch(usize::MAX).unwrap();
        let position = |item| match item {
            Item::Entry(position, _) => Some(position),
            Item::Lost(_) => None,
        };
        items.into_iter().filter_map(position).collect()
    }
}

fn paths(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|it| it.unwrap().path()).collect()
}

fn numbers(dir: &Path) -> BTreeMap<String, u64> {
    let named = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        Some((name, fs::metadata(path).ok()?.ino()))
    };
    paths(dir).into_iter().filter_map(named).collect()
}

fn number_of(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

fn bytes_of(dir: &Path, number: u64) -> Vec<u8> {
    let is_it = |path: &PathBuf| fs::metadata(path).is_ok_and(|it| it.ino() == number);
    let path = paths(dir).into_iter().find(is_it);
    path.and_then(|path| fs::read(path).ok()).unwrap_or_default()
}

fn append(appender: &mut Appender, count: u64) {
    for _ in 0..count {
        let body = &[7; 100];
        appender.append(&[Entry { head: &[], body }]).unwrap();
    }
}

fn noted(position: u64, note: u8) -> Cursor {
    Cursor {
        position,
        note: [note; 64],
    }
}

#[test]
fn what_was_synced_is_left_with_its_name() {
    let machine = Machine::new();
    let (mut appender, journal) = machine.open(Durability::Process);
    append(&mut appender, 5);
    journal.sync().unwrap();
    assert_eq!(machine.entries_after_a_cut(), [0, 1, 2, 3, 4]);
    append(&mut appender, 5);
    journal.sync().unwrap();
    assert_eq!(machine.entries_after_a_cut().len(), 10);
}

#[test]
fn strict_leaves_each_entry_with_its_name() {
    let machine = Machine::new();
    let (mut appender, _journal) = machine.open(Durability::Strict);
    for count in 1..6 {
        append(&mut appender, 1);
        assert_eq!(machine.entries_after_a_cut().len(), count);
    }
}

#[test]
fn a_copy_in_the_place_of_a_refused_segment_is_left() {
    let machine = Machine::new();
    let (mut appender, journal) = machine.open(Durability::Process);
    append(&mut appender, 1);
    journal.sync().unwrap();
    append(&mut appender, 1);
    machine.kept.refuses_a_segment.store(true, Ordering::SeqCst);
    journal.sync().unwrap();
    assert_eq!(journal.stats().sync_failures, 1);
    assert_eq!(machine.entries_after_a_cut(), [0, 1]);
}

#[test]
fn a_close_leaves_the_cursors_of_that_moment() {
    for durability in [Durability::Process, Durability::Adaptive, Durability::Strict] {
        let machine = Machine::new();
        let (appender, journal) = machine.open(durability);
        journal.set_cursor("lane", noted(0, 7));
        // In the file already, and not on the disk.
        journal.flush_cursors().unwrap();
        appender.close().unwrap();
        let (_dir, left) = machine.after_a_cut();
        assert_eq!(left.cursor("lane"), Some(noted(0, 7)), "{durability:?}");
    }
}

#[test]
fn nothing_is_trimmed_before_the_cursors_are_on_the_disk() {
    let machine = Machine::new();
    let (mut appender, journal) = machine.open(Durability::Process);
    journal.set_cursor("lane", Cursor::at(0));
    append(&mut appender, 10);
    machine.kept.refuses_cursors.store(true, Ordering::SeqCst);
    journal.set_cursor("lane", Cursor::at(7));
    assert!(journal.flush_cursors().is_err());
    // The thread tries on.
    eventually(|| journal.stats().cursor_failures > 3);
    assert_eq!((journal.start(), journal.stats().segments), (0, 5));
    machine.kept.refuses_cursors.store(false, Ordering::SeqCst);
    eventually(|| journal.start() == 6);
    let (_dir, left) = machine.after_a_cut();
    assert_eq!(left.cursor("lane").unwrap().position, 7);
}

#[test]
fn cursors_that_have_not_moved_are_neither_written_nor_forced_again() {
    let machine = Machine::new();
    let (mut appender, journal) = machine.open(Durability::Adaptive);
    journal.set_cursors([("a", Cursor::at(0)), ("b", Cursor::at(0))]);
    append(&mut appender, 1);
    // Unconsumed entries are synced, and the cursors with them, once.
    eventually(|| journal.stats().at_risk_entries == 0);
    journal.sync().unwrap();
    eventually(|| machine.after_a_cut().1.cursor("b").is_some());
    let (syncs, files) = (machine.cursor_syncs(), cursor_files(&machine));
    for _ in 0..3 {
        append(&mut appender, 1);
        journal.set_cursors([("a", Cursor::at(0)), ("b", Cursor::at(0))]);
        eventually(|| journal.stats().at_risk_entries == 0);
    }
    journal.flush_cursors().unwrap();
    appender.close().unwrap();
    assert_eq!(machine.cursor_syncs(), syncs);
    assert!(cursor_files(&machine) == files);
}

fn cursor_files(machine: &Machine) -> [Vec<u8>; 2] {
    ["cursors.0", "cursors.1"].map(|name| fs::read(machine.dir.join(name)).unwrap())
}
