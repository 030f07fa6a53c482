//! Retention: what becomes of the lines once they are entered.

use std::io;
use std::ops::Range;

use bytes::Bytes;

use super::draft::Draft;
use super::entries::{End, LineKind, Origin};
use super::file::File;
use crate::settings::Keep;
use crate::world::Stamp;

#[derive(Debug)]
pub(super) enum Kept {
    Memory(Vec<Entry>),
    File(File),
    Counts,
}

/// A line in memory: of a post only what it is written from, and not its 4 KB.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) connection: u32,
    /// Offset in the body after the line and its end.
    pub(super) end: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Post(Stamp, Origin),
    KeepAlive,
    Other(Box<Other>),
}

#[derive(Debug)]
pub(super) struct Other {
    pub(super) kind: LineKind,
    pub(super) fault: String,
    pub(super) bytes: Bytes,
}

impl From<Draft<'_>> for What {
    fn from(draft: Draft<'_>) -> Self {
        match draft {
            Draft::Post { stamp, origin, .. } => What::Post(stamp, origin),
            Draft::KeepAlive => What::KeepAlive,
            Draft::Other { kind, fault, line } => What::Other(Box::new(Other {
                kind,
                fault,
                bytes: Bytes::copy_from_slice(line),
            })),
        }
    }
}

impl Kept {
    pub(super) fn new(keep: &Keep) -> io::Result<Self> {
        Ok(match keep {
            Keep::Memory => Kept::Memory(Vec::new()),
            Keep::File(path) => Kept::File(File::create(path)?),
            Keep::Counts => Kept::Counts,
        })
    }

    /// Keeps a line that ends at this offset of its connection's body.
    pub(super) fn line(&mut self, connection: u32, end: u64, draft: Draft<'_>) -> io::Result<()> {
        match self {
            Kept::Memory(entries) => entries.push(Entry {
                connection,
                end,
                what: draft.into(),
            }),
            Kept::File(file) => file.line(connection, &draft)?,
            Kept::Counts => {}
        }
        Ok(())
    }

    /// Makes what was entered visible to other processes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Kept::File(file) => file.flush(),
            _ => Ok(()),
        }
    }

    /// Keeps how a connection ended, and how many of its last lines the kernel did not take whole.
    pub(super) fn end(&mut self, connection: u32, end: End, unwritten: usize) -> io::Result<()> {
        match self {
            Kept::File(file) => file.end(connection, end, unwritten),
            _ => Ok(()),
        }
    }

    /// What is in memory of these places in the order written.
    pub(super) fn entries(&self, places: Range<usize>) -> &[Entry] {
        let Kept::Memory(entries) = self else {
            return &[];
        };
        let end = places.end.min(entries.len());
        &entries[places.start.min(end)..end]
    }
}
