//! Readers beside a writer and the journal's own thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use journal::{AppendError, Cursor, Durability, Entry, Item, Settings, Timing, open};
use parking_lot::Mutex;
use tempfile::tempdir;

use crate::common::{append, eventually, positions, small};

const ENTRIES: u64 = 30_000;

fn body(position: u64) -> Vec<u8> {
    position.to_le_bytes().repeat(1 + position as usize % 40)
}

/// Two readers move their cursors; the journal has room for a fraction of what goes through it, so
/// the writer runs into the limit, and the thread trims right behind the readers.
#[test]
fn readers_see_every_entry_once_while_it_is_written_and_trimmed() {
    let dir = tempdir().unwrap();
    let settings = Settings {
        segment_bytes: 4096,
        max_bytes: 64 << 10,
        durability: Durability::Adaptive,
        ..Settings::new(dir.path())
    };
    let (mut appender, journal) = open(settings).unwrap();
    for lane in ["a", "b"] {
        journal.set_cursor(lane, Cursor::at(0));
    }
    let readers = ["a", "b"].map(|lane| {
        let journal = journal.clone();
        thread::spawn(move || {
            let mut reader = journal.read_from(0);
            let mut next = 0;
            while next < ENTRIES {
                for item in reader.next_batch(1000).unwrap() {
                    assert_eq!(item, Item::Entry(next, body(next).into()));
                    next += 1;
                }
                journal.set_cursor(lane, Cursor::at(next));
                thread::yield_now();
            }
        })
    });
    let mut refusals = 0;
    let mut next = 0;
    while next < ENTRIES {
        let bodies: Vec<_> = (next..ENTRIES.min(next + 1 + next % 5)).map(body).collect();
        let entries: Vec<_> = bodies.iter().map(|body| Entry { head: &[], body }).collect();
        match appender.append(&entries) {
            Ok(range) => next = range.end,
            Err(AppendError::Full { .. }) => {
                refusals += 1;
                assert!(readers.iter().all(|reader| !reader.is_finished()));
                journal.flush_cursors().unwrap();
                thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
    }
    for reader in readers {
        reader.join().unwrap();
    }
    assert!(refusals > 0);
    let stats = journal.stats();
    assert_eq!((stats.appended_entries, stats.lost_entries), (ENTRIES, 0));
}

#[test]
fn a_reader_behind_the_trim_is_told_what_it_missed() {
    let dir = tempdir().unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    for _ in 0..10 {
        append(&mut appender, &[0; 100]);
    }
    let entry = |position| Item::Entry(position, vec![0; 100].into());
    let mut reader = journal.read_from(0);
    assert_eq!(reader.next_batch(1).unwrap(), [entry(0)]);
    journal.set_cursor("lane", Cursor::at(7));
    journal.flush_cursors().unwrap();
    assert_eq!(reader.next_batch(1).unwrap(), [Item::Lost(1..6), entry(6)]);
    assert_eq!(journal.read_from(0).next_batch(0).unwrap(), [Item::Lost(0..6)]);
    assert_eq!(reader.next_batch(usize::MAX).unwrap().len(), 3);
    assert!(reader.next_batch(usize::MAX).unwrap().is_empty());
    assert_eq!(append(&mut appender, &[0; 100]), 10);
    assert_eq!(
        reader.next_batch(0).unwrap(),
        [entry(10)],
        "at least one, however small the room"
    );
    assert_eq!(journal.stats().lost_entries, 0, "consumed, not lost");
}

#[test]
fn adaptive_syncs_what_lags_and_leaves_what_is_consumed() {
    let dir = tempdir().unwrap();
    let syncs = Arc::new(AtomicUsize::new(0));
    let appends = Arc::new(Mutex::new(Vec::new()));
    let observer = {
        let (syncs, appends) = (syncs.clone(), appends.clone());
        move |timing| match timing {
            Timing::Sync(_) => drop(syncs.fetch_add(1, Ordering::SeqCst)),
            Timing::Append(took) => appends.lock().push(took),
        }
    };
    let settings = Settings {
        durability: Durability::Adaptive,
        observer: Some(Arc::new(observer)),
        ..small(dir.path())
    };
    let (mut appender, journal) = open(settings).unwrap();
    journal.set_cursor("lane", Cursor::at(0));
    // A machine that pauses us long enough is right to be synced for: then once more.
    let mut undisturbed = false;
    while !undisturbed {
        syncs.store(0, Ordering::SeqCst);
        undisturbed = true;
        for _ in 0..20 {
            let begun = Instant::now();
            let position = append(&mut appender, &[0; 100]);
            journal.set_cursor("lane", Cursor::at(position + 1));
            undisturbed &= begun.elapsed() < Duration::from_millis(40);
        }
        eventually("cursors are written, segments go", || {
            journal.stats().segments == 1
        });
    }
    assert_eq!(
        syncs.load(Ordering::SeqCst),
        0,
        "consumed at once: the disk is left alone"
    );
    assert!(journal.stats().unsynced_entries > 0);
    assert_eq!(journal.stats().at_risk_entries, 0);
    append(&mut appender, b"unconsumed");
    assert_eq!(journal.stats().at_risk_entries, 1);
    eventually("an unconsumed entry is synced", || {
        journal.stats().at_risk_entries == 0
    });
    assert!(syncs.load(Ordering::SeqCst) > 0);
    let appended = journal.stats().appended_entries;
    assert_eq!(appends.lock().len() as u64, appended);
}

#[test]
fn a_cursor_set_reaches_the_disk_by_itself_also_after_close() {
    let dir = tempdir().unwrap();
    let copy = tempdir().unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    append(&mut appender, b"one");
    appender.close().unwrap();
    // Long enough for the thread to have gone idle: only the cursor wakes it.
    thread::sleep(Duration::from_millis(300));
    journal.set_cursor("lane", Cursor::at(1));
    let slots = ["cursors.0", "cursors.1"].map(|name| dir.path().join(name));
    let has_lane = |path| {
        std::fs::read(path)
            .unwrap()
            .windows(4)
            .any(|name| name == b"lane")
    };
    let reached = || slots.iter().any(has_lane);
    eventually("the cursor is in the file", reached);
    crate::common::copy_dir(dir.path(), copy.path());
    let (_, copied) = open(small(copy.path())).unwrap();
    assert_eq!(copied.cursor("lane"), Some(Cursor::at(1)));
    assert_eq!(positions(&copied), [0]);
}
