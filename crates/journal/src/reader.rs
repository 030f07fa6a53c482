//! Sequential reads: entries from a position on, across segments.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::keeper::Handle;
use crate::shared::Shared;
use crate::state::Place;
use crate::walk::Walk;

/// What stands next in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The entry at this position.
    Entry(u64, Bytes),
    /// These positions hold nothing that can be read: damaged, deleted by somebody, or trimmed before they were asked
    /// for. Never empty.
    Lost(Range<u64>),
}

/// Reads entries in order, while others are appended behind it and trimmed in front of it. It keeps
/// the file of the segment that it is in open, and with it the disk space until it moves on.
pub struct Reader {
    handle: Arc<Handle>,
    position: u64,
    /// The place in the segment with this first position.
    walk: Option<(u64, Walk)>,
}

impl Reader {
    pub(crate) fn new(handle: Arc<Handle>, position: u64) -> Self {
        Self {
            handle,
            position,
            walk: None,
        }
    }

    /// Where the next batch begins.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next items, without a gap between them, until the bytes of their entries reach `max_bytes` or there are no
    /// more: at least one if there is one, none when the reader has caught up with [`end`](crate::Journal::end). Never
    /// waits for entries. What damage or somebody took is counted in
    /// [`Stats::lost_entries`](crate::Stats::lost_entries) as well; what was trimmed is not.
    ///
    /// Entries that lie side by side share a buffer of 256 KiB or so: copy what is kept for long.
    ///
    /// An error comes from the disk; the next call tries the same place again.
    pub fn next_batch(&mut self, max_bytes: usize) -> io::Result<Vec<Item>> {
        let handle = self.handle.clone();
        let shared = handle.shared();
        let mut batch = Batch {
            items: Vec::new(),
            room: max_bytes,
        };
        while batch.has_room() {
            let Some(place) = shared.state().locate(self.position) else {
                break;
            };
            self.advance_to(shared, place.first, &mut batch);
            let outcome = self.read_segment(shared, &place, &mut batch);
            match outcome {
                Ok(()) => {}
                // What was read before the error is good; the error comes again by itself.
                Err(_) if !batch.items.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(batch.items)
    }

    /// Takes what fits from one segment, as it was when `place` was looked up.
    fn read_segment(&mut self, shared: &Shared, place: &Place, batch: &mut Batch) -> io::Result<()> {
        let Some(mut walk) = self.walk_in(shared, place, batch)? else {
            return Ok(());
        };
        let mut outcome = Ok(());
        while batch.has_room() {
            match walk.next(place.bytes, place.limit) {
                Ok(Some(found)) if found.position < self.position => {}
                Ok(Some(found)) => {
                    self.advance_to(shared, found.position, batch);
                    self.position += 1;
                    batch.entry(found.position, found.payload);
                }
                Ok(None) => {
                    self.advance_to(shared, place.limit, batch);
                    break;
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.walk = Some((place.first, walk));
        outcome
    }

    /// The walk through the segment at `place`; `None` if its file is gone.
    fn walk_in(&mut self, shared: &Shared, place: &Place, batch: &mut Batch) -> io::Result<Option<Walk>> {
        match self.walk.take() {
            Some((first, walk)) if first == place.first => return Ok(Some(walk)),
            _ => {}
        }
        match shared.disk.open_segment(place.first) {
            Ok(file) => Ok(Some(Walk::new(file, place.first))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Trimmed since the look-up: the next one finds what is there. Otherwise somebody
                // has deleted it under us.
                if shared.state().holds(place.first) {
                    self.advance_to(shared, place.limit, batch);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Moves on; what lies between is lost.
    fn advance_to(&mut self, shared: &Shared, position: u64, batch: &mut Batch) {
        if position > self.position {
            shared.state().lost(self.position..position);
            batch.lost(self.position..position);
            self.position = position;
        }
    }
}

struct Batch {
    items: Vec<Item>,
    room: usize,
}

impl Batch {
    fn has_room(&self) -> bool {
        self.room > 0 || self.items.is_empty()
    }

    fn entry(&mut self, position: u64, payload: Bytes) {
        self.room = self.room.saturating_sub(payload.len());
        self.items.push(Item::Entry(position, payload));
    }

    fn lost(&mut self, positions: Range<u64>) {
        match self.items.last_mut() {
            Some(Item::Lost(before)) if before.end == positions.start => before.end = positions.end,
            _ => self.items.push(Item::Lost(positions)),
        }
    }
}
