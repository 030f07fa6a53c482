//! Format version: one number for all that stands in the directory, so that a program that reads another one touches nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::OpenError;

/// Goes up when a segment or a cursor file is to be read differently.
const VERSION: u32 = 2;
/// Read as well; it had shorter notes in its cursor files.
const OLDER: u32 = 1;

const FILE: &str = "version";

/// Number of a directory's format.
enum Mark {
    /// It is ours.
    Ours,
    /// It is one that we read, and write as ours.
    Older,
    /// There is none.
    Missing,
    /// There is one that makes no sense.
    Unreadable,
}

/// Refuses a directory of another version, and changes nothing.
pub(crate) fn look(dir: &Path) -> Result<(), OpenError> {
    read(dir, &dir.join(FILE)).map(drop)
}

/// Refuses a directory of another version; an older one that we can read gets ours, as does one that has no
/// number or none that can be read.
pub(crate) fn check(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join(FILE);
    match read(dir, &path)? {
        Mark::Ours => return Ok(()),
        Mark::Older | Mark::Missing => {}
        Mark::Unreadable => {
            tracing::warn!(path = %path.display(), "the journal's format number is unreadable; taking it as ours");
        }
    }
    write(&path).map_err(|source| OpenError::Io { path, source })
}

fn read(dir: &Path, path: &Path) -> Result<Mark, OpenError> {
    match fs::read(path) {
        Ok(bytes) => match number(&bytes) {
            Some(VERSION) => Ok(Mark::Ours),
            Some(OLDER) => Ok(Mark::Older),
            Some(found) => Err(OpenError::Version {
                dir: dir.to_owned(),
                found,
                known: VERSION,
            }),
            None => Ok(Mark::Unreadable),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Mark::Missing),
        Err(source) => Err(OpenError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    std::str::from_utf8(bytes)
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn write(path: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(format!("{VERSION}\n").as_bytes())?;
    file.sync_data()
}
