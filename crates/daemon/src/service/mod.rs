//! Service manager: readiness, watchdog and status by systemd's notification protocol (sd_notify(3)). Without a manager that
//! listens, nothing is told.

mod socket;
mod words;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use stream_core::telemetry::View;

use self::socket::NotifySocket;
use self::words::Rate;
use crate::admin::health;
use crate::config::Environment;

/// How often the status is told at least; more often if the watchdog wants it.
const EVERY: Duration = Duration::from_secs(5);
/// How much longer a drain may take whenever it is told: some times as long as it takes until it is told again.
const EXTENSION: Duration = Duration::from_secs(15);
/// How long the end may take beyond its budget.
const FAREWELL: Duration = Duration::from_secs(10);

/// Way to the service manager. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct ServiceManager(Option<Arc<Told>>);

struct Told {
    socket: NotifySocket,
    /// Until when the end may take, once it has begun.
    ends: Mutex<Option<Instant>>,
}

impl ServiceManager {
    /// That of this process, if its environment names one. One that cannot be reached is told, and no reason not to run.
    pub(crate) fn of(environment: &Environment) -> Self {
        match NotifySocket::of(environment) {
            Ok(socket) => Self(socket.map(|socket| {
                let ends = Mutex::default();
                Arc::new(Told { socket, ends })
            })),
            Err(error) => {
                tracing::warn!(%error, "the service manager cannot be notified");
                Self::default()
            }
        }
    }

    /// The daemon does its work from now on. The watchdog is fed, and the status told, for as long as `view` shows that every
    /// core loop advances: the judgement of `/livez`.
    pub(crate) fn ready(&self, view: View) -> io::Result<()> {
        let Some(told) = self.0.clone() else {
            return Ok(());
        };
        told.socket.tell("READY=1");
        // A thread of its own: a runtime that hangs must not look like a watchdog that nobody feeds for another reason.
        std::thread::Builder::new()
            .name("notify".to_owned())
            .spawn(move || told.keep(&view))?;
        Ok(())
    }

    /// A reload begins.
    pub(crate) fn reloading(&self) {
        self.tell(|| format!("RELOADING=1\nMONOTONIC_USEC={}", socket::monotonic_usec()));
    }

    /// The reload is over, whatever came of it.
    pub(crate) fn reloaded(&self) {
        self.tell(|| "READY=1".to_owned());
    }

    /// The end begins, and may take `budget`.
    pub(crate) fn stopping(&self, budget: Duration) {
        if let Some(told) = &self.0 {
            *told.ends.lock() = Instant::now().checked_add(budget + FAREWELL);
            told.socket.tell(&format!("STOPPING=1\n{}", extension()));
        }
    }

    fn tell(&self, message: impl FnOnce() -> String) {
        if let Some(told) = &self.0 {
            told.socket.tell(&message());
        }
    }
}

fn extension() -> String {
    format!("EXTEND_TIMEOUT_USEC={}", EXTENSION.as_micros())
}

impl Told {
    /// Tells for as long as the process lives.
    fn keep(&self, view: &View) {
        let period = self.socket.watchdog().map_or(EVERY, |limit| EVERY.min(limit / 2));
        let mut rate = Rate::default();
        loop {
            let status = view.status();
            let mut lines = vec![format!("STATUS={}", rate.words(view, &status))];
            if self.ends.lock().is_some_and(|ends| Instant::now() < ends) {
                lines.push(extension());
            }
            if health::live(view, &status).reasons.is_empty() {
                lines.push("WATCHDOG=1".to_owned());
            }
            self.socket.tell(&lines.join("\n"));
            std::thread::sleep(period);
        }
    }
}
