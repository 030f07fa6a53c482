//! How often birdfeed was started with a journal: a number in a small file in its folder, for a restart loop is more than the
//! process that is up at the moment can know.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Counts this start, and gives the number of all. A disk that refuses is told and costs the count, nothing else.
pub(crate) fn count(journal: &Path) -> u64 {
    let path = journal.join("starts");
    let before = fs::read_to_string(&path).ok();
    let before: u64 = before
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or_default();
    let starts = before.saturating_add(1);
    if let Err(error) = replace(&path, starts) {
        tracing::warn!(%error, "this start cannot be noted: a restart loop may not show");
    }
    starts
}

/// In one step: a crash leaves the old or the new.
fn replace(path: &Path, starts: u64) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    writeln!(file, "{starts}")?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_counted_over_processes_and_what_cannot_be_read_counts_as_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!([count(dir.path()), count(dir.path())], [1, 2]);
        fs::write(dir.path().join("starts"), "many").unwrap();
        assert_eq!([count(dir.path()), count(dir.path())], [1, 2]);
        // As after a crash between the two steps.
        fs::write(dir.path().join("starts.new"), "9").unwrap();
        assert_eq!(count(dir.path()), 3);
        assert_eq!(count(&dir.path().join("none")), 1);
    }
}
