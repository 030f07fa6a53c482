//! The book in memory: which segments there are, what is synced, where the cursors stand, and what
//! follows from that. Pure decisions: no I/O.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use crate::cursor::{Cursor, Cursors};
use crate::settings::Durability;

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

/// A segment to be made durable.
pub(crate) struct SyncJob {
    pub(crate) first: u64,
    /// Entries below this are in the file now.
    pub(crate) end: u64,
    pub(crate) how: How,
}

/// How a segment becomes durable.
pub(crate) enum How {
    Sync(Arc<File>),
    /// Found at start: open it first.
    Reopen,
    /// Its sync failed: copy it.
    Copy,
}

/// How much to sync.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// Everything appended so far, consumed or not.
    All,
    /// What the durability mode asks for; entries below this are old enough.
    Aged(u64),
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
    pub(crate) last_append: std::time::Duration,
    pub(crate) last_sync: std::time::Duration,
}

#[derive(Default)]
pub(crate) struct State {
    segments: VecDeque<Segment>,
    /// Trimmed but not yet unlinked: first position and size.
    doomed: Vec<(u64, u64)>,
    end: u64,
    bytes: u64,
    cursors: Cursors,
    /// Counts changes of the cursors; compared with the version that is on disk.
    version: u64,
    /// The version on disk, with its lowest cursor.
    written: Option<(u64, Option<u64>)>,
    names_synced: bool,
    /// Where each hole that was met ends, so that many readers count it once.
    holes: BTreeSet<u64>,
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
            state.written = Some((0, state.lowest_cursor()));
            state.end = state
                .cursors
                .values()
                .map(|cursor| cursor.position)
                .fold(end, u64::max);
        }
        state
    }

    // --- positions ---

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

    /// The segment that has `position`, or the oldest one if `position` is older still.
    pub(crate) fn locate(&self, position: u64) -> Option<Place> {
        let after = self.segments.partition_point(|segment| segment.first <= position);
        (position < self.end)
            .then(|| self.place(after.saturating_sub(1)))
            .flatten()
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

    /// Counts the entries of a hole, unless another reader has met it.
    pub(crate) fn lost(&mut self, hole: Range<u64>) {
        if !hole.is_empty() && self.holes.insert(hole.end) {
            self.tally.lost_entries += hole.end - hole.start;
        }
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

    // --- writing ---

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

    // --- syncing ---

    pub(crate) fn names_synced(&self) -> bool {
        self.names_synced
    }

    /// `upto` is the end when the directory's sync began: later names are not covered.
    pub(crate) fn set_names_synced(&mut self, upto: u64) {
        self.names_synced = self.segments.back().is_none_or(|last| last.first < upto);
    }

    /// What has to be synced now, the oldest first.
    pub(crate) fn sync_jobs(&self, durability: Durability, until: Until, now: Instant) -> Vec<SyncJob> {
        (0..self.segments.len())
            .filter(|index| self.needs_sync(*index, durability, until))
            .filter_map(|index| self.sync_job(index, until, now))
            .collect()
    }

    fn needs_sync(&self, index: usize, durability: Durability, until: Until) -> bool {
        let segment = &self.segments[index];
        let end = self.end_of(index);
        let unsafe_from = segment.synced.max(self.lowest_cursor().unwrap_or(0));
        let sealed = !matches!(segment.phase, Phase::Active(_));
        match (until, durability) {
            (Until::All, _) => segment.synced < end,
            (Until::Aged(aged), Durability::Process) => sealed && end <= aged && unsafe_from < end,
            (Until::Aged(aged), _) => unsafe_from < end.min(aged),
        }
    }

    fn sync_job(&self, index: usize, until: Until, now: Instant) -> Option<SyncJob> {
        let segment = &self.segments[index];
        let how = match &segment.phase {
            Phase::Active(file) | Phase::Sealed(Some(file)) => How::Sync(file.clone()),
            Phase::Sealed(None) => How::Reopen,
            Phase::Refused { retry } => match until {
                Until::Aged(_) if now < *retry => return None,
                _ => How::Copy,
            },
        };
        Some(SyncJob {
            first: segment.first,
            end: self.end_of(index),
            how,
        })
    }

    pub(crate) fn synced(&mut self, job: &SyncJob) {
        let Some(index) = self.index(job.first) else {
            return;
        };
        let end = self.end_of(index);
        let segment = &mut self.segments[index];
        segment.synced = segment.synced.max(job.end);
        if segment.synced >= end && !matches!(segment.phase, Phase::Active(_)) {
            segment.phase = Phase::Sealed(None);
        }
    }

    /// The disk refused: the segment is to be copied, which may be tried from `retry` on. Gives
    /// its size; `None` if it has been trimmed.
    pub(crate) fn refused(&mut self, first: u64, retry: Instant) -> Option<u64> {
        let index = self.index(first)?;
        self.segments[index].phase = Phase::Refused { retry };
        Some(self.segments[index].bytes)
    }

    /// A durable copy has taken the segment's place.
    pub(crate) fn copied(&mut self, first: u64) {
        if let Some(index) = self.index(first) {
            self.segments[index].synced = self.end_of(index);
            self.segments[index].phase = Phase::Sealed(None);
        }
    }

    /// Entries from `consumed_upto` on that are not known to be on the disk.
    pub(crate) fn unsynced(&self, consumed_upto: u64) -> u64 {
        let tail = |index: usize| {
            let from = self.segments[index].synced.max(consumed_upto);
            self.end_of(index).saturating_sub(from)
        };
        (0..self.segments.len()).map(tail).sum()
    }

    // --- cursors ---

    pub(crate) fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    pub(crate) fn set_cursor(&mut self, name: &str, mut cursor: Cursor) {
        cursor.position = cursor.position.min(self.end);
        match self.cursors.get_mut(name) {
            Some(held) if *held == cursor => return,
            Some(held) => *held = cursor,
            None => drop(self.cursors.insert(name.to_owned(), cursor)),
        }
        self.version += 1;
    }

    pub(crate) fn forget_cursor(&mut self, name: &str) {
        if self.cursors.remove(name).is_some() {
            self.version += 1;
        }
    }

    pub(crate) fn lowest_cursor(&self) -> Option<u64> {
        self.cursors.values().map(|cursor| cursor.position).min()
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn cursors_changed(&self) -> bool {
        self.written
            .map_or(!self.cursors.is_empty(), |(version, _)| version != self.version)
    }

    /// Whether there is a cursor file that says something.
    pub(crate) fn knows_written_cursors(&self) -> bool {
        self.written.is_some()
    }

    pub(crate) fn cursors_written(&mut self, version: u64, lowest: Option<u64>) {
        self.written = Some((version, lowest));
    }

    // --- trimming ---

    /// Takes out the segments that every cursor has passed, in memory and on disk, and gives what
    /// is to be unlinked. The newest segment with entries stays, and without cursors all stay.
    pub(crate) fn trim(&mut self) -> Vec<u64> {
        let on_disk = self.written.and_then(|(_, lowest)| lowest);
        if let (Some(written), Some(held)) = (on_disk, self.lowest_cursor()) {
            let passed = written.min(held);
            while self.end_of(0) <= passed && self.segments.iter().skip(1).any(|it| it.bytes > 0) {
                let Some(gone) = self.segments.pop_front() else {
                    break;
                };
                self.doomed.push((gone.first, gone.bytes));
            }
            self.holes = self.holes.split_off(&self.start());
        }
        self.doomed.iter().map(|(first, _)| *first).collect()
    }

    pub(crate) fn unlinked(&mut self, first: u64) {
        self.bytes -= self.doomed.iter().find(|it| it.0 == first).map_or(0, |it| it.1);
        self.doomed.retain(|it| it.0 != first);
    }

    /// Whether a later round has, or may come to have, something to do without a further call.
    pub(crate) fn work_left(&self, durability: Durability) -> bool {
        let until = Until::Aged(u64::MAX);
        self.cursors_changed()
            || !self.doomed.is_empty()
            || (0..self.segments.len()).any(|index| self.needs_sync(index, durability, until))
    }
}
