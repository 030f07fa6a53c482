//! Shared state: what the writer, the readers, the handles and the journal's thread all look at.

use std::fs::File;
use std::io;
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};

use crate::alarm::Alarm;
use crate::disk::Disk;
use crate::pulse::Pulse;
use crate::settings::{Settings, Timing};
use crate::state::State;

/// The directory, the book of what is in it, and the bell of the thread that keeps both in order.
///
/// The alarm is locked before the state, never after it, and neither is held during I/O: nothing but the disk itself
/// makes an append wait.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) disk: Disk,
    pub(crate) alarm: Alarm,
    /// Of the thread.
    pub(crate) pulse: Pulse,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, disk: Disk, state: State) -> Self {
        Self {
            settings,
            disk,
            alarm: Alarm::busy(),
            pulse: Pulse::new(),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// `fdatasync` of one segment file, measured.
    pub(crate) fn timed_sync(&self, file: &File) -> io::Result<()> {
        let started = Instant::now();
        let outcome = self.disk.sync_segment(file);
        self.settings.observe(Timing::Sync(started.elapsed()));
        outcome
    }
}
