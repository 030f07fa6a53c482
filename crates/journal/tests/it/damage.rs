//! Recovery from whatever a directory may hold.

#![expect(clippy::single_range_in_vec_init, reason = "lists of ranges are meant")]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use journal::{AppendError, Cursor, Durability, Entry, Item, OpenError, Settings, open};
use tempfile::{TempDir, tempdir};

use crate::common::{append, lost_from, positions, read_all, segments, small};

const BODIES: [&[u8]; 3] = [b"the first entry", b"", b"and the third one"];
const HEADER: usize = 20;

/// A closed journal of three entries in one segment, at positions 0 to 2.
fn three_entries() -> (TempDir, Vec<u8>) {
    let dir = tempdir().unwrap();
    let (mut appender, _journal) = open(small(dir.path())).unwrap();
    for body in BODIES {
        append(&mut appender, body);
    }
    appender.close().unwrap();
    let bytes = fs::read(&segments(dir.path())[0]).unwrap();
    (dir, bytes)
}

/// `count` entries of 100 bytes, two to a segment.
fn many(dir: &Path, count: u64) {
    let (mut appender, _journal) = open(small(dir)).unwrap();
    for number in 0..count {
        append(&mut appender, &[number as u8; 100]);
    }
    appender.close().unwrap();
}

/// Which of the three entries the byte at `offset` belongs to.
fn entry_at(offset: usize) -> usize {
    let ends = BODIES.iter().scan(0, |end, body| {
        *end += HEADER + body.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= offset).count()
}

fn without(damaged: usize) -> Vec<(u64, Vec<u8>)> {
    (0..3)
        .filter(|at| *at != damaged)
        .map(|at| (at as u64, BODIES[at].to_vec()))
        .collect()
}

#[test]
fn every_truncation_of_the_last_segment_costs_exactly_what_it_cuts() {
    let (dir, bytes) = three_entries();
    let path = segments(dir.path()).remove(0);
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let (mut appender, journal) = open(small(dir.path())).unwrap();
        let whole = entry_at(length);
        assert_eq!(
            positions(&journal),
            (0..whole as u64).collect::<Vec<_>>(),
            "cut to {length}"
        );
        assert_eq!(journal.stats().lost_entries, 0);
        assert_eq!(append(&mut appender, b"next"), whole as u64);
        let last = journal.last_entry().unwrap().unwrap();
        assert_eq!((last.0, &last.1[..]), (whole as u64, &b"next"[..]));
        drop((appender, journal));
        for path in segments(dir.path()) {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn every_bit_flip_in_the_last_segment_costs_one_entry() {
    let (dir, bytes) = three_entries();
    let path = segments(dir.path()).remove(0);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let (_appender, journal) = open(small(dir.path())).unwrap();
        let damaged = entry_at(bit / 8);
        assert_eq!(read_all(&journal), without(damaged), "bit {bit}");
        let lost = [damaged as u64..damaged as u64 + 1];
        assert_eq!(
            lost_from(&journal, 0),
            lost[..usize::from(damaged < 2)],
            "bit {bit}"
        );
        let stats = journal.stats();
        // At the very end damage looks like an unfinished write, and is cut.
        assert_eq!(stats.lost_entries, u64::from(damaged < 2), "bit {bit}");
        assert_eq!(stats.cut_bytes > 0, damaged == 2, "bit {bit}");
    }
}

#[test]
fn every_bit_flip_in_an_older_segment_costs_one_entry_once() {
    let (dir, bytes) = three_entries();
    let path = segments(dir.path()).remove(0);
    let (mut appender, _) = open(small(dir.path())).unwrap();
    append(&mut appender, b"in the next segment");
    drop(appender);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let (_appender, journal) = open(small(dir.path())).unwrap();
        let damaged = entry_at(bit / 8);
        let mut expected = without(damaged);
        expected.push((3, b"in the next segment".to_vec()));
        assert_eq!(read_all(&journal), expected, "bit {bit}");
        assert_eq!(
            lost_from(&journal, 0),
            [damaged as u64..damaged as u64 + 1],
            "bit {bit}, read again"
        );
        assert_eq!(journal.stats().lost_entries, 1, "bit {bit}");
    }
}

#[test]
fn missing_segments_are_told() {
    for (missing, lost) in [(0, 0), (1, 2), (3, 0)] {
        let dir = tempdir().unwrap();
        many(dir.path(), 8);
        fs::remove_file(&segments(dir.path())[missing]).unwrap();
        let (mut appender, journal) = open(small(dir.path())).unwrap();
        let gone = missing as u64 * 2..missing as u64 * 2 + 2;
        let expected: Vec<_> = (0..8).filter(|position| !gone.contains(position)).collect();
        assert_eq!(positions(&journal), expected);
        let told = if missing == 3 { vec![] } else { vec![gone] };
        assert_eq!(lost_from(&journal, 0), told);
        assert_eq!(journal.stats().lost_entries, lost);
        let next = expected.last().unwrap() + 1;
        assert_eq!(append(&mut appender, b"next"), next);
    }
}

#[test]
fn a_segment_deleted_while_open_is_told_too() {
    let dir = tempdir().unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    for number in 0..9 {
        append(&mut appender, &[number; 100]);
    }
    let files = segments(dir.path());
    fs::remove_file(&files[1]).unwrap();
    fs::remove_file(&files[4]).unwrap();
    assert_eq!(positions(&journal), [0, 1, 4, 5, 6, 7]);
    assert_eq!(
        lost_from(&journal, 3),
        [3..4, 8..9],
        "a reader is told of what it asked for"
    );
    assert_eq!(journal.stats().lost_entries, 3);
    append(&mut appender, b"to the deleted file");
    assert_eq!(lost_from(&journal, 7), [8..10]);
    assert_eq!(journal.stats().lost_entries, 4);
    assert_eq!(journal.last_entry().unwrap().unwrap().0, 7);
}

/// A failed append whose bytes could not be taken back: the positions were given to others, in the next segment.
#[test]
fn remains_of_a_failed_append_are_never_read() {
    let dir = tempdir().unwrap();
    many(dir.path(), 6);
    let files = segments(dir.path());
    // At positions 2 and 3, as what is in the next segment.
    let remains = fs::read(&files[1]).unwrap();
    let with_remains = [fs::read(&files[0]).unwrap(), remains.clone()].concat();
    fs::write(&files[0], with_remains).unwrap();
    fs::write(&files[1], &remains[..remains.len() / 2]).unwrap();
    let (_appender, journal) = open(small(dir.path())).unwrap();
    // Position 3 is lost from the second segment: its remains in the first must not stand in for it.
    assert_eq!(positions(&journal), [0, 1, 2, 4, 5]);
    // One large batch goes on in the same segment, where small ones look for it anew.
    let batch = journal.read_from(0).next_batch(usize::MAX).unwrap();
    assert_eq!(batch.len(), 6, "{batch:?}");
    assert_eq!(batch[3], Item::Lost(3..4));
}

#[test]
fn a_huge_length_is_only_damage() {
    for last in [false, true] {
        let dir = tempdir().unwrap();
        many(dir.path(), 8);
        let path = segments(dir.path()).remove(if last { 3 } else { 1 });
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(&u32::MAX.to_le_bytes(), 8).unwrap();
        let (_appender, journal) = open(small(dir.path())).unwrap();
        let gone = if last { 6 } else { 2 };
        let expected: Vec<_> = (0..8).filter(|position| *position != gone).collect();
        assert_eq!(positions(&journal), expected);
    }
}

#[test]
fn empty_and_garbage_segments_and_foreign_files_do_no_harm() {
    let dir = tempdir().unwrap();
    many(dir.path(), 4);
    let at = |name: &str| dir.path().join(name);
    fs::write(at("00000000000000000010.seg"), []).unwrap();
    fs::write(at("00000000000000000020.seg"), [0xF5; 5000]).unwrap();
    fs::write(at("00000000000000000030.seg"), b"not a frame").unwrap();
    fs::write(at("18446744073709551615.seg"), b"beyond belief").unwrap();
    fs::write(at("7.seg"), b"foreign").unwrap();
    fs::write(at("notes.txt"), b"foreign").unwrap();
    fs::create_dir(at("lost+found")).unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    assert_eq!(positions(&journal), [0, 1, 2, 3]);
    assert_eq!(journal.last_entry().unwrap().unwrap().0, 3);
    assert_eq!(
        append(&mut appender, b"next"),
        30,
        "positions given out are not given out again"
    );
    assert_eq!(positions(&journal), [0, 1, 2, 3, 30]);
    assert!(at("notes.txt").exists() && at("7.seg").exists());
}

#[test]
fn an_older_frame_inside_an_entry_is_not_an_entry() {
    let dir = tempdir().unwrap();
    let (mut appender, _) = open(small(dir.path())).unwrap();
    append(&mut appender, &[1; 10]);
    drop(appender);
    let frame = fs::read(&segments(dir.path())[0]).unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    append(&mut appender, &frame);
    append(&mut appender, b"after");
    drop((appender, journal));
    // The header of the entry that holds the old frame goes bad: its contents must not surface.
    let file = OpenOptions::new()
        .write(true)
        .open(&segments(dir.path())[1])
        .unwrap();
    file.write_all_at(&[0], 0).unwrap();
    let (_appender, journal) = open(small(dir.path())).unwrap();
    assert_eq!(positions(&journal), [0, 2]);
}

#[test]
fn a_damaged_cursor_file_repeats_but_never_skips() {
    let dir = tempdir().unwrap();
    many(dir.path(), 4);
    let (appender, journal) = open(small(dir.path())).unwrap();
    journal.set_cursor(
        "lane",
        Cursor {
            position: 3,
            note: [7; 64],
        },
    );
    appender.close().unwrap();
    drop(journal);
    let (_, journal) = open(small(dir.path())).unwrap();
    assert_eq!(
        journal.cursor("lane"),
        Some(Cursor {
            position: 3,
            note: [7; 64]
        })
    );
    assert_eq!(positions(&journal), [2, 3], "trimmed by whole segments");
    drop(journal);
    let slots = ["cursors.0", "cursors.1"].map(|name| dir.path().join(name));
    for bytes in [&b""[..], b"nonsense", &[0; 4096]] {
        for slot in &slots {
            fs::write(slot, bytes).unwrap();
        }
        let (_, journal) = open(small(dir.path())).unwrap();
        assert_eq!(journal.cursor("lane"), None);
        assert_eq!(positions(&journal), [2, 3]);
    }
}

#[test]
fn a_torn_cursor_file_leaves_the_cursors_before() {
    let dir = tempdir().unwrap();
    many(dir.path(), 4);
    let (_, journal) = open(small(dir.path())).unwrap();
    for position in 1..=3 {
        journal.set_cursor("lane", Cursor::at(position));
        journal.flush_cursors().unwrap();
    }
    drop(journal);
    let mut found = Vec::new();
    for slot in ["cursors.0", "cursors.1"].map(|name| dir.path().join(name)) {
        let whole = fs::read(&slot).unwrap();
        for cut in (0..whole.len()).filter(|cut| *cut < 150 || cut % 97 == 0) {
            let torn = if cut % 2 == 0 {
                whole[..cut].to_vec()
            } else {
                flip(&whole, cut)
            };
            fs::write(&slot, torn).unwrap();
            let (_, journal) = open(small(dir.path())).unwrap();
            found.push(journal.cursor("lane").unwrap().position);
            drop(journal);
        }
        fs::write(&slot, whole).unwrap();
    }
    assert!(found.iter().all(|position| [2, 3].contains(position)));
    assert!(found.contains(&2) && found.contains(&3));
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[at] ^= 1;
    flipped
}

#[test]
fn a_lost_tail_never_takes_positions_back_behind_a_cursor() {
    let dir = tempdir().unwrap();
    many(dir.path(), 8);
    let (appender, journal) = open(small(dir.path())).unwrap();
    journal.set_cursor("slow", Cursor::at(1));
    journal.set_cursor("fast", Cursor::at(7));
    appender.close().unwrap();
    drop(journal);
    for path in &segments(dir.path())[1..] {
        fs::remove_file(path).unwrap();
    }
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    assert_eq!((journal.start(), journal.end()), (0, 7));
    assert_eq!(append(&mut appender, b"next"), 7);
    assert_eq!(positions(&journal), [0, 1, 7]);
    assert_eq!(lost_from(&journal, 1), [2..7]);
    assert_eq!(journal.stats().lost_entries, 5);
}

#[test]
fn what_somebody_took_before_the_cursor_got_there_is_lost() {
    for taken in 1..=4 {
        let dir = tempdir().unwrap();
        many(dir.path(), 8);
        let (appender, journal) = open(small(dir.path())).unwrap();
        journal.set_cursor("slow", Cursor::at(1));
        journal.set_cursor("fast", Cursor::at(8));
        appender.close().unwrap();
        drop(journal);
        for path in &segments(dir.path())[..taken] {
            fs::remove_file(path).unwrap();
        }
        let (_appender, journal) = open(small(dir.path())).unwrap();
        let start = 2 * taken as u64;
        assert_eq!((journal.start(), journal.end()), (start, 8));
        assert_eq!(lost_from(&journal, 0), [0..start]);
        assert_eq!(lost_from(&journal, 1), [1..start]);
        assert_eq!(
            journal.stats().lost_entries,
            start - 1,
            "what is below every cursor was consumed"
        );
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = open(small(&file)).err().unwrap();
    assert!(
        matches!(&error, OpenError::Io { path, .. } if *path == file),
        "{error}"
    );

    let segment = dir.path().join("journal/00000000000000000000.seg");
    fs::create_dir_all(&segment).unwrap();
    let error = open(small(&dir.path().join("journal"))).err().unwrap();
    assert!(
        matches!(&error, OpenError::Io { path, .. } if *path == segment),
        "{error}"
    );
    assert!(error.to_string().contains("not a regular file"), "{error}");
}

#[test]
fn another_format_is_refused_and_left_alone() {
    let dir = tempdir().unwrap();
    many(dir.path(), 4);
    fs::write(dir.path().join("version"), "3 and more\n").unwrap();
    fs::write(segments(dir.path()).pop().unwrap(), "unreadable today").unwrap();
    fs::write(dir.path().join("segment.tmp"), "unfinished").unwrap();
    let before = contents(dir.path());
    let error = open(small(dir.path())).err().unwrap();
    assert!(
        matches!(&error, OpenError::Version { dir: refused, found: 3, known: 2 } if refused == dir.path()),
        "{error}"
    );
    let told = error.to_string();
    assert!(
        told.contains("let the one that wrote it deliver the rest"),
        "{told}"
    );
    assert!(told.contains(dir.path().to_str().unwrap()), "{told}");
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn a_format_number_that_is_damaged_or_missing_costs_nothing() {
    let dir = tempdir().unwrap();
    many(dir.path(), 4);
    let version = dir.path().join("version");
    for damage in [None, Some(&b""[..]), Some(b"one"), Some(b"\xFF\xFE")] {
        match damage {
            Some(bytes) => fs::write(&version, bytes).unwrap(),
            None => fs::remove_file(&version).unwrap(),
        }
        let (_appender, journal) = open(small(dir.path())).unwrap();
        assert_eq!(positions(&journal), [0, 1, 2, 3]);
        assert_eq!(fs::read(&version).unwrap(), b"2\n");
    }
}

/// Each file with its bytes.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn files_are_private() {
    let outer = tempdir().unwrap();
    let dir = outer.path().join("a/journal");
    many(&dir, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for entry in fs::read_dir(&dir).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

/// The size of 100 GB, without its bytes.
#[test]
fn the_start_does_not_read_the_backlog() {
    let dir = tempdir().unwrap();
    for segment in 0..6400 {
        let path = dir.path().join(format!("{:020}.seg", segment * 5000));
        File::create(path).unwrap().set_len(16 << 20).unwrap();
    }
    let settings = Settings {
        durability: Durability::Process,
        ..Settings::new(dir.path())
    };
    let started = Instant::now();
    let (mut appender, journal) = open(settings).unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "took {:?}",
        started.elapsed()
    );
    assert_eq!(
        journal.stats().bytes,
        6399 * (16 << 20),
        "the last one was cut to nothing"
    );
    let full = appender.append(&[Entry::default()]).unwrap_err();
    assert!(matches!(full, AppendError::Full { .. }), "{full}");
}
