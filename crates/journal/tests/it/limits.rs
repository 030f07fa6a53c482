//! The size limit, and a disk that takes no more.

use std::process::Command;

use journal::{AppendError, Cursor, Durability, Entry, Settings, open};
use tempfile::tempdir;

use crate::common::{append, eventually, positions, segments, small};

const BODY: [u8; 100] = [b'x'; 100];

#[test]
fn full_then_consumed_then_free() {
    let dir = tempdir().unwrap();
    let settings = Settings {
        max_bytes: 2000,
        ..small(dir.path())
    };
    let (mut appender, journal) = open(settings).unwrap();
    journal.set_cursor("lane", Cursor::at(0));
    let mut appended = 0;
    for _ in 0..5 {
        let refused = loop {
            match appender.append(&[Entry {
                head: &BODY,
                body: &BODY,
            }]) {
                Ok(range) => appended = range.end,
                Err(error) => break error,
            }
        };
        assert!(
            matches!(
                refused,
                AppendError::Full {
                    bytes: 1980,
                    max_bytes: 2000
                }
            ),
            "{refused}"
        );
        assert_eq!((journal.end(), journal.stats().bytes), (appended, 1980));
        journal.set_cursor("lane", Cursor::at(appended));
        eventually("trimmed to the newest segment", || journal.stats().segments == 1);
        assert_eq!(positions(&journal), [appended - 1]);
    }
    assert_eq!(appended, 9 + 4 * 8);
    assert_eq!(segments(dir.path()).len(), 1);
}

#[test]
fn without_cursors_and_behind_a_lagging_one_nothing_goes() {
    let dir = tempdir().unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    for _ in 0..10 {
        append(&mut appender, &BODY);
    }
    journal.flush_cursors().unwrap();
    assert_eq!((journal.start(), journal.stats().segments), (0, 5));
    journal.set_cursor("slow", Cursor::at(3));
    journal.set_cursor("fast", Cursor::at(10));
    journal.flush_cursors().unwrap();
    assert_eq!((journal.start(), journal.stats().segments), (2, 4));
    journal.forget_cursor("slow");
    journal.flush_cursors().unwrap();
    assert_eq!((journal.start(), journal.stats().segments), (8, 1));
    assert_eq!(journal.cursors(), [("fast".to_owned(), Cursor::at(10))]);
    assert_eq!(journal.last_entry().unwrap().unwrap().0, 9);
}

#[test]
fn what_never_fits_is_told_from_what_does_not_fit_now() {
    let dir = tempdir().unwrap();
    let settings = Settings {
        max_bytes: 2000,
        ..small(dir.path())
    };
    let (mut appender, journal) = open(settings).unwrap();
    let error = appender
        .append(&[Entry {
            head: &[],
            body: &[0; 1000],
        }])
        .unwrap_err();
    assert!(
        matches!(
            error,
            AppendError::TooLarge {
                bytes: 1020,
                max_bytes: 1000
            }
        ),
        "{error}"
    );
    let range = appender
        .append(&[Entry {
            head: &[],
            body: &[0; 980],
        }])
        .unwrap();
    assert_eq!(range, 0..1);
    assert_eq!(appender.append(&[]).unwrap(), 1..1);
    assert_eq!(journal.stats().segments, 1);
}

#[test]
fn a_large_batch_lies_in_one_segment_in_many_writes() {
    let dir = tempdir().unwrap();
    let (mut appender, journal) = open(small(dir.path())).unwrap();
    let bodies: Vec<_> = (0..2000u32).map(u32::to_le_bytes).collect();
    let entries: Vec<_> = bodies.iter().map(|body| Entry { head: &[], body }).collect();
    assert_eq!(appender.append(&entries).unwrap(), 0..2000);
    assert_eq!(append(&mut appender, b"next"), 2000);
    assert_eq!(segments(dir.path()).len(), 2);
    let read = crate::common::read_all(&journal);
    assert!((0..2000).all(|at| read[at] == (at as u64, bodies[at].to_vec())));
}

/// `RLIMIT_FSIZE` gives a real write that ends in the middle, and then an error, to anyone. The
/// shell ignores the signal that would come with it, and its child inherits that.
#[test]
fn a_write_that_fails_half_way_leaves_nothing() {
    if let Ok(dir) = std::env::var("JOURNAL_TEST_LIMITED_DIR") {
        return limited(dir.as_ref());
    }
    for durability in ["process", "strict"] {
        let dir = tempdir().unwrap();
        let status = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -S -f 16; exec \"$@\"", "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["limits::a_write_that_fails_half_way_leaves_nothing", "--exact"])
            .env("JOURNAL_TEST_LIMITED_DIR", dir.path())
            .env("JOURNAL_TEST_DURABILITY", durability)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{durability}");
        // What the child appended before and after the failures, and only that.
        let (_, journal) = open(small(dir.path())).unwrap();
        let end = journal.end();
        assert!(end > 10);
        assert_eq!(positions(&journal), (0..end).collect::<Vec<_>>());
        assert_eq!((journal.stats().lost_entries, journal.stats().cut_bytes), (0, 0));
    }
}

fn limited(dir: &std::path::Path) {
    let strict = std::env::var("JOURNAL_TEST_DURABILITY").unwrap() == "strict";
    let durability = if strict {
        Durability::Strict
    } else {
        Durability::Process
    };
    let settings = Settings {
        segment_bytes: 1 << 20,
        max_bytes: 8 << 20,
        durability,
        ..Settings::new(dir)
    };
    let (mut appender, journal) = open(settings).unwrap();
    let batch = [Entry {
        head: &BODY,
        body: &BODY,
    }; 3];
    let mut appended = 0;
    let error = loop {
        match appender.append(&batch) {
            Ok(range) => appended = range.end,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AppendError::Io(_)), "{error}");
    let before = journal.stats();
    assert_eq!((before.end, before.bytes), (appended, appended * 220));
    assert_eq!(
        std::fs::metadata(&segments(dir)[0]).unwrap().len(),
        appended * 220
    );
    assert!(appender.append(&batch).is_err(), "still no room");
    assert_eq!(positions(&journal), (0..appended).collect::<Vec<_>>());

    let limits = rustix::process::getrlimit(rustix::process::Resource::Fsize);
    let raised = rustix::process::Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, raised).unwrap();
    assert_eq!(appender.append(&batch).unwrap(), appended..appended + 3);
    appender.close().unwrap();
}
