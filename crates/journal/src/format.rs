//! Format version: one number for all that stands in the directory, so that a program that reads another one touches nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::OpenError;

/// Goes up when a segment or a cursor file is to be read differently.
const VERSION: u32 = 1;

const FILE: &str = "version";

/// Refuses a directory of another version; one that has no number, or none that can be read, gets ours.
pub(crate) fn check(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join(FILE);
    let outcome = match fs::read(&path) {
        Ok(bytes) => match number(&bytes) {
            Some(VERSION) => Ok(()),
            Some(found) => {
                return Err(OpenError::Version {
                    dir: dir.to_owned(),
                    found,
                    known: VERSION,
                });
            }
            None => {
                tracing::warn!(path = %path.display(), "the journal's format number is unreadable; taking it as ours");
                write(&path)
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound => write(&path),
        Err(error) => Err(error),
    };
    outcome.map_err(|source| OpenError::Io { path, source })
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
