//! Sequential reads: entries from a position on, across segments.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use bytes::Bytes;

use crate::keeper::Handle;
use crate::shared::Shared;
use crate::state::Place;
use crate::walk::Walk;

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

    /// Where the next batch begins, if nothing is missing there.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next entries, until their bytes reach `max_bytes` or there are no more: at least one if
    /// there is one, none when the reader has caught up with [`end`](crate::Journal::end). Never
    /// waits for entries. A jump in the positions is what was trimmed, or what damage took; the
    /// latter is counted in [`Stats::lost_entries`](crate::Stats::lost_entries).
    ///
    /// An error comes from the disk; the next call tries the same place again.
    pub fn next_batch(&mut self, max_bytes: usize) -> io::Result<Vec<(u64, Bytes)>> {
        let handle = self.handle.clone();
        let shared = handle.shared();
        let mut batch = Batch {
            entries: Vec::new(),
            room: max_bytes,
        };
        while batch.has_room() {
            let Some(place) = shared.state().locate(self.position) else {
                break;
            };
            self.position = self.position.max(place.first);
            let outcome = self.read_segment(shared, &place, &mut batch);
            match outcome {
                Ok(()) => {}
                // What was read before the error is good; the error comes again by itself.
                Err(_) if !batch.entries.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(batch.entries)
    }

    /// Takes what fits from one segment, as it was when `place` was looked up.
    fn read_segment(&mut self, shared: &Shared, place: &Place, batch: &mut Batch) -> io::Result<()> {
        let Some(mut walk) = self.walk_in(shared, place)? else {
            return Ok(());
        };
        let mut outcome = Ok(());
        while batch.has_room() {
            match walk.next(place.bytes, place.limit) {
                Ok(Some(found)) if found.position < self.position => {}
                Ok(Some(found)) => {
                    self.advance_to(shared, found.position);
                    self.position += 1;
                    batch.push(found.position, found.payload);
                }
                Ok(None) => {
                    self.advance_to(shared, place.limit);
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
    fn walk_in(&mut self, shared: &Shared, place: &Place) -> io::Result<Option<Walk>> {
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
                    self.advance_to(shared, place.limit);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Moves on; what lies between is lost.
    fn advance_to(&mut self, shared: &Shared, position: u64) {
        if position > self.position {
            shared.state().lost(self.position..position);
            self.position = position;
        }
    }
}

struct Batch {
    entries: Vec<(u64, Bytes)>,
    room: usize,
}

impl Batch {
    fn has_room(&self) -> bool {
        self.room > 0 || self.entries.is_empty()
    }

    fn push(&mut self, position: u64, payload: Bytes) {
        self.room = self.room.saturating_sub(payload.len());
        self.entries.push((position, payload));
    }
}
