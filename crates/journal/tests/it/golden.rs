//! What stands on disk, byte by byte. A test here that fails means that journals of before can no longer be read:
//! then their format needs another number.

use std::fs;
use std::path::Path;

use journal::{Cursor, Entry, open};
use tempfile::tempdir;

use crate::common::{read_all, segments, small};

const VERSION: &[u8] = b"2\n";
const OLDER_VERSION: &[u8] = b"1\n";

/// Magic, CRC-32, length, position, payload: positions 0 and 1.
const SEGMENT: &[u8] = b"\xF5\x1E\xFF\xA7\xAFLx\x1D\x08\0\0\0\0\0\0\0\0\0\0\0headbody\
    \xF5\x1E\xFF\xA7\xF1\xC6\x7F\xB7\0\0\0\0\x01\0\0\0\0\0\0\0";

/// Position 258.
const LATER: &[u8] = b"\xF5\x1E\xFF\xA7\x80\x86pB\x0C\0\0\0\x02\x01\0\0\0\0\0\0after a jump";

const MAGIC: &[u8] = b"cursors2";
const OLDER_MAGIC: &[u8] = b"cursors1";
const SEQUENCE: &[u8] = b"\x08\x07\x06\x05\x04\x03\x02\x01";

/// The first cursor's name with its length before it, and its position; then its note.
const FILES: &[u8] = b"\x05\0\0\0files\x02\0\0\0\0\0\0\0";
/// The same of the second, whose note is zeros.
const LANE: &[u8] = b"\x04\0\0\0lane\x01\0\0\0\0\0\0\0";

const NOTE_BYTES: usize = 64;
const OLDER_NOTE_BYTES: usize = 24;

/// Of all that is before it.
const CRC: &[u8] = b"\x3A\x31\x42\x22";
const OLDER_CRC: &[u8] = b"\x1F\xA3\x93\xB7";

const CURSOR_FILE_BYTES: usize = 4096;

fn cursor_file() -> Vec<u8> {
    file_of(MAGIC, NOTE_BYTES, CRC)
}

fn older_cursor_file() -> Vec<u8> {
    file_of(OLDER_MAGIC, OLDER_NOTE_BYTES, OLDER_CRC)
}

fn file_of(magic: &[u8], note_bytes: usize, crc: &[u8]) -> Vec<u8> {
    let count = b"\x02\0\0\0";
    let (note, zeros) = (&files_note(note_bytes)[..note_bytes], &vec![0; note_bytes][..]);
    let mut bytes = [magic, SEQUENCE, count, FILES, note, LANE, zeros].concat();
    bytes.resize(CURSOR_FILE_BYTES - crc.len(), 0);
    [&bytes, crc].concat()
}

/// `A0 A1 A2 …`, zeros after the first `bytes` of them.
fn files_note(bytes: usize) -> [u8; NOTE_BYTES] {
    std::array::from_fn(|at| if at < bytes { 0xA0 + at as u8 } else { 0 })
}

fn files_cursor(note_bytes: usize) -> Cursor {
    Cursor {
        position: 2,
        note: files_note(note_bytes),
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn these_bytes_are_read() {
    reads(VERSION, &cursor_file(), &files_cursor(NOTE_BYTES));
}

#[test]
fn cursors_of_the_format_before_are_read_and_their_folder_becomes_ours() {
    reads(
        OLDER_VERSION,
        &older_cursor_file(),
        &files_cursor(OLDER_NOTE_BYTES),
    );
}

fn reads(version: &[u8], cursor_file: &[u8], files: &Cursor) {
    let dir = tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("version", version);
    write("00000000000000000000.seg", SEGMENT);
    write("00000000000000000258.seg", LATER);
    write("cursors.0", cursor_file);
    let (_appender, journal) = open(small(dir.path())).unwrap();
    assert_eq!(
        journal.cursors(),
        [("files".to_owned(), *files), ("lane".to_owned(), Cursor::at(1))]
    );
    assert_eq!(
        read_all(&journal),
        [
            (0, b"headbody".to_vec()),
            (1, Vec::new()),
            (258, b"after a jump".to_vec())
        ]
    );
    assert_eq!(journal.end(), 259);
    assert_eq!(fs::read(dir.path().join("version")).unwrap(), VERSION);
}

#[test]
fn these_bytes_are_written() {
    let dir = tempdir().unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    let first = Entry {
        head: b"head",
        body: b"body",
    };
    appender.append(&[first, Entry::default()]).unwrap();
    journal.set_cursor("lane", Cursor::at(1));
    journal.set_cursor("files", files_cursor(NOTE_BYTES));
    appender.close().unwrap();
    drop(journal);
    assert_eq!(
        names(dir.path()),
        [
            "00000000000000000000.seg",
            "cursors.0",
            "cursors.1",
            "lock",
            "version"
        ]
    );
    assert_eq!(fs::read(dir.path().join("version")).unwrap(), VERSION);
    assert_eq!(fs::read(&segments(dir.path())[0]).unwrap(), SEGMENT);
    // How often cursors were written is the clock's: the sequence may be any, and the checksum with it.
    let newest = ["cursors.0", "cursors.1"]
        .map(|name| fs::read(dir.path().join(name)).unwrap())
        .into_iter()
        .max_by_key(|bytes| u64::from_le_bytes(bytes[8..16].try_into().unwrap()))
        .unwrap();
    assert_eq!(newest.len(), CURSOR_FILE_BYTES);
    assert_eq!(&newest[..8], MAGIC);
    let other = 16..CURSOR_FILE_BYTES - CRC.len();
    assert_eq!(newest[other.clone()], cursor_file()[other]);
}
