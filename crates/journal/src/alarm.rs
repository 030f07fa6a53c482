//! A condition variable between whoever changes something and the journal's thread, which sleeps when nothing is left to do.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// An idle thread looks up that often.
const IDLE_BEAT: Duration = Duration::from_secs(1);

/// Rung by changes, watched by the thread.
pub(crate) struct Alarm {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The thread waits for something to do.
    Idle,
    Busy,
    Stop,
    Stopped,
}

impl Alarm {
    /// For a thread that has something to do at its start.
    pub(crate) fn busy() -> Self {
        Self {
            phase: Mutex::new(Phase::Busy),
            changed: Condvar::new(),
        }
    }

    /// Tells an idle thread that something changed.
    pub(crate) fn ring(&self) {
        let mut phase = self.phase.lock();
        if *phase == Phase::Idle {
            *phase = Phase::Busy;
            self.changed.notify_all();
        }
    }

    /// The thread waits until there is something to do, and `round` more; false when it is time to stop. Meanwhile it
    /// tells `beat` about every second that it lives.
    pub(crate) fn next_round(&self, round: Duration, beat: impl Fn()) -> bool {
        let mut phase = self.phase.lock();
        while *phase == Phase::Idle {
            beat();
            self.changed.wait_for(&mut phase, IDLE_BEAT);
        }
        self.changed
            .wait_while_for(&mut phase, |phase| *phase == Phase::Busy, round);
        *phase == Phase::Busy
    }

    /// The thread goes idle unless there is work. The alarm is held meanwhile: a change after that finds it idle, and
    /// rings.
    pub(crate) fn rest_unless(&self, work_left: impl FnOnce() -> bool) {
        let mut phase = self.phase.lock();
        if *phase == Phase::Busy && !work_left() {
            *phase = Phase::Idle;
        }
    }

    /// The thread is asked to stop, and has not.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.phase.lock() == Phase::Stop
    }

    /// The thread does nothing more.
    pub(crate) fn stopped(&self) {
        *self.phase.lock() = Phase::Stopped;
        self.changed.notify_all();
    }

    /// Asks the thread to stop and waits for it; false if it has not stopped within that time.
    pub(crate) fn stop(&self, within: Duration) -> bool {
        let mut phase = self.phase.lock();
        if *phase != Phase::Stopped {
            *phase = Phase::Stop;
        }
        self.changed.notify_all();
        self.changed
            .wait_while_for(&mut phase, |phase| *phase != Phase::Stopped, within);
        *phase == Phase::Stopped
    }
}
