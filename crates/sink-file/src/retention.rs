//! Retention: which finished files of a lane are too old, or too many. `expire` looks and removes; what to remove is decided purely.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::settings::Keep;

/// A finished file.
struct Finished {
    path: PathBuf,
    bytes: u64,
    /// How long nothing has been added to it.
    age: Duration,
}

/// Removes those of `files`, oldest first, that `keep` does not keep. A file that somebody else has removed is gone, too.
pub(crate) fn expire(files: Vec<PathBuf>, keep: Keep) -> io::Result<()> {
    if keep == Keep::default() {
        return Ok(());
    }
    let now = SystemTime::now();
    let look = |path: PathBuf| {
        let metadata = fs::metadata(&path).ok()?;
        Some(Finished {
            bytes: metadata.len(),
            age: now.duration_since(metadata.modified().ok()?).unwrap_or_default(),
            path,
        })
    };
    let files: Vec<_> = files.into_iter().filter_map(look).collect();
    for file in &files[..expired(&files, keep)] {
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => tracing::info!(file = %file.path.display(), bytes = file.bytes, "retention: removed"),
        }
    }
    Ok(())
}

/// How many of `files`, oldest first, are not to be kept.
fn expired(files: &[Finished], keep: Keep) -> usize {
    let old = files
        .iter()
        .take_while(|file| keep.age.is_some_and(|most| file.age > most));
    let old = old.count();
    let mut kept = 0;
    let fits = files.iter().rev().take_while(|file| {
        kept += file.bytes;
        keep.bytes.is_none_or(|most| kept <= most)
    });
    old.max(files.len() - fits.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_too_much_goes_oldest_first() {
        let file = |secs, bytes| Finished {
            path: PathBuf::new(),
            bytes,
            age: Duration::from_secs(secs),
        };
        let files = [file(400, 10), file(300, 10), file(200, 50), file(100, 10)];
        let keep = |secs: Option<u64>, bytes| Keep {
            age: secs.map(Duration::from_secs),
            bytes,
        };
        for (secs, bytes, gone) in [
            (None, None, 0),
            (Some(400), None, 0),
            (Some(399), None, 1),
            (Some(50), None, 4),
            (None, Some(80), 0),
            (None, Some(79), 1),
            (None, Some(59), 3),
            (None, Some(0), 4),
            (Some(250), Some(75), 2),
            (Some(350), Some(65), 2),
        ] {
            assert_eq!(expired(&files, keep(secs, bytes)), gone, "{secs:?} {bytes:?}");
        }
        assert_eq!(expired(&[], keep(Some(0), Some(0))), 0);
    }
}
