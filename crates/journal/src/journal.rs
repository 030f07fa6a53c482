//! Shared handle: what everyone but the appending end has of an open journal.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::MutexGuard;

use crate::cursor::Cursor;
use crate::keeper::Handle;
use crate::reader::Reader;
use crate::state::{Place, State, Until};
use crate::walk::Walk;

/// An open journal: its readers, cursors and figures. Cheap to clone; the directory stays locked
/// until the last clone, reader and appender are dropped.
#[derive(Clone)]
pub struct Journal {
    handle: Arc<Handle>,
}

impl Journal {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Self { handle }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.handle.shared().state()
    }

    /// The oldest position still held; [`end`](Self::end) if nothing is.
    pub fn start(&self) -> u64 {
        self.state().start()
    }

    /// The position that the next entry gets.
    pub fn end(&self) -> u64 {
        self.state().end()
    }

    /// What all segments take on disk; what `max_bytes` limits.
    pub fn bytes(&self) -> u64 {
        self.state().bytes()
    }

    /// What the entries from `position` on take on disk, about: within a segment, all are taken to be alike.
    pub fn bytes_from(&self, position: u64) -> u64 {
        let state = self.state();
        let places = state.places_backwards();
        let held = places.iter().take_while(|place| place.limit > position);
        let bytes = |place: &Place| {
            let (from, all) = (position.max(place.first), place.limit - place.first);
            let part = u128::from(place.bytes) * u128::from(place.limit - from) / u128::from(all);
            part as u64
        };
        held.map(bytes).sum()
    }

    /// The newest readable entry. It is kept even when every cursor has passed it. Reads a whole
    /// segment: meant for the start.
    pub fn last_entry(&self) -> io::Result<Option<(u64, Bytes)>> {
        let places = self.state().places_backwards();
        for place in places {
            let file = match self.handle.shared().disk.open_segment(place.first) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            let mut walk = Walk::new(file, place.first);
            let mut last = None;
            while let Some(found) = walk.next(place.bytes, place.limit)? {
                last = Some(found);
            }
            if let Some(last) = last {
                // A copy: kept for long, the slice would keep what lies around it.
                return Ok(Some((last.position, Bytes::copy_from_slice(&last.payload))));
            }
        }
        Ok(None)
    }

    /// A reader that begins at `position`; before [`start`](Self::start) it tells what it does not find.
    pub fn read_from(&self, position: u64) -> Reader {
        Reader::new(self.handle.clone(), position)
    }

    /// The cursor of that name; `None` if it was never set or its file was unreadable at start:
    /// then begin at [`start`](Self::start), which repeats entries but skips none.
    pub fn cursor(&self, name: &str) -> Option<Cursor> {
        self.state().cursors().get(name).copied()
    }

    /// Moves one cursor; see [`set_cursors`](Self::set_cursors).
    pub fn set_cursor(&self, name: &str, cursor: Cursor) {
        self.set_cursors([(name, cursor)]);
    }

    /// Moves cursors, all at once in memory and within 50 ms (more on a slow disk) in the file. A position beyond the
    /// end is taken as the end. The state is locked while `cursors` is asked: it must not call the journal. One that
    /// stands there already costs nothing more.
    ///
    /// Segments go once every *known* cursor has passed them, so **set the cursors of all consumers
    /// before the first of them moves**, also to `start()` for a new one.
    pub fn set_cursors<'a>(&self, cursors: impl IntoIterator<Item = (&'a str, Cursor)>) {
        let mut changed = false;
        {
            let mut state = self.state();
            for (name, cursor) in cursors {
                changed |= state.set_cursor(name, cursor);
            }
        }
        if changed {
            self.handle.shared().alarm.ring();
        }
    }

    /// Every cursor with its name.
    pub fn cursors(&self) -> Vec<(String, Cursor)> {
        let state = self.state();
        state
            .cursors()
            .iter()
            .map(|(name, cursor)| (name.clone(), *cursor))
            .collect()
    }

    /// Removes a cursor, so that it holds no segment back any more.
    pub fn forget_cursor(&self, name: &str) {
        let changed = self.state().forget_cursor(name);
        if changed {
            self.handle.shared().alarm.ring();
        }
    }

    /// Writes changed cursors now, so that they outlive the process, and trims behind them: what
    /// else happens within 50 ms, on the caller's thread.
    pub fn flush_cursors(&self) -> io::Result<()> {
        self.handle.upkeep.write_cursors(false)?;
        self.handle.upkeep.trim()
    }

    /// Forces everything appended so far to the disk, on the caller's thread.
    pub fn sync(&self) -> io::Result<()> {
        self.handle.upkeep.sync(Until::All).map(drop)
    }

    /// How long ago the journal's thread, which writes cursors, trims and syncs, was last seen to get on: a second or so
    /// at most in health, also when there is nothing to do. It grows while the disk lets a call hang, and for ever once
    /// the thread is dead. A disk that answers with errors does not make it grow.
    pub fn keeper_seen(&self) -> Duration {
        self.handle.shared().pulse.age()
    }

    /// The figures of this moment.
    pub fn stats(&self) -> Stats {
        let state = self.state();
        let tally = &state.tally;
        Stats {
            bytes: state.bytes(),
            segments: state.segment_count(),
            start: state.start(),
            end: state.end(),
            unsynced_entries: state.unsynced(0),
            at_risk_entries: state.unsynced(state.lowest_cursor().unwrap_or(0)),
            appended_entries: tally.appended_entries,
            appended_bytes: tally.appended_bytes,
            lost_entries: tally.lost_entries,
            cut_bytes: tally.cut_bytes,
            sync_failures: tally.sync_failures,
            cursor_failures: tally.cursor_failures,
            trim_failures: tally.trim_failures,
        }
    }
}

/// Figures of a journal. Totals count from the opening on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// What all segments take on disk; what `max_bytes` limits.
    pub bytes: u64,
    /// How many segment files there are.
    pub segments: usize,
    /// The oldest position held.
    pub start: u64,
    /// The position that the next entry gets.
    pub end: u64,
    /// Entries not known to be on the disk, consumed or not.
    pub unsynced_entries: u64,
    /// Those of them that not every cursor has passed: what a dying machine would take.
    pub at_risk_entries: u64,
    /// Entries appended, readable or lost since.
    pub appended_entries: u64,
    /// Their bytes on disk, headers included.
    pub appended_bytes: u64,
    /// Entries found damaged or missing, by the recovery of the last segment and by readers; each
    /// once, however many readers meet it.
    pub lost_entries: u64,
    /// Bytes cut off the last segment at start: an unfinished write, or a damaged last entry.
    pub cut_bytes: u64,
    /// Syncs that the disk refused. The segment was then copied to a new file.
    pub sync_failures: u64,
    /// Cursor writes that failed; tried again each 50 ms.
    pub cursor_failures: u64,
    /// Trimmed segments that could not be unlinked; tried again each 50 ms.
    pub trim_failures: u64,
}
