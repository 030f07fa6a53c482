//! What a folder lies on: kind of file system, room, how long a sync takes. Leaves nothing behind.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::linux::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, major, minor, openat};
use stream_core::pipeline::NamedSink;

use super::seen::Seen;
use crate::admin::client;
use crate::admin::report::Report;
use crate::components::Parts;
use crate::machine::free_bytes;
use crate::words;

/// Where the kernel says what is mounted.
const MOUNTS: &str = "/proc/self/mountinfo";
/// What a sync may take before it is worth a word: the journal makes one for each batch.
const SLOW: Duration = Duration::from_millis(100);
/// How often it is tried; the slowest counts.
const TRIES: u32 = 5;

/// Tells what the journal lies on, and file sinks where that is another disk.
pub(super) fn tell(parts: &Parts) {
    let dir = &parts.data_path.settings.journal.dir;
    let journal = nearest(dir);
    let mut seen = on(journal);
    seen.notes.extend(kind(journal).as_deref().and_then(unfit));
    room(journal, parts, &mut seen);
    seen.tell("disk");
    let files = parts
        .data_path
        .sinks
        .iter()
        .filter(|sink| sink.sink.kind() == "file");
    for NamedSink { name, sink } in files {
        let dir = sink.address();
        let there = nearest(Path::new(&dir));
        if device(there) != device(journal) {
            on(there).tell(&format!("disk of sink {name}"));
        }
    }
}

/// The folder itself, or the nearest of those it lies in that is there.
fn nearest(dir: &Path) -> &Path {
    let there = dir.ancestors().find(|path| path.is_dir());
    there.unwrap_or(Path::new("."))
}

/// What `there` lies on: its kind first, then what is free, and what a sync takes.
fn on(there: &Path) -> Seen {
    let mut seen = Seen {
        facts: vec![kind(there).unwrap_or_else(|| "of an unknown kind".to_owned())],
        notes: Vec::new(),
    };
    seen.facts
        .extend(free_bytes(there).map(|free| format!("{} free", words::bytes(free))));
    if let Ok(slowest) = sync_time(there) {
        let millis = slowest.as_secs_f64() * 1_000.0;
        seen.facts.push(format!("a sync takes {millis:.1} ms"));
        let slow =
            "syncs are slow, and with durability \"strict\" every message waits for one: use a local disk";
        seen.notes.extend((slowest > SLOW).then(|| slow.to_owned()));
    }
    seen
}

/// How long what is free lasts at the rate of a daemon that runs, and whether it is less than the journal may have.
fn room(there: &Path, parts: &Parts, seen: &mut Seen) {
    let Some(free) = free_bytes(there) else { return };
    let address = parts.admin.listen.as_ref();
    let status = address.and_then(|address| client::status(address).ok());
    let report = status.and_then(|body| Report::read(&body).ok());
    let journal = report.map(|report| report.status.journal).unwrap_or_default();
    let left = journal.max_bytes.saturating_sub(journal.bytes);
    if let Some(lasts) = journal
        .lasts_seconds
        .and_then(|seconds| lasts(free, left, seconds))
    {
        seen.facts
            .push(format!("room for {} at the present rate", words::span(lasts)));
    }
    let most = parts.data_path.settings.journal.max_bytes;
    if free.saturating_add(journal.bytes) < most {
        seen.notes.push(format!(
            "it is full before the journal is, which may have {}: make room, or set journal.max_bytes lower",
            words::bytes(most)
        ));
    }
}

/// How long `free` bytes last, if `left` bytes of the journal last so many seconds.
fn lasts(free: u64, left: u64, seconds: u64) -> Option<Duration> {
    let per_second = left.checked_div(seconds).filter(|rate| *rate > 0)?;
    Some(Duration::from_secs(free / per_second))
}

fn device(path: &Path) -> Option<u64> {
    Some(std::fs::metadata(path).ok()?.st_dev())
}

/// The kind of file system that `path` lies on, as the kernel calls it.
fn kind(path: &Path) -> Option<String> {
    let device = device(path)?;
    let device = format!("{}:{}", major(device), minor(device));
    let mounts = std::fs::read_to_string(MOUNTS).ok()?;
    let mount = mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(&device))?;
    let (_, kind) = mount.split_once(" - ")?;
    kind.split(' ').next().map(str::to_owned)
}

/// Why a journal should not lie on it.
fn unfit(kind: &str) -> Option<String> {
    let why = match kind {
        "tmpfs" | "ramfs" => {
            "it is memory: what was received and not delivered is gone when the machine restarts"
        }
        "nfs" | "nfs4" | "cifs" | "smb3" | "9p" | "ceph" => {
            "it is on another machine: the journal waits for the network, and its lock may not hold"
        }
        _ => return None,
    };
    Some(format!("{why}; name a folder on a local disk in journal.dir"))
}

/// The slowest of some syncs of a file that has no name and goes with us.
fn sync_time(dir: &Path) -> std::io::Result<Duration> {
    let file: OwnedFd = openat(
        CWD,
        dir,
        OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC,
        Mode::RUSR,
    )?;
    let mut file = File::from(file);
    let mut slowest = Duration::ZERO;
    for _ in 0..TRIES {
        file.write_all(&[0; 4_096])?;
        let start = Instant::now();
        file.sync_data()?;
        slowest = slowest.max(start.elapsed());
    }
    Ok(slowest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_known_and_nothing_is_left_on_it() {
        let dir = tempfile::tempdir().unwrap();
        assert!(sync_time(dir.path()).unwrap() > Duration::ZERO);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_eq!(kind(Path::new("/proc")).as_deref(), Some("proc"));
        assert!(kind(&dir.path().join("none")).is_none());
    }

    #[test]
    fn memory_and_networks_are_no_place_for_a_journal() {
        assert!(unfit("tmpfs").unwrap().contains("gone when the machine restarts"));
        assert!(unfit("nfs4").unwrap().contains("another machine"));
        assert_eq!(unfit("ext4"), None);
    }

    #[test]
    fn what_is_free_lasts_by_the_rate_of_the_journal() {
        assert_eq!(lasts(1_000, 100, 10), Some(Duration::from_secs(100)));
        assert_eq!(lasts(1_000, 5, 10), None);
        assert_eq!(lasts(1_000, 5, 0), None);
    }
}
