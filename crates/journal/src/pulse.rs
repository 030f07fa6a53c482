//! Sign of life: when the journal's thread was last seen to get on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The time of the last beat, by a clock that never goes back.
pub(crate) struct Pulse {
    origin: Instant,
    /// Milliseconds after the origin.
    beat: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            beat: AtomicU64::new(0),
        }
    }

    pub(crate) fn beat(&self) {
        self.beat
            .store(self.origin.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// How long ago that was.
    pub(crate) fn age(&self) -> Duration {
        let beat = Duration::from_millis(self.beat.load(Ordering::Relaxed));
        self.origin.elapsed().saturating_sub(beat)
    }
}
