//! Signs of life: quiet is not dead, so loops beat also when there is nothing to do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often a loop beats.
pub(crate) const PERIOD: Duration = Duration::from_secs(1);

/// Liveness: when a loop was last seen alive.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// What the loop is called in reports.
    pub name: &'static str,
    started: Instant,
    millis: AtomicU64,
}

impl Heartbeat {
    /// A loop that is alive now.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            started: Instant::now(),
            millis: AtomicU64::new(0),
        }
    }

    /// The loop is alive.
    pub(crate) fn beat(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis.store(millis, Ordering::Relaxed);
    }

    /// How long ago that was.
    pub(crate) fn age(&self) -> Duration {
        self.started
            .elapsed()
            .saturating_sub(Duration::from_millis(self.millis.load(Ordering::Relaxed)))
    }

    /// Beats for as long as the runtime that polls this turns.
    pub(crate) async fn keep(&self) {
        loop {
            self.beat();
            tokio::time::sleep(PERIOD).await;
        }
    }
}
