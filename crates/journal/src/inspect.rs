//! Preflight: whether a folder could be opened as a journal, without changing anything.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FlockOperation, access, flock};

use crate::disk::LOCK;
use crate::error::OpenError;
use crate::format;

/// What stands where a journal is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet; it can be made.
    Nothing,
    /// A folder that can be opened.
    Folder,
    /// A journal that another process has open.
    InUse,
}

/// Looks at `dir` as [`open`](crate::open()) would. Its errors are those that `open` would meet with, except that a journal in use
/// is none. A journal that is opened at the very same moment may be told that it is in use.
pub fn inspect(dir: &Path) -> Result<Found, OpenError> {
    let at = |path: PathBuf| move |source| OpenError::Io { path, source };
    let there = existing(dir);
    let kind = fs::metadata(&there).map_err(at(there.clone()))?;
    if !kind.is_dir() {
        return Err(at(there)(ErrorKind::NotADirectory.into()));
    }
    let needed = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    access(&there, needed).map_err(|error| at(there.clone())(error.into()))?;
    if there != dir {
        return Ok(Found::Nothing);
    }
    format::look(dir)?;
    in_use(&dir.join(LOCK)).map_err(at(dir.join(LOCK)))
}

/// The nearest of a path's folders that is there, or what is in the way of one.
fn existing(path: &Path) -> PathBuf {
    let absent = [ErrorKind::NotFound, ErrorKind::NotADirectory];
    let is_there = |path: &&Path| {
        let found = fs::symlink_metadata(path);
        found.map_or_else(|error| !absent.contains(&error.kind()), |_| true)
    };
    path.ancestors()
        .find(is_there)
        .unwrap_or(Path::new("."))
        .to_owned()
}

fn in_use(lock: &Path) -> io::Result<Found> {
    let lock = match File::options().write(true).open(lock) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Folder),
        Err(error) => return Err(error),
    };
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Found::Folder),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Found::InUse),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, open};

    #[test]
    fn what_would_be_met_with_is_told_and_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/journal");
        assert_eq!(inspect(&dir).unwrap(), Found::Nothing);
        assert!(!dir.exists() && !root.path().join("a").exists());
        let opened = open(Settings::new(&dir)).unwrap();
        assert_eq!(inspect(&dir).unwrap(), Found::InUse);
        drop(opened);
        // The thread that keeps it may take a moment to let go.
        while inspect(&dir).unwrap() == Found::InUse {
            std::thread::yield_now();
        }
        assert_eq!(inspect(&dir).unwrap(), Found::Folder);
        fs::write(dir.join("version"), "7\n").unwrap();
        assert!(matches!(inspect(&dir), Err(OpenError::Version { found: 7, .. })));
        fs::write(root.path().join("file"), "").unwrap();
        for path in ["file", "file/journal", "file/a/journal"] {
            let error = inspect(&root.path().join(path)).unwrap_err().to_string();
            assert!(error.contains("/file: "), "{error}");
        }
    }
}
