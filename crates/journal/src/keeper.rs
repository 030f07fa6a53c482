//! What runs behind the appender's back: every 50 ms at most, write changed cursors, trim behind
//! them, sync what is old and unconsumed. Appends never wait for it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::appender::Writer;
use crate::cursor;
use crate::disk::Disk;
use crate::settings::{Settings, Timing};
use crate::state::{How, State, SyncJob, Until};

const ROUND: Duration = Duration::from_millis(50);
const COPY_AGAIN: Duration = Duration::from_secs(1);
/// A thread stuck in a hanging disk must not take the whole program with it.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Everything that the handles and the keeper share.
///
/// Locks are taken in the order of the fields, some left out but never turned round. `state` and
/// `alarm` are never held during I/O, so nothing but the disk itself makes an append wait.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) disk: Disk,
    /// One writes cursors at a time, so that older ones never replace newer. Holds the sequence
    /// number of the newest file.
    cursor_turn: Mutex<u64>,
    /// One syncs at a time.
    sync_turn: Mutex<()>,
    pub(crate) writer: Mutex<Writer>,
    alarm: Mutex<Alarm>,
    rung: Condvar,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alarm {
    /// The keeper waits for something to do.
    Idle,
    Busy,
    Stop,
    Stopped,
}

impl Core {
    pub(crate) fn new(settings: Settings, disk: Disk, state: State, cursor_sequence: u64) -> Self {
        Self {
            settings,
            disk,
            cursor_turn: Mutex::new(cursor_sequence),
            sync_turn: Mutex::default(),
            writer: Mutex::default(),
            state: Mutex::new(state),
            alarm: Mutex::new(Alarm::Busy),
            rung: Condvar::new(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Tells an idle keeper that something changed.
    pub(crate) fn wake(&self) {
        let mut alarm = self.alarm.lock();
        if *alarm == Alarm::Idle {
            *alarm = Alarm::Busy;
            self.rung.notify_all();
        }
    }

    /// Writes the cursors if they changed; `durably` forces them to the disk in any case.
    pub(crate) fn write_cursors(&self, durably: bool) -> io::Result<()> {
        let mut newest = self.cursor_turn.lock();
        let sequence = newest.wrapping_add(1);
        let (bytes, version, lowest) = {
            let state = self.state();
            if !durably && !state.cursors_changed() {
                return Ok(());
            }
            (
                cursor::encode(sequence, state.cursors()),
                state.version(),
                state.lowest_cursor(),
            )
        };
        let outcome = self.disk.write_cursors(sequence, &bytes, durably);
        let mut state = self.state();
        match &outcome {
            Ok(()) => {
                *newest = sequence;
                state.cursors_written(version, lowest);
            }
            Err(_) => state.tally.cursor_failures += 1,
        }
        outcome
    }

    /// Unlinks the segments that every written cursor has passed.
    pub(crate) fn trim(&self) -> io::Result<()> {
        let gone = self.state().trim();
        for first in gone {
            if let Err(error) = self.disk.remove_segment(first) {
                self.state().tally.trim_failures += 1;
                return Err(error);
            }
            self.state().unlinked(first);
        }
        Ok(())
    }

    /// Syncs what `until` asks for; true if there was something. The first error is returned after
    /// all segments were tried.
    pub(crate) fn sync(&self, until: Until) -> io::Result<bool> {
        let _turn = self.sync_turn.lock();
        let (jobs, names_synced, end) = {
            let state = self.state();
            let jobs = state.sync_jobs(self.settings.durability, until, Instant::now());
            (jobs, state.names_synced(), state.end())
        };
        if jobs.is_empty() {
            return Ok(false);
        }
        if !names_synced {
            self.disk.sync_dir()?;
            self.state().set_names_synced(end);
        }
        let mut outcome = Ok(true);
        for job in &jobs {
            if matches!(until, Until::Aged(_)) && *self.alarm.lock() == Alarm::Stop {
                break;
            }
            match self.make_durable(job) {
                Ok(()) => self.state().synced(job),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }

    fn make_durable(&self, job: &SyncJob) -> io::Result<()> {
        let synced = match &job.how {
            How::Sync(file) => self.timed_sync(file),
            How::Reopen => match self.disk.open_segment(job.first) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                opened => self.timed_sync(&opened?),
            },
            How::Copy => return self.copy(job.first),
        };
        let Err(error) = synced else { return Ok(()) };
        tracing::error!(segment = job.first, %error, "segment not synced; copying it to a new file");
        self.state().tally.sync_failures += 1;
        self.writer.lock().abandon_if(self, job.first);
        self.copy(job.first)
    }

    /// One `fdatasync`, measured.
    pub(crate) fn timed_sync(&self, file: &File) -> io::Result<()> {
        let started = Instant::now();
        let outcome = self.disk.sync(file);
        self.settings.observe(Timing::Sync(started.elapsed()));
        outcome
    }

    /// Makes a segment durable whose own file may not be synced again: what was written is still
    /// in the page cache, so a copy of it takes its place.
    fn copy(&self, first: u64) -> io::Result<()> {
        let Some(bytes) = self.state().refused(first, Instant::now() + COPY_AGAIN) else {
            return Ok(());
        };
        let file = self.disk.open_segment(first)?;
        self.disk.replace_segment(first, &file, bytes)?;
        self.state().copied(first);
        if !self.state().holds(first) {
            // Trimmed while it was copied.
            self.disk.remove_segment(first)?;
        }
        Ok(())
    }

    fn round(&self, aged: u64) -> io::Result<()> {
        let written = self.write_cursors(false);
        let trimmed = self.trim();
        let synced = self.sync(Until::Aged(aged));
        // Only while the disk is in use anyway: in quiet health nothing forces it.
        let durable = if matches!(synced, Ok(true)) {
            self.write_cursors(true)
        } else {
            Ok(())
        };
        written.and(trimmed).and(synced.map(drop)).and(durable)
    }

    /// Waits for the next round; false when it is time to stop.
    fn next_round(&self) -> bool {
        let mut alarm = self.alarm.lock();
        self.rung.wait_while(&mut alarm, |alarm| *alarm == Alarm::Idle);
        self.rung
            .wait_while_for(&mut alarm, |alarm| *alarm == Alarm::Busy, ROUND);
        *alarm == Alarm::Busy
    }

    fn rest_if_done(&self) {
        // The alarm is held while the state is read: a change after that finds it idle and rings.
        let mut alarm = self.alarm.lock();
        if *alarm == Alarm::Busy && !self.state().work_left(self.settings.durability) {
            *alarm = Alarm::Idle;
        }
    }

    fn run(&self) {
        let mut aged = self.state().end();
        let mut failing = false;
        while self.next_round() {
            let appended = self.state().end();
            let outcome = self.round(std::mem::replace(&mut aged, appended));
            report(&mut failing, outcome);
            self.rest_if_done();
        }
        report(&mut failing, self.write_cursors(false));
        *self.alarm.lock() = Alarm::Stopped;
        self.rung.notify_all();
    }
}

/// Says once that the disk fails, and once that it works again.
fn report(failing: &mut bool, outcome: io::Result<()>) {
    match outcome {
        Err(error) if !*failing => tracing::error!(%error, "journal upkeep fails; trying on"),
        Ok(()) if *failing => tracing::info!("journal upkeep works again"),
        _ => return,
    }
    *failing = !*failing;
}

/// What every public handle shares. With the last of them the keeper ends and the lock goes.
pub(crate) struct Handle {
    pub(crate) core: Arc<Core>,
    keeper: Option<JoinHandle<()>>,
}

impl Handle {
    /// Starts the keeper.
    pub(crate) fn start(core: Core) -> io::Result<Self> {
        let core = Arc::new(core);
        let kept = core.clone();
        let keeper = thread::Builder::new()
            .name("journal".into())
            .spawn(move || kept.run())?;
        Ok(Self {
            core,
            keeper: Some(keeper),
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut alarm = self.core.alarm.lock();
        if *alarm != Alarm::Stopped {
            *alarm = Alarm::Stop;
        }
        self.core.rung.notify_all();
        self.core
            .rung
            .wait_while_for(&mut alarm, |alarm| *alarm != Alarm::Stopped, STOP_WITHIN);
        let stopped = *alarm == Alarm::Stopped;
        drop(alarm);
        match self.keeper.take() {
            Some(keeper) if stopped => drop(keeper.join()),
            _ => tracing::error!("the journal's thread hangs in the disk and is left behind"),
        }
    }
}
