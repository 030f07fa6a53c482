//! Two processes at one directory, and one that is killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use journal::{Cursor, Durability, Entry, OpenError, Settings, open};
use tempfile::tempdir;

use crate::common::{append, positions, small};

/// This test program again, to play the other process in the test of that name.
fn child(test: &str, dir: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("JOURNAL_TEST_CHILD_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Set in the other process.
fn child_dir() -> Option<std::path::PathBuf> {
    std::env::var_os("JOURNAL_TEST_CHILD_DIR").map(Into::into)
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
}

#[test]
fn a_second_open_is_refused_while_any_handle_lives() {
    let dir = tempdir().unwrap();
    let (appender, journal) = open(small(dir.path())).unwrap();
    assert!(matches!(open(small(dir.path())), Err(OpenError::Locked { .. })));
    appender.close().unwrap();
    let reader = journal.read_from(0);
    drop(journal);
    assert!(matches!(open(small(dir.path())), Err(OpenError::Locked { .. })));
    drop(reader);
    let (mut appender, _) = open(small(dir.path())).unwrap();
    assert_eq!(append(&mut appender, b"mine"), 0);
}

#[test]
fn a_second_process_is_refused() {
    if let Some(dir) = child_dir() {
        let held = open(small(&dir)).unwrap();
        say("open");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        drop(held);
        return;
    }
    let dir = tempdir().unwrap();
    let mut other = child("processes::a_second_process_is_refused", dir.path());
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "open"));
    let error = open(small(dir.path())).err().unwrap();
    assert!(
        matches!(&error, OpenError::Locked { dir: locked } if locked == dir.path()),
        "{error}"
    );
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    assert!(open(small(dir.path())).is_ok());
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    if let Some(dir) = child_dir() {
        return append_for_ever(&dir);
    }
    let dir = tempdir().unwrap();
    let mut acknowledged = 0;
    for cycle in 0..20 {
        let mut writer = child("processes::nothing_acknowledged_is_lost_by_kill_9", dir.path());
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut left = 50 + cycle * 13;
        while left > 0 {
            let line = lines
                .next()
                .expect("the child goes on until it is killed")
                .unwrap();
            left -= usize::from(line.starts_with("end "));
        }
        writer.kill().unwrap();
        // What it still said before it died counts as well.
        let last = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("end ")?.parse().ok());
        acknowledged = last.last().unwrap_or(acknowledged).max(acknowledged);
        writer.wait().unwrap();

        let (_, journal) = open(settings(dir.path())).unwrap();
        assert!(journal.end() >= acknowledged, "cycle {cycle}");
        // What the cursor passed goes first, or it would go while it is read.
        journal.flush_cursors().unwrap();
        let held = positions(&journal);
        let whole = held.iter().copied().eq(held[0]..journal.end());
        assert!(whole, "cycle {cycle}: {} entries from {}", held.len(), held[0]);
        let cursor = journal.cursor("lane").unwrap().position;
        assert!(held[0] <= cursor && cursor <= journal.end(), "cycle {cycle}");
        assert_eq!(journal.stats().lost_entries, 0);
    }
    assert!(acknowledged > 20 * 50);
}

fn settings(dir: &std::path::Path) -> Settings {
    Settings {
        segment_bytes: 64 << 10,
        durability: Durability::Adaptive,
        ..Settings::new(dir)
    }
}

/// Appends batches of various sizes, says how far it got, and has a cursor far behind.
fn append_for_ever(dir: &std::path::Path) {
    let (mut appender, journal) = open(settings(dir)).unwrap();
    if journal.cursor("lane").is_none() {
        journal.set_cursor("lane", Cursor::at(0));
        journal.flush_cursors().unwrap();
    }
    let body = [b'x'; 3000];
    for size in (1..4).cycle() {
        let entries = vec![
            Entry {
                head: b"head",
                body: &body
            };
            size
        ];
        let end = appender.append(&entries).unwrap().end;
        journal.set_cursor("lane", Cursor::at(end.saturating_sub(200)));
        let mut out = std::io::stdout().lock();
        // The reader goes away with the test: then so do we.
        if writeln!(out, "\nend {end}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}
