//! Tests with a disk that refuses to sync, hangs, or makes the journal's thread panic.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tempfile::tempdir;

use crate::disk::{Force, What};
use crate::open::open_with;
use crate::{AppendError, Appender, Cursor, Durability, Entry, Item, Journal, Settings};

/// Fails the syncs that it is told to fail, and remembers which files it ever failed.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// Syncs until the next failure, and failures from then on.
    after: usize,
    failures: usize,
    syncs: usize,
    /// By number; kept open, so that no other file gets it.
    failed: BTreeMap<u64, File>,
}

impl Fault {
    fn fail(&self, after: usize, failures: usize) {
        let mut inner = self.0.lock();
        (inner.after, inner.failures) = (after, failures);
    }

    fn syncs(&self) -> usize {
        self.0.lock().syncs
    }

    fn as_force(&self) -> Force {
        let inner = self.0.clone();
        Box::new(move |what, file: &File| {
            if what != What::Segment {
                return Ok(());
            }
            let mut inner = inner.lock();
            inner.syncs += 1;
            let inode = file.metadata()?.ino();
            assert!(!inner.failed.contains_key(&inode), "synced again after a failure");
            if inner.after > 0 || inner.failures == 0 {
                inner.after = inner.after.saturating_sub(1);
                return Ok(());
            }
            inner.failures -= 1;
            inner.failed.insert(inode, file.try_clone()?);
            Err(io::Error::from_raw_os_error(5))
        })
    }
}

fn opened(dir: &Path, durability: Durability, fault: &Fault) -> (Appender, Journal) {
    let settings = Settings {
        segment_bytes: 256,
        durability,
        ..Settings::new(dir)
    };
    open_with(settings, fault.as_force()).unwrap()
}

fn append(appender: &mut Appender, number: u8) -> Result<u64, AppendError> {
    let body = &[number; 100];
    appender
        .append(&[Entry { head: &[], body }])
        .map(|range| range.start)
}

fn numbers(journal: &Journal) -> Vec<u8> {
    let batch = journal.read_from(0).next_batch(usize::MAX).unwrap();
    let entry = |item| match item {
        Item::Entry(_, bytes) => Some(bytes[0]),
        Item::Lost(_) => None,
    };
    batch.into_iter().filter_map(entry).collect()
}

/// Waits until something is `done`.
pub(crate) fn eventually(mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_segment_that_fails_to_sync_is_copied_and_left() {
    let dir = tempdir().unwrap();
    let fault = Fault::default();
    let (mut appender, journal) = opened(dir.path(), Durability::Process, &fault);
    append(&mut appender, 0).unwrap();
    let first = dir.path().join("00000000000000000000.seg");
    let before = fs::metadata(&first).unwrap().ino();
    fault.fail(0, 1);
    journal.sync().unwrap();
    assert_ne!(fs::metadata(&first).unwrap().ino(), before);
    assert_eq!(
        (journal.stats().sync_failures, journal.stats().unsynced_entries),
        (1, 0)
    );
    // The refused file gets no more entries, though it had room.
    append(&mut appender, 1).unwrap();
    assert_eq!(journal.stats().segments, 2);
    assert_eq!(numbers(&journal), [0, 1]);
    let mut reader = journal.read_from(1);
    assert!(matches!(&reader.next_batch(1000).unwrap()[0], Item::Entry(1, bytes) if bytes[0] == 1));
    appender.close().unwrap();
}

#[test]
fn a_copy_that_fails_is_told_and_tried_again() {
    let dir = tempdir().unwrap();
    let fault = Fault::default();
    let (mut appender, journal) = opened(dir.path(), Durability::Adaptive, &fault);
    fault.fail(0, 7);
    for number in 0..4 {
        append(&mut appender, number).unwrap();
    }
    // The thread meets the failures in some order, and no round ends the upkeep.
    eventually(|| journal.stats().at_risk_entries == 0);
    assert!(journal.stats().sync_failures > 0);
    append(&mut appender, 4).unwrap();
    assert_eq!(numbers(&journal), [0, 1, 2, 3, 4]);
    appender.close().unwrap();
}

#[test]
fn strict_acknowledges_nothing_that_is_not_synced() {
    let dir = tempdir().unwrap();
    let fault = Fault::default();
    let (mut appender, journal) = opened(dir.path(), Durability::Strict, &fault);
    let syncs = fault.syncs();
    append(&mut appender, 0).unwrap();
    assert_eq!((fault.syncs() - syncs, journal.stats().unsynced_entries), (1, 0));
    let held = File::open(dir.path().join("00000000000000000000.seg")).unwrap();
    fault.fail(0, 1);
    assert!(matches!(append(&mut appender, 1), Err(AppendError::Io(_))));
    assert_eq!((journal.end(), numbers(&journal)), (1, vec![0]));
    assert_eq!(append(&mut appender, 2).unwrap(), 1);
    assert_eq!(append(&mut appender, 3).unwrap(), 2);
    assert_eq!(numbers(&journal), [0, 2, 3]);
    assert_eq!(
        held.metadata().unwrap().size(),
        120,
        "what was not acknowledged is gone"
    );
    drop((appender, journal));
    let (_, journal) = opened(dir.path(), Durability::Strict, &Fault::default());
    assert_eq!(numbers(&journal), [0, 2, 3]);
}

#[test]
fn strict_survives_a_failure_at_every_sync() {
    for after in 0..12 {
        let dir = tempdir().unwrap();
        let fault = Fault::default();
        let (mut appender, journal) = opened(dir.path(), Durability::Strict, &fault);
        fault.fail(after, 1);
        let mut acknowledged = Vec::new();
        for number in 0..10 {
            acknowledged.extend(append(&mut appender, number).ok().map(|_| number));
        }
        assert!(acknowledged.len() >= 9, "after {after}");
        assert_eq!(numbers(&journal), acknowledged, "after {after}");
        drop((appender, journal));
        let (_, journal) = opened(dir.path(), Durability::Strict, &Fault::default());
        assert_eq!(numbers(&journal), acknowledged, "after {after}, opened again");
    }
}

/// A journal that syncs aged entries by `force`, and has one to sync.
fn kept_by(dir: &Path, force: impl Fn() + Send + Sync + 'static) -> (Appender, Journal) {
    let segments = move |what, _: &File| {
        if what == What::Segment {
            force();
        }
        Ok(())
    };
    let (mut appender, journal) = open_with(Settings::new(dir), Box::new(segments)).unwrap();
    append(&mut appender, 0).unwrap();
    (appender, journal)
}

/// More than a thread in health ever lets pass.
const TOO_LONG: Duration = Duration::from_secs(3);

#[test]
fn an_idle_thread_is_seen() {
    let dir = tempdir().unwrap();
    let (_appender, journal) = kept_by(dir.path(), || ());
    journal.set_cursor("lane", Cursor::at(1));
    eventually(|| journal.stats().at_risk_entries == 0);
    for _ in 0..3 {
        let before = Instant::now();
        std::thread::sleep(Duration::from_millis(10));
        eventually(|| journal.keeper_seen() < before.elapsed());
    }
}

#[test]
fn a_thread_that_hangs_in_the_disk_is_missed_until_it_goes_on() {
    let dir = tempdir().unwrap();
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let held = gate.clone();
    let (mut appender, journal) = kept_by(dir.path(), move || drop(held.lock()));
    eventually(|| journal.keeper_seen() > TOO_LONG);
    append(&mut appender, 1).unwrap();
    journal.set_cursor("lane", Cursor::at(1));
    assert!(
        journal.keeper_seen() > TOO_LONG,
        "others get on, the thread does not"
    );
    drop(closed);
    eventually(|| journal.keeper_seen() < TOO_LONG);
}

#[test]
fn a_thread_that_is_dead_is_missed_and_not_waited_for() {
    let dir = tempdir().unwrap();
    let (appender, journal) = kept_by(dir.path(), || panic!("as a test wants it"));
    eventually(|| journal.keeper_seen() > TOO_LONG);
    let asked = Instant::now();
    drop((appender, journal));
    assert!(asked.elapsed() < TOO_LONG);
}

#[test]
fn strict_shows_nothing_before_it_is_synced() {
    let dir = tempdir().unwrap();
    let seen: Arc<Mutex<Option<Journal>>> = Arc::default();
    let at_sync: Arc<Mutex<Vec<usize>>> = Arc::default();
    let force = {
        let (seen, at_sync) = (seen.clone(), at_sync.clone());
        move |what, _: &File| {
            let journal = seen.lock().clone();
            if let (What::Segment, Some(journal)) = (what, journal) {
                at_sync.lock().push(numbers(&journal).len());
            }
            Ok(())
        }
    };
    let settings = Settings {
        durability: Durability::Strict,
        ..Settings::new(dir.path())
    };
    let (mut appender, journal) = open_with(settings, Box::new(force)).unwrap();
    *seen.lock() = Some(journal);
    for number in 0..3 {
        append(&mut appender, number).unwrap();
    }
    assert_eq!(*at_sync.lock(), [0, 1, 2]);
    *seen.lock() = None;
}
