//! What stands on disk, byte by byte. A test here that fails means that journals of before can no longer be read:
//! then their format needs another number.

use std::fs;
use std::path::Path;

use journal::{Cursor, Entry, open};
use tempfile::tempdir;

use crate::common::{read_all, segments, small};

const VERSION: &[u8] = b"1\n";

/// Magic, CRC-32, length, position, payload: positions 0 and 1.
const SEGMENT: &[u8] = b"\xF5\x1E\xFF\xA7\xAFLx\x1D\x08\0\0\0\0\0\0\0\0\0\0\0headbody\
    \xF5\x1E\xFF\xA7\xF1\xC6\x7F\xB7\0\0\0\0\x01\0\0\0\0\0\0\0";

/// Position 258.
const LATER: &[u8] = b"\xF5\x1E\xFF\xA7\x80\x86pB\x0C\0\0\0\x02\x01\0\0\0\0\0\0after a jump";

const MAGIC: &[u8] = b"cursors1";
const SEQUENCE: &[u8] = b"\x08\x07\x06\x05\x04\x03\x02\x01";

/// How many, then of each its name's length, the name, the position, the note.
const CURSORS: &[u8] = b"\x02\0\0\0\
    \x05\0\0\0files\x02\0\0\0\0\0\0\0\xA0\xA1\xA2\xA3\xA4\xA5\xA6\xA7\xA8\xA9\xAA\xAB\xAC\xAD\xAE\xAF\
    \xB0\xB1\xB2\xB3\xB4\xB5\xB6\xB7\
    \x04\0\0\0lane\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Of all that is before it.
const CRC: &[u8] = b"\x1F\xA3\x93\xB7";

const CURSOR_FILE_BYTES: usize = 4096;

fn cursor_file() -> Vec<u8> {
    let mut bytes = [MAGIC, SEQUENCE, CURSORS].concat();
    bytes.resize(CURSOR_FILE_BYTES - CRC.len(), 0);
    [&bytes, CRC].concat()
}

fn files_cursor() -> Cursor {
    Cursor {
        position: 2,
        note: std::array::from_fn(|at| 0xA0 + at as u8),
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
    let dir = tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("version", VERSION);
    write("00000000000000000000.seg", SEGMENT);
    write("00000000000000000258.seg", LATER);
    write("cursors.0", &cursor_file());
    let (_appender, journal) = open(small(dir.path())).unwrap();
    assert_eq!(
        journal.cursors(),
        [
            ("files".to_owned(), files_cursor()),
            ("lane".to_owned(), Cursor::at(1))
        ]
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
    journal.set_cursor("files", files_cursor());
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
