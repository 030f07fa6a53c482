//! What the tests share: the lines of a lane, in order.

use std::path::{Path, PathBuf};

use stream_core::model::Lane;

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
