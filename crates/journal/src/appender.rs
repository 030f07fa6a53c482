//! The one writer.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use crate::error::AppendError;
use crate::frame::{self, HEADER, MAX_ENTRY_BYTES};
use crate::keeper::{Core, Handle};
use crate::settings::{Durability, Timing};
use crate::state::Until;

/// The system takes at most 1,024 slices in one call; an entry needs three.
const ENTRIES_PER_WRITE: usize = 1024 / 3;

/// One entry, in two parts so that the caller need not join them. It is read back in one piece.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    /// Stored first; may be empty.
    pub head: &'a [u8],
    /// Stored right after; may be empty.
    pub body: &'a [u8],
}

/// Appends entries. There is one per open journal; it can go to another thread, not be shared.
pub struct Appender {
    handle: Arc<Handle>,
}

impl Appender {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Self { handle }
    }

    /// Writes a batch, all or nothing, and gives the positions of its entries: consecutive, from
    /// the journal's end on. When it returns, the entries outlive the process, and the machine too
    /// with [`Durability::Strict`]. A batch lies in one segment, which it may stretch.
    ///
    /// A process killed inside this call may leave some of the batch's first entries behind.
    pub fn append(&mut self, entries: &[Entry<'_>]) -> Result<Range<u64>, AppendError> {
        let started = Instant::now();
        let core = &self.handle.core;
        let bytes = size(entries, core.settings.max_bytes)?;
        let range = core.writer.lock().append(core, entries, bytes)?;
        core.settings.observe(Timing::Append(started.elapsed()));
        core.wake();
        Ok(range)
    }

    /// Forces all cursors and entries to the disk and ends the writing. Takes as long as the disk
    /// does. Journals and readers go on, with cursors still being written, and the directory stays
    /// locked until the last of them is dropped.
    pub fn close(self) -> io::Result<()> {
        let core = &self.handle.core;
        let written = core.write_cursors(true).and_then(|()| core.trim());
        let synced = core.sync(Until::All).map(drop);
        written.and(synced)
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

/// The open end of the journal.
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
    fn append(&mut self, core: &Core, entries: &[Entry<'_>], bytes: u64) -> Result<Range<u64>, AppendError> {
        let first = admit(core, bytes)?;
        let count = entries.len() as u64;
        if count == 0 {
            return Ok(first..first);
        }
        let strict = core.settings.durability == Durability::Strict;
        let active = self.active_for(core, first, bytes)?;
        if let Err(error) = write(&active.file, first, entries) {
            self.cut_back(core);
            return Err(error.into());
        }
        if strict && let Err(error) = active.sync(core) {
            self.cut_back(core);
            self.abandon(core);
            return Err(error.into());
        }
        active.bytes += bytes;
        core.state().publish(count, bytes, strict);
        Ok(first..first + count)
    }

    /// The segment that takes the next `bytes`.
    fn active_for(&mut self, core: &Core, first: u64, bytes: u64) -> io::Result<&mut Active> {
        let fits = |it: &Active| it.bytes == 0 || it.bytes + bytes <= core.settings.segment_bytes;
        if !self.active.as_ref().is_some_and(fits) {
            self.abandon(core);
        }
        match &mut self.active {
            Some(active) => Ok(active),
            none => {
                let file = Arc::new(core.disk.create_segment(first)?);
                core.state().begin_segment(file.clone());
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
    fn cut_back(&mut self, core: &Core) {
        if let Some(active) = &self.active
            && active.file.set_len(active.bytes).is_err()
        {
            self.abandon(core);
        }
    }

    /// Ends the active segment: full, or not to be trusted.
    fn abandon(&mut self, core: &Core) {
        let Some(active) = self.active.take() else { return };
        if core.state().seal()
            && let Err(error) = core.disk.remove_segment(active.first)
        {
            tracing::warn!(segment = active.first, %error, "empty journal segment not removed");
        }
    }

    /// Ends the active segment if it is the one at `first`.
    pub(crate) fn abandon_if(&mut self, core: &Core, first: u64) {
        if self.active.as_ref().is_some_and(|active| active.first == first) {
            self.abandon(core);
        }
    }
}

impl Active {
    fn sync(&self, core: &Core) -> io::Result<()> {
        core.timed_sync(&self.file)?;
        if self.bytes == 0 {
            core.disk.sync_dir()
        } else {
            Ok(())
        }
    }
}

/// The first position of a batch of `bytes`, if there is room for it.
fn admit(core: &Core, bytes: u64) -> Result<u64, AppendError> {
    let max_bytes = core.settings.max_bytes;
    let state = core.state();
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
