//! What the journal's tests share.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use journal::{Appender, Durability, Entry, Item, Journal, Settings};

/// Small segments, so that a few entries make several.
pub(crate) fn small(dir: &Path) -> Settings {
    Settings {
        segment_bytes: 256,
        max_bytes: 1 << 20,
        durability: Durability::Process,
        ..Settings::new(dir)
    }
}

pub(crate) fn append(appender: &mut Appender, body: &[u8]) -> u64 {
    appender.append(&[Entry { head: &[], body }]).unwrap().start
}

/// Everything held. What the cursors have passed may be trimmed while it is read.
pub(crate) fn read_all(journal: &Journal) -> Vec<(u64, Vec<u8>)> {
    read_from(journal, 0)
}

/// Every entry from `position` on.
pub(crate) fn read_from(journal: &Journal, position: u64) -> Vec<(u64, Vec<u8>)> {
    items(journal, position)
        .into_iter()
        .filter_map(|item| match item {
            Item::Entry(position, bytes) => Some((position, bytes.to_vec())),
            Item::Lost(_) => None,
        })
        .collect()
}

/// What cannot be read from `position` on, joined.
pub(crate) fn lost_from(journal: &Journal, position: u64) -> Vec<Range<u64>> {
    let mut all: Vec<Range<u64>> = Vec::new();
    for item in items(journal, position) {
        match (item, all.last_mut()) {
            (Item::Lost(lost), Some(last)) if last.end == lost.start => last.end = lost.end,
            (Item::Lost(lost), _) => all.push(lost),
            _ => {}
        }
    }
    all
}

/// Everything from `position` on, in small batches: no position is left out, none comes twice.
pub(crate) fn items(journal: &Journal, position: u64) -> Vec<Item> {
    let mut reader = journal.read_from(position);
    let (mut all, mut next) = (Vec::new(), position);
    loop {
        let batch = reader.next_batch(100).unwrap();
        for item in &batch {
            let positions = match item {
                Item::Entry(position, _) => *position..position + 1,
                Item::Lost(positions) => positions.clone(),
            };
            assert!(
                positions.start == next && !positions.is_empty(),
                "{next}: {item:?}"
            );
            next = positions.end;
        }
        assert_eq!(reader.position(), next);
        if batch.is_empty() {
            return all;
        }
        all.extend(batch);
    }
}

pub(crate) fn positions(journal: &Journal) -> Vec<u64> {
    read_all(journal)
        .into_iter()
        .map(|(position, _)| position)
        .collect()
}

/// The segment files, oldest first.
pub(crate) fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "seg"))
        .collect();
    paths.sort();
    paths
}

/// The directory as a process killed now would leave it.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Waits for something that the journal's thread brings about.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
