//! Processes that are killed in mid-write, and disks that are full. The tests start this program again as the process.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sink_file::{FileSink, Settings};
use stream_core::model::Lane;
use stream_core::sink::{Sink as _, SinkError};

use crate::common::{self, deliver, record};

/// Names the folder to the process that a test starts.
const DIR: &str = "SINK_FILE_TEST_DIR";

/// Returns as soon as the file grows.
fn in_the_next_write(path: &Path) {
    let length = || std::fs::metadata(path).unwrap().len();
    let (before, start) = (length(), Instant::now());
    while length() == before {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing is written");
    }
}

fn seq_of(line: &[u8]) -> u64 {
    let (seq, pad) = std::str::from_utf8(line).unwrap().split_once(' ').unwrap();
    assert_eq!(pad.len(), 500_000, "a whole line");
    seq.parse().unwrap()
}

#[tokio::test]
async fn kill_9_leaves_no_half_line_and_loses_nothing_that_was_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let (mut confirmed, mut halves) = (0_u64, 0);
    for round in 1..=10_u32 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "crash::writes_until_it_is_killed", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seqs = said.filter_map(|line| line.unwrap().strip_prefix("confirmed ")?.parse().ok());
        confirmed = seqs.by_ref().find(|seq| *seq >= confirmed + 20).expect("goes on");
        in_the_next_write(&common::files(dir.path(), Lane::Tweets).pop().unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        confirmed = seqs.last().unwrap_or(confirmed);
        let newest = common::files(dir.path(), Lane::Tweets).pop().unwrap();
        halves += usize::from(!std::fs::read(newest).unwrap().ends_with(b"\n"));

        drop(
            FileSink::new(Settings::new(dir.path()))
                .unwrap()
                .open(Lane::Tweets)
                .await
                .unwrap(),
        );
        let lines = common::lines(dir.path(), Lane::Tweets);
        let seqs: Vec<_> = lines.iter().map(|line| seq_of(line)).collect();
        assert!(seqs.is_sorted(), "round {round}: {seqs:?}");
        let missing = (1..=confirmed).find(|seq| seqs.binary_search(seq).is_err());
        assert_eq!(missing, None, "round {round}: of {confirmed}");
    }
    assert!(halves > 0, "no write was cut: the test shows nothing");
}

/// The process of the test above; by itself it does nothing.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Ok(dir) = env::var(DIR) else { return };
    let sink = FileSink::new(Settings::new(&dir)).unwrap();
    let mut publisher = sink.open(Lane::Tweets).await.unwrap();
    let last = common::lines(Path::new(&dir), Lane::Tweets)
        .last()
        .map(|line| seq_of(line));
    let pad = "x".repeat(500_000);
    let mut settled = Vec::new();
    for seq in last.unwrap_or(0) + 1.. {
        publisher
            .publish(&[record(seq, format!("{seq} {pad}"))])
            .await
            .unwrap();
        if seq % 10 == 0 {
            publisher.settled(&mut settled).await.unwrap();
            for one in settled.drain(..) {
                println!("confirmed {}", one.seq);
            }
        }
    }
}

#[test]
fn a_full_disk_keeps_whole_lines_and_collects_no_empty_files() {
    let dir = tempfile::tempdir().unwrap();
    // A limit on a file's size, and an error instead of a signal when it is reached.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let status = Command::new("bash")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "crash::meets_a_full_disk", "--nocapture"])
        .env(DIR, dir.path())
        .status()
        .unwrap();
    assert!(status.success());
    let values = common::lines(dir.path(), Lane::Tweets);
    // 64 KiB hold six lines of 10,000 bytes; the seventh was refused, and then delivered to another file.
    assert_eq!(values, vec![vec![b'x'; 10_000]; 7]);
    assert_eq!(common::files(dir.path(), Lane::Tweets).len(), 2);
}

/// The process of the test above; by itself it does nothing.
#[tokio::test]
async fn meets_a_full_disk() {
    let Ok(dir) = env::var(DIR) else { return };
    let sink = FileSink::new(Settings::new(&dir)).unwrap();
    let mut publisher = sink.open(Lane::Tweets).await.unwrap();
    for seq in 0..6 {
        deliver(&mut *publisher, record(seq, vec![b'x'; 10_000]))
            .await
            .unwrap();
    }
    let full = deliver(&mut *publisher, record(6, vec![b'x'; 10_000])).await;
    assert!(matches!(full, Err(SinkError::Operator(_))), "{full:?}");
    for _ in 0..3 {
        let mut publisher = sink.open(Lane::Tweets).await.unwrap();
        let full = deliver(&mut *publisher, record(6, vec![b'x'; 100_000])).await;
        assert!(matches!(full, Err(SinkError::Operator(_))), "{full:?}");
    }
    let mut publisher = sink.open(Lane::Tweets).await.unwrap();
    deliver(&mut *publisher, record(6, vec![b'x'; 10_000]))
        .await
        .unwrap();
}
