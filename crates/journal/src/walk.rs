//! Segment scan: the readable entries of one file, in order; what is damaged is stepped over.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

use bytes::Bytes;

use crate::frame::{self, HEADER, MAGIC, Parsed};

/// Read at once when that much is there.
const READ_AHEAD: u64 = 256 << 10;

/// A place in a segment file.
pub(crate) struct Walk {
    file: File,
    first: u64,
    expected: u64,
    offset: u64,
    chunk: Bytes,
    chunk_at: u64,
}

/// An entry whose checksum is right and whose position can stand there.
pub(crate) struct Found {
    pub(crate) position: u64,
    /// A slice: it keeps the whole chunk in memory for as long as anybody holds it.
    pub(crate) payload: Bytes,
    /// Where its frame ends in the file.
    pub(crate) end: u64,
}

impl Walk {
    /// Starts at the beginning of the segment whose first position is `first`.
    pub(crate) fn new(file: File, first: u64) -> Self {
        Self {
            file,
            first,
            expected: first,
            offset: 0,
            chunk: Bytes::new(),
            chunk_at: 0,
        }
    }

    /// The next readable entry within the first `len` bytes and below position `limit`; `None`
    /// when there is no further one (there may be later, if the segment grows). Entries from
    /// `limit` on are remains of a failed append: the next segment has the real ones.
    pub(crate) fn next(&mut self, len: u64, limit: u64) -> io::Result<Option<Found>> {
        while self.offset < len {
            match self.frame(len)? {
                Some((position, _)) if position >= limit => self.offset = len,
                Some((position, payload)) => {
                    self.offset += (HEADER + payload.len()) as u64;
                    self.expected = position + 1;
                    return Ok(Some(Found {
                        position,
                        payload,
                        end: self.offset,
                    }));
                }
                None => self.resync(len)?,
            }
        }
        Ok(None)
    }

    /// The frame at the current offset, if it is one that can stand here.
    fn frame(&mut self, len: u64) -> io::Result<Option<(u64, Bytes)>> {
        let mut total = HEADER;
        loop {
            if self.offset + total as u64 > len {
                return Ok(None);
            }
            self.fill(total, len)?;
            let start = (self.offset - self.chunk_at) as usize;
            match frame::parse(&self.chunk[start..]) {
                Parsed::Frame { position, total } => {
                    let payload = || self.chunk.slice(start + HEADER..start + total);
                    return Ok(self.plausible(position).then(|| (position, payload())));
                }
                // A file shorter than it should be stays short however often it is read.
                Parsed::Short { total: needed } if needed > total => total = needed,
                Parsed::Short { .. } | Parsed::Damaged => return Ok(None),
            }
        }
    }

    /// Positions rise by one per frame, and each frame before this one took at least a header.
    fn plausible(&self, position: u64) -> bool {
        position >= self.expected && position - self.first <= self.offset / HEADER as u64
    }

    /// Has at least `needed` bytes from the current offset on in the chunk, if the file has them.
    fn fill(&mut self, needed: usize, len: u64) -> io::Result<()> {
        let held = self.chunk_at + self.chunk.len() as u64;
        if self.offset >= self.chunk_at && self.offset + needed as u64 <= held {
            return Ok(());
        }
        let size = (len - self.offset).min(READ_AHEAD.max(needed as u64));
        self.chunk = read_up_to(&self.file, self.offset, size as usize)?.into();
        self.chunk_at = self.offset;
        Ok(())
    }

    /// Moves to the next offset where a valid frame begins, or to `len`.
    fn resync(&mut self, len: u64) -> io::Result<()> {
        self.offset += 1;
        while self.offset < len {
            self.fill(MAGIC.len().min((len - self.offset) as usize), len)?;
            let start = (self.offset - self.chunk_at) as usize;
            let rest = self.chunk.get(start..).unwrap_or_default();
            if rest.is_empty() {
                self.offset = len;
                return Ok(());
            }
            match rest.windows(MAGIC.len()).position(|window| window == MAGIC) {
                Some(at) => {
                    self.offset += at as u64;
                    if self.possible(len)? && self.frame(len)?.is_some() {
                        return Ok(());
                    }
                    self.offset += 1;
                }
                // The chunk's last bytes may begin a magic that the next chunk ends.
                None => self.offset += rest.len().saturating_sub(MAGIC.len() - 1).max(1) as u64,
            }
        }
        Ok(())
    }

    /// A cheap look at the header before a checksum over megabytes: keeps the search linear.
    fn possible(&mut self, len: u64) -> io::Result<bool> {
        if self.offset + HEADER as u64 > len {
            return Ok(false);
        }
        self.fill(HEADER, len)?;
        let start = (self.offset - self.chunk_at) as usize;
        let header = self.chunk[start.min(self.chunk.len())..].first_chunk::<HEADER>();
        Ok(header.is_some_and(|header| self.plausible(frame::position(header))))
    }
}

/// `size` bytes at `offset`, or fewer where the file ends.
fn read_up_to(file: &File, offset: u64, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
