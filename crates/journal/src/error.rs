//! Errors, named by what the caller must do: free the directory, wait, split, or try again.

use std::io;
use std::path::PathBuf;

/// Why a journal could not be opened. Damage is never a reason: what is readable is used, what is
/// not is skipped and counted.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, has the directory: stop, or end the other.
    #[error("the journal {} is in use by another process", dir.display())]
    Locked {
        /// The one whose lock is held.
        dir: PathBuf,
    },
    /// It is of a format that this program does not know, and is left as it is: let the program that wrote it empty it,
    /// or move it away.
    #[error(
        "the journal {} is of format {found}, and this program reads formats up to {known} only: let the one that wrote it \
         deliver the rest, or move the folder away (what it holds is then not delivered), and start again",
        dir.display()
    )]
    Version {
        /// Whose `version` file says so.
        dir: PathBuf,
        /// What that file says.
        found: u32,
        /// What this program reads and writes.
        known: u32,
    },
    /// The directory or a file in it cannot be used: fix that and start again.
    #[error("the journal cannot use {}: {source}", path.display())]
    Io {
        /// What could not be used.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why nothing of a batch was appended. After each of them the journal goes on as before.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No room within the size limit: wait until consumers have caught up, or drop the batch.
    #[error("the journal holds {bytes} of at most {max_bytes} bytes")]
    Full {
        /// What it holds now.
        bytes: u64,
        /// As [`Settings::max_bytes`](crate::Settings::max_bytes) says.
        max_bytes: u64,
    },
    /// It would never fit (an entry above [`MAX_ENTRY_BYTES`](crate::MAX_ENTRY_BYTES), or a batch
    /// above half the size limit): split the batch or drop the entry.
    #[error("{bytes} bytes at once are more than the {max_bytes} that the journal takes")]
    TooLarge {
        /// The entry's or batch's size.
        bytes: u64,
        /// The most it may be.
        max_bytes: u64,
    },
    /// The disk refused (full, failing, read-only): the same batch may succeed later.
    #[error("the journal could not be written: {0}")]
    Io(#[from] io::Error),
}
