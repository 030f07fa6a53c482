//! The background thread: every 50 ms at most, write changed cursors, trim behind them, sync what is old and unconsumed.
//! Appends never wait for it.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::alarm::Alarm;
use crate::shared::Shared;
use crate::state::Until;
use crate::upkeep::Upkeep;

const ROUND: Duration = Duration::from_millis(50);
/// A thread stuck in a hanging disk must not take the whole program with it.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// What every public handle shares. With the last of them the thread ends and the lock goes.
pub(crate) struct Handle {
    pub(crate) upkeep: Arc<Upkeep>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    /// Starts the thread; an error when the system gives none.
    pub(crate) fn start(upkeep: Upkeep) -> io::Result<Self> {
        let upkeep = Arc::new(upkeep);
        let kept = upkeep.clone();
        let thread = thread::Builder::new()
            .name("journal".into())
            .spawn(move || run(&kept))?;
        Ok(Self {
            upkeep,
            thread: Some(thread),
        })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.upkeep.shared
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let stopped = self.shared().alarm.stop(STOP_WITHIN);
        match self.thread.take() {
            Some(thread) if stopped => drop(thread.join()),
            _ => tracing::error!("the journal's thread hangs in the disk and is left behind"),
        }
    }
}

fn run(upkeep: &Upkeep) {
    let shared = &upkeep.shared;
    let _stopped = TellStopped(&shared.alarm);
    let mut aged = shared.state().end();
    let mut failing = false;
    while shared.alarm.next_round(ROUND, || shared.pulse.beat()) {
        let appended = shared.state().end();
        let outcome = round(upkeep, std::mem::replace(&mut aged, appended));
        report(&mut failing, outcome);
        shared
            .alarm
            .rest_unless(|| shared.state().work_left(shared.settings.durability));
        shared.pulse.beat();
    }
    report(&mut failing, upkeep.write_cursors(false));
}

/// However the thread ends, also by a panic, nobody waits for it any more.
struct TellStopped<'a>(&'a Alarm);

impl Drop for TellStopped<'_> {
    fn drop(&mut self) {
        self.0.stopped();
    }
}

fn round(upkeep: &Upkeep, aged: u64) -> io::Result<()> {
    let written = upkeep.write_cursors(false);
    let trimmed = upkeep.trim();
    let synced = upkeep.sync(Until::Aged(aged));
    // Only while the disk is in use anyway: in quiet health nothing forces it.
    let durable = if matches!(synced, Ok(true)) {
        upkeep.write_cursors(true)
    } else {
        Ok(())
    };
    written.and(trimmed).and(synced.map(drop)).and(durable)
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
