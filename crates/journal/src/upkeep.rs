//! Upkeep: write cursors, trim behind them, make segments durable; and what happens when the disk refuses a sync.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::cursor;
use crate::shared::Shared;
use crate::state::{How, State, SyncJob, Until};
use crate::writer::Writer;

const COPY_AGAIN: Duration = Duration::from_secs(1);

/// What is shared, with the turns at it: one writes cursors at a time, one syncs, one appends.
///
/// Locks are taken in the order of the fields, and before those of [`Shared`]; some left out but never turned round.
pub(crate) struct Upkeep {
    /// So that older cursors never replace newer. Holds the sequence number of the newest file.
    cursor_turn: Mutex<u64>,
    sync_turn: Mutex<()>,
    pub(crate) writer: Mutex<Writer>,
    pub(crate) shared: Shared,
}

impl Upkeep {
    pub(crate) fn new(shared: Shared, cursor_sequence: u64) -> Self {
        Self {
            cursor_turn: Mutex::new(cursor_sequence),
            sync_turn: Mutex::default(),
            writer: Mutex::default(),
            shared,
        }
    }

    /// Writes the cursors if they changed; `durably` forces them to the disk, unless they are there.
    pub(crate) fn write_cursors(&self, durably: bool) -> io::Result<()> {
        self.write_cursors_if(durably, |state| {
            if durably {
                state.cursors_unforced()
            } else {
                state.cursors_changed()
            }
        })
    }

    /// Makes both cursor files at once, so that they need no room later.
    pub(crate) fn make_cursor_files(&self) -> io::Result<()> {
        self.write_cursors_if(true, |_| true)?;
        self.write_cursors_if(true, |_| true)?;
        self.shared.disk.sync_dir()
    }

    fn write_cursors_if(&self, durably: bool, needed: impl FnOnce(&State) -> bool) -> io::Result<()> {
        let mut newest = self.cursor_turn.lock();
        let sequence = newest.wrapping_add(1);
        let (bytes, version, lowest) = {
            let state = self.shared.state();
            if !needed(&state) {
                return Ok(());
            }
            (
                cursor::encode(sequence, state.cursors()),
                state.version(),
                state.lowest_cursor(),
            )
        };
        let outcome = self.shared.disk.write_cursors(sequence, &bytes, durably);
        let mut state = self.shared.state();
        match &outcome {
            Ok(()) => {
                *newest = sequence;
                state.cursors_written(version);
                if durably {
                    state.cursors_forced(version, lowest);
                }
            }
            Err(_) => state.tally.cursor_failures += 1,
        }
        outcome
    }

    /// Unlinks the segments that every cursor has passed, once the cursors are forced to the disk: a machine that dies
    /// must not come back with cursors before what is held, for that looks like a loss.
    pub(crate) fn trim(&self) -> io::Result<()> {
        let can_trim = self.shared.state().can_trim();
        let forced = if can_trim {
            self.write_cursors(true)
        } else {
            Ok(())
        };
        let gone = self.shared.state().trim();
        for first in gone {
            if let Err(error) = self.shared.disk.remove_segment(first) {
                self.shared.state().tally.trim_failures += 1;
                return Err(error);
            }
            self.shared.state().unlinked(first);
        }
        forced
    }

    /// Syncs what `until` asks for; true if there was something. The first error is returned after
    /// all segments were tried.
    pub(crate) fn sync(&self, until: Until) -> io::Result<bool> {
        let _turn = self.sync_turn.lock();
        let (jobs, names_synced, end) = {
            let state = self.shared.state();
            let jobs = state.sync_jobs(self.shared.settings.durability, until, Instant::now());
            (jobs, state.names_synced(), state.end())
        };
        if jobs.is_empty() {
            return Ok(false);
        }
        if !names_synced {
            self.shared.disk.sync_dir()?;
            self.shared.state().set_names_synced(end);
        }
        let mut outcome = Ok(true);
        // What is aged is the thread's business; many segments may take it long, and it gets on with each.
        let is_keeper = matches!(until, Until::Aged(_));
        for job in &jobs {
            if is_keeper && self.shared.alarm.is_stopping() {
                break;
            }
            if is_keeper {
                self.shared.pulse.beat();
            }
            match self.make_durable(job) {
                Ok(()) => self.shared.state().synced(job),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }

    fn make_durable(&self, job: &SyncJob) -> io::Result<()> {
        let synced = match &job.how {
            How::Sync(file) => self.shared.timed_sync(file),
            How::Reopen => match self.shared.disk.open_segment(job.first) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                opened => self.shared.timed_sync(&opened?),
            },
            How::Copy => return self.copy(job.first),
        };
        let Err(error) = synced else { return Ok(()) };
        tracing::error!(segment = job.first, %error, "segment not synced; copying it to a new file");
        self.shared.state().tally.sync_failures += 1;
        self.writer.lock().abandon_if(&self.shared, job.first);
        self.copy(job.first)
    }

    /// Makes a segment durable whose own file may not be synced again: what was written is still
    /// in the page cache, so a copy of it takes its place.
    fn copy(&self, first: u64) -> io::Result<()> {
        let Some(bytes) = self.shared.state().refused(first, Instant::now() + COPY_AGAIN) else {
            return Ok(());
        };
        let file = self.shared.disk.open_segment(first)?;
        self.shared.disk.replace_segment(first, &file, bytes)?;
        self.shared.state().copied(first);
        if !self.shared.state().holds(first) {
            // Trimmed while it was copied.
            self.shared.disk.remove_segment(first)?;
        }
        Ok(())
    }
}
