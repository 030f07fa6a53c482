//! Index in memory: which segments there are, what is synced, where the cursors stand, and what
//! follows from that. Pure decisions: no I/O.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use self::holes::Holes;
use crate::cursor::Cursors;

mod holes;
mod retention;
mod sync;

pub(crate) use sync::{How, SyncJob, Until};

/// One segment file. It ends where the next one begins.
pub(crate) struct Segment {
    first: u64,
    bytes: u64,
    /// Everything below is known to be on the disk.
    synced: u64,
    phase: Phase,
}

enum Phase {
    /// The appender writes to it.
    Active(Arc<File>),
    /// Finished; the handle is kept while the file needs a sync, to be told of its write errors.
    Sealed(Option<Arc<File>>),
    /// The disk refused to sync it: it is to be copied, never to be synced again.
    Refused { retry: Instant },
}

/// Where a reader finds a position.
pub(crate) struct Place {
    pub(crate) first: u64,
    pub(crate) bytes: u64,
    /// The segment's entries are below this.
    pub(crate) limit: u64,
}

/// What happened since the journal was opened.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) appended_entries: u64,
    pub(crate) appended_bytes: u64,
    pub(crate) lost_entries: u64,
    pub(crate) cut_bytes: u64,
    pub(crate) sync_failures: u64,
    pub(crate) cursor_failures: u64,
    pub(crate) trim_failures: u64,
}

#[derive(Default)]
pub(crate) struct State {
    segments: VecDeque<Segment>,
    /// Trimmed but not yet unlinked: first position and size.
    doomed: Vec<(u64, u64)>,
    end: u64,
    bytes: u64,
    cursors: Cursors,
    /// Counts changes of the cursors; compared with the versions that are in the file and on the disk.
    version: u64,
    /// The version in the file.
    written: Option<u64>,
    /// The version forced to the disk, with its lowest cursor.
    forced: Option<(u64, Option<u64>)>,
    names_synced: bool,
    /// What is below was consumed, as far as anyone knows: its absence is no loss.
    consumed: u64,
    holes: Holes,
    pub(crate) tally: Tally,
}

impl State {
    /// The book after recovery. `cursors` are those on disk, if they could be read.
    pub(crate) fn recovered(
        segments: impl IntoIterator<Item = (u64, u64)>,
        end: u64,
        cursors: Option<Cursors>,
    ) -> Self {
        let segments: VecDeque<_> = segments
            .into_iter()
            .map(|(first, bytes)| Segment {
                first,
                bytes,
                synced: first,
                phase: Phase::Sealed(None),
            })
            .collect();
        let bytes = segments.iter().map(|segment| segment.bytes).sum();
        let mut state = Self {
            segments,
            end,
            bytes,
            ..Self::default()
        };
        if let Some(cursors) = cursors {
            state.cursors = cursors;
            state.written = Some(0);
            state.end = state
                .cursors
                .values()
                .map(|cursor| cursor.position)
                .fold(end, u64::max);
        }
        let held = state.start();
        state.consumed = state.lowest_cursor().map_or(held, |lowest| lowest.min(held));
        state
    }

    pub(crate) fn start(&self) -> u64 {
        self.segments
            .iter()
            .find(|segment| segment.bytes > 0)
            .map_or(self.end, |it| it.first)
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn segment_count(&self) -> usize {
        self.segments.len() + self.doomed.len()
    }

    /// The segment that has `position`, or the oldest one if `position` is older still; `None` from the end on.
    pub(crate) fn locate(&self, position: u64) -> Option<Place> {
        let after = self.segments.partition_point(|segment| segment.first <= position);
        // Where none is left, the next one will begin at the end.
        let none = Place {
            first: self.end,
            bytes: 0,
            limit: self.end,
        };
        (position < self.end).then(|| self.place(after.saturating_sub(1)).unwrap_or(none))
    }

    /// Every segment, the newest first.
    pub(crate) fn places_backwards(&self) -> Vec<Place> {
        (0..self.segments.len())
            .rev()
            .filter_map(|index| self.place(index))
            .collect()
    }

    pub(crate) fn holds(&self, first: u64) -> bool {
        self.index(first).is_some()
    }

    /// Counts the entries of a hole that no other reader has met, and that were not consumed.
    pub(crate) fn lost(&mut self, hole: Range<u64>) {
        self.tally.lost_entries += self.holes.add(hole.start.max(self.consumed)..hole.end);
    }

    fn place(&self, index: usize) -> Option<Place> {
        let segment = self.segments.get(index)?;
        Some(Place {
            first: segment.first,
            bytes: segment.bytes,
            limit: self.end_of(index),
        })
    }

    fn end_of(&self, index: usize) -> u64 {
        self.segments.get(index + 1).map_or(self.end, |next| next.first)
    }

    fn index(&self, first: u64) -> Option<usize> {
        self.segments
            .binary_search_by_key(&first, |segment| segment.first)
            .ok()
    }

    pub(crate) fn begin_segment(&mut self, file: Arc<File>) {
        let first = self.end;
        self.names_synced = false;
        self.segments.push_back(Segment {
            first,
            bytes: 0,
            synced: first,
            phase: Phase::Active(file),
        });
    }

    /// Lets readers see what was written to the active segment.
    pub(crate) fn publish(&mut self, entries: u64, bytes: u64, synced: bool) {
        self.end += entries;
        self.bytes += bytes;
        self.tally.appended_entries += entries;
        self.tally.appended_bytes += bytes;
        if let Some(active) = self.segments.back_mut() {
            active.bytes += bytes;
            if synced {
                active.synced = self.end;
            }
        }
    }

    /// Nothing more goes to the active segment. An empty one is forgotten; true tells to remove it.
    pub(crate) fn seal(&mut self) -> bool {
        let end = self.end;
        let Some(last) = self.segments.back_mut() else {
            return false;
        };
        if last.bytes == 0 {
            self.segments.pop_back();
            return true;
        }
        if let Phase::Active(file) = &last.phase {
            last.phase = Phase::Sealed((last.synced < end).then(|| file.clone()));
        }
        false
    }
}
