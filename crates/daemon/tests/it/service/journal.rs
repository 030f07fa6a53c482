//! Standard error into systemd's journal.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::support::birdfeed;

/// What a daemon writes that cannot have its port, if `JOURNAL_STREAM` names a stream whose inode is so far from its own.
fn written(dir: &Path, off: u64) -> String {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = dir.join("log");
    let log = File::create(&path).unwrap();
    let stream = log.metadata().unwrap();
    let mut command = birdfeed();
    command
        .current_dir(dir)
        .arg("run")
        .env("X_BEARER_TOKEN", "a-token")
        .env("BIRDFEED__ADMIN__LISTEN", taken.local_addr().unwrap().to_string())
        .env(
            "JOURNAL_STREAM",
            format!("{}:{}", stream.dev(), stream.ino() + off),
        )
        .stderr(log);
    assert_eq!(command.status().unwrap().code(), Some(74));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn lines_have_priorities_in_the_journal_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let journal = written(dir.path(), 0);
    let first = journal.lines().next().unwrap();
    assert!(
        first.starts_with("<6>{") && first.contains("birdfeed starts"),
        "{journal}"
    );
    let last = journal.lines().last().unwrap();
    assert!(
        last.starts_with("<3>birdfeed: the admin server cannot listen"),
        "{journal}"
    );
    let redirected = written(dir.path(), 1);
    assert!(
        redirected.lines().all(|line| !line.starts_with('<')),
        "{redirected}"
    );
    // A problem is shown in several lines, and each is an entry.
    let log = File::create(dir.path().join("log")).unwrap();
    let stream = log.metadata().unwrap();
    let mut check = birdfeed();
    check.current_dir(dir.path()).arg("check").stderr(log);
    check.env("JOURNAL_STREAM", format!("{}:{}", stream.dev(), stream.ino()));
    assert_eq!(check.status().unwrap().code(), Some(64));
    let problems = std::fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(
        problems.lines().count() > 1 && problems.lines().all(|line| line.starts_with("<3>")),
        "{problems}"
    );
}
