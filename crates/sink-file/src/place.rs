//! Whether a path still leads to the file that is open: files and folders are deleted, renamed, replaced and mounted over by
//! others, and a write into what nobody can find succeeds.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Whether `path` leads to `open`, which has at least `length` bytes still.
pub(crate) fn leads_to(path: &Path, open: &File, length: u64) -> io::Result<bool> {
    let there = match fs::metadata(path) {
        Ok(there) => there,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let open = open.metadata()?;
    let same = (there.dev(), there.ino()) == (open.dev(), open.ino());
    Ok(same && there.len() >= length)
}
