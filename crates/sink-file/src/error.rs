//! Error classification: what a disk's refusal asks of the caller.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stream_core::sink::SinkError;

/// How long a folder may take to open: a network file system may hang.
pub(crate) const OPEN_DEADLINE: Duration = Duration::from_secs(10);

/// I/O error with the path that it is about.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub(crate) struct FolderError {
    path: PathBuf,
    source: io::Error,
}

/// Adds `path` to an I/O error.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError { path, source }
}

/// Disks do not heal by themselves: full, read-only, gone, no permission.
pub(crate) fn refused(error: &FolderError) -> SinkError {
    SinkError::Operator(error.to_string())
}

/// A disk that hangs: some never answer again.
pub(crate) fn hangs() -> SinkError {
    SinkError::Operator(format!("the disk did not answer within {OPEN_DEADLINE:?}"))
}

/// The writer's thread has panicked: a new one may fare better.
pub(crate) fn gone() -> SinkError {
    SinkError::Unavailable("the writer's thread has ended".to_owned())
}
