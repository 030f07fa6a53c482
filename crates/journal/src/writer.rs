//! Segment writer: admission, rotation, `writev`, and cutting back what a failed write left.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::ops::Range;
use std::sync::Arc;

use crate::error::AppendError;
use crate::frame::{self, Entry, HEADER, MAX_ENTRY_BYTES};
use crate::settings::Durability;
use crate::shared::Shared;

/// The system takes at most 1,024 slices in one call; an entry needs three.
const ENTRIES_PER_WRITE: usize = 1024 / 3;

/// The single writer's end. What it needs besides is [`Shared`].
#[derive(Default)]
pub(crate) struct Writer {
    active: Option<Active>,
}

/// The segment being written; `bytes` of it are good.
struct Active {
    file: Arc<File>,
    first: u64,
    bytes: u64,
}

impl Writer {
    /// Appends a batch, all or nothing; gives its positions.
    pub(crate) fn append(
        &mut self,
        shared: &Shared,
        entries: &[Entry<'_>],
    ) -> Result<Range<u64>, AppendError> {
        let bytes = size(entries, shared.settings.max_bytes)?;
        let first = admit(shared, bytes)?;
        let count = entries.len() as u64;
        if count == 0 {
            return Ok(first..first);
        }
        let strict = shared.settings.durability == Durability::Strict;
        let active = self.active_for(shared, first, bytes)?;
        if let Err(error) = write(&active.file, first, entries) {
            self.cut_back(shared);
            return Err(error.into());
        }
        if strict && let Err(error) = active.sync(shared) {
            self.cut_back(shared);
            self.abandon(shared);
            return Err(error.into());
        }
        active.bytes += bytes;
        shared.state().publish(count, bytes, strict);
        Ok(first..first + count)
    }

    /// The segment that takes the next `bytes`.
    fn active_for(&mut self, shared: &Shared, first: u64, bytes: u64) -> io::Result<&mut Active> {
        let fits = |it: &Active| it.bytes == 0 || it.bytes + bytes <= shared.settings.segment_bytes;
        if !self.active.as_ref().is_some_and(fits) {
            self.abandon(shared);
        }
        match &mut self.active {
            Some(active) => Ok(active),
            none => {
                let file = Arc::new(shared.disk.create_segment(first)?);
                shared.state().begin_segment(file.clone());
                Ok(none.insert(Active {
                    file,
                    first,
                    bytes: 0,
                }))
            }
        }
    }

    /// Takes back what a failed write left; where even that fails, the segment gets no more, and
    /// readers take the next one's first position as its end.
    fn cut_back(&mut self, shared: &Shared) {
        if let Some(active) = &self.active
            && active.file.set_len(active.bytes).is_err()
        {
            self.abandon(shared);
        }
    }

    /// Ends the active segment: full, or not to be trusted.
    fn abandon(&mut self, shared: &Shared) {
        let Some(active) = self.active.take() else { return };
        if shared.state().seal()
            && let Err(error) = shared.disk.remove_segment(active.first)
        {
            tracing::warn!(segment = active.first, %error, "empty journal segment not removed");
        }
    }

    /// Ends the active segment if it is the one at `first`.
    pub(crate) fn abandon_if(&mut self, shared: &Shared, first: u64) {
        if self.active.as_ref().is_some_and(|active| active.first == first) {
            self.abandon(shared);
        }
    }
}

impl Active {
    fn sync(&self, shared: &Shared) -> io::Result<()> {
        shared.timed_sync(&self.file)?;
        if self.bytes == 0 {
            shared.disk.sync_dir()
        } else {
            Ok(())
        }
    }
}

/// What a batch takes on disk, if it may be appended at all.
fn size(entries: &[Entry<'_>], max_bytes: u64) -> Result<u64, AppendError> {
    let mut sum = 0;
    for entry in entries {
        let bytes = (entry.head.len() + entry.body.len()) as u64;
        if bytes > MAX_ENTRY_BYTES {
            return Err(AppendError::TooLarge {
                bytes,
                max_bytes: MAX_ENTRY_BYTES,
            });
        }
        sum += HEADER as u64 + bytes;
    }
    // What a consumed journal keeps (its newest segment) and one batch always fit together.
    if sum > max_bytes / 2 {
        return Err(AppendError::TooLarge {
            bytes: sum,
            max_bytes: max_bytes / 2,
        });
    }
    Ok(sum)
}

/// The first position of a batch of `bytes`, if there is room for it.
fn admit(shared: &Shared, bytes: u64) -> Result<u64, AppendError> {
    let max_bytes = shared.settings.max_bytes;
    let state = shared.state();
    if state.bytes() + bytes > max_bytes {
        return Err(AppendError::Full {
            bytes: state.bytes(),
            max_bytes,
        });
    }
    Ok(state.end())
}

/// Writes the frames of `entries` at the end of `file`.
fn write(mut file: &File, first: u64, entries: &[Entry<'_>]) -> io::Result<()> {
    let mut position = first;
    for part in entries.chunks(ENTRIES_PER_WRITE) {
        let headers: Vec<_> = (position..)
            .zip(part)
            .map(|(position, entry)| frame::header(position, entry.head, entry.body))
            .collect();
        let mut slices: Vec<_> = headers
            .iter()
            .zip(part)
            .flat_map(|(header, entry)| [&header[..], entry.head, entry.body])
            .map(IoSlice::new)
            .collect();
        let mut left = &mut slices[..];
        while !left.is_empty() {
            match file.write_vectored(left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        position += part.len() as u64;
    }
    Ok(())
}
