//! What the tests share: records, and the lines of a lane, in order.
#![allow(dead_code, reason = "each test program uses its part")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use stream_core::model::{Lane, Place, Record, Timestamp};
use stream_core::sink::{Publisher, SinkError};

/// The lane's files, oldest first.
pub(crate) fn files(dir: &Path, lane: Lane) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir.join(lane.name())) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The lines in them. A file that does not end with a line end is a failure.
pub(crate) fn lines(dir: &Path, lane: Lane) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for path in files(dir, lane) {
        let bytes = std::fs::read(&path).unwrap();
        let whole = bytes.strip_suffix(b"\n").expect("whole lines, and at least one");
        lines.extend(whole.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }
    lines
}

pub(crate) fn record(seq: u64, value: impl Into<Bytes>) -> Record {
    Record {
        lane: Lane::Tweets,
        place: Place { epoch: 1, seq },
        previous: None,
        lanes: [Lane::Tweets].into_iter().collect(),
        repeat: false,
        trace: None,
        received_at: Timestamp::now(),
        key: None,
        value: value.into(),
    }
}

/// Publishes one record and waits for its outcome.
pub(crate) async fn deliver(publisher: &mut dyn Publisher, record: Record) -> Result<(), SinkError> {
    publisher.publish(&[record]).await?;
    let mut settled = Vec::new();
    publisher.settled(&mut settled).await
}
