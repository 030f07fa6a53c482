//! The machine, looked at now and then: room on the journal's disk, and how far the clock is from X's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use source_x::XSource;

use crate::metrics::Metrics;
use crate::starts;

/// How often.
const EVERY: Duration = Duration::from_secs(10);
/// The same until X has answered for the first time.
const SOON: Duration = Duration::from_secs(1);

/// Looks for ever.
pub(crate) struct MachineWatch {
    journal: PathBuf,
    source: Arc<XSource>,
    metrics: Arc<Metrics>,
}

impl MachineWatch {
    /// Will look at the disk under the folder `journal`, and at what X's answers to `source` say of the clock.
    pub(crate) fn new(journal: &Path, source: &Arc<XSource>, metrics: &Arc<Metrics>) -> Self {
        Self {
            journal: journal.to_owned(),
            source: source.clone(),
            metrics: metrics.clone(),
        }
    }

    /// Counts this start and begins to look. The journal must be ours.
    pub(crate) fn start(self) {
        self.metrics.started(starts::count(&self.journal));
        tokio::spawn(self.run());
    }

    /// A disk that hangs holds up the next look, and nobody else.
    async fn run(self) {
        loop {
            let journal = self.journal.clone();
            let free = tokio::task::spawn_blocking(move || free_bytes(&journal));
            let free = free.await.ok().flatten();
            let skew = self.source.clock_skew();
            self.metrics.machine_seen(free, skew);
            tokio::time::sleep(skew.map_or(SOON, |_| EVERY)).await;
        }
    }
}

/// Bytes that the disk under `path` has left for us; `None` if it does not say.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_says_what_it_has_left_and_what_is_not_there_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_bytes(dir.path()) > Some(0));
        assert_eq!(free_bytes(&dir.path().join("none")), None);
    }
}
