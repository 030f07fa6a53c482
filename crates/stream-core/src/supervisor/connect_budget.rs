//! At most 40 connects in any 15 minutes, counted across restarts. X allows 50 to a stream
//! (<https://docs.x.com/x-api/fundamentals/rate-limits>); the rest is for the operator.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::Timestamp;

/// How many connects a window may have.
pub(super) const CONNECTS: usize = 40;
/// How long a connect counts.
pub(super) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Rate limit of our own, as a sliding window: when connects were made, by the wall clock: monotonic clocks do not outlive the process.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct ConnectBudget(VecDeque<Timestamp>);

impl ConnectBudget {
    /// How long until the next connect is allowed; zero if it is allowed now. Forgets what no longer counts.
    pub(crate) fn wait(&mut self, now: Timestamp) -> Duration {
        self.0 = self.recent(now).collect();
        match self.0.len().checked_sub(CONNECTS) {
            // The connect that has to leave the window first.
            Some(surplus) => self.0[surplus].plus(WINDOW).since(now),
            None => Duration::ZERO,
        }
    }

    /// How many connects are left.
    pub(crate) fn remaining(&self, now: Timestamp) -> usize {
        CONNECTS.saturating_sub(self.recent(now).count())
    }

    /// Notes a connect, before it is made.
    pub(crate) fn spend(&mut self, now: Timestamp) {
        self.0.push_back(now);
    }

    /// The connects that still count, oldest first. Those from a future that the clock has since left count as made when
    /// that was first noticed.
    fn recent(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.0
            .iter()
            .map(move |at| (*at).min(now))
            .filter(move |at| now.since(*at) < WINDOW)
    }
}

/// The file that keeps a budget: one time in microseconds since 1970 a line.
#[derive(Clone, Debug)]
pub(crate) struct ConnectBudgetFile(PathBuf);

impl ConnectBudgetFile {
    /// The file in the folder `dir`.
    pub(crate) fn within(dir: &Path) -> Self {
        Self(dir.join("connects"))
    }

    /// What the file says. Without a file, or with one that nobody can read, nothing was spent: it is missing at the first
    /// start, and a wrong guess costs at most a 429.
    pub(crate) fn load(&self) -> ConnectBudget {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let mut times: Vec<_> = text.lines().filter_map(|line| line.parse().ok()).collect();
        times.sort_unstable();
        ConnectBudget(times.into_iter().map(Timestamp::from_micros).collect())
    }

    /// Replaces the file, in one step: a crash leaves the old or the new.
    pub(crate) fn save(&self, budget: &ConnectBudget) -> std::io::Result<()> {
        let text: String = budget.0.iter().map(|at| format!("{}\n", at.micros())).collect();
        let new = self.0.with_extension("new");
        std::fs::write(&new, text)?;
        std::fs::rename(new, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn the_forty_first_waits_for_the_first_to_leave() {
        let mut budget = ConnectBudget::default();
        for n in 0..40 {
            assert_eq!(budget.wait(at(1_000 + n)), Duration::ZERO);
            budget.spend(at(1_000 + n));
        }
        assert_eq!(budget.remaining(at(1_040)), 0);
        assert_eq!(budget.wait(at(1_040)), Duration::from_secs(860));
        assert_eq!(budget.wait(at(1_900)), Duration::ZERO);
        assert_eq!(budget.remaining(at(1_901)), 2);
    }

    #[test]
    fn a_clock_set_back_cannot_lock_us_out_for_longer_than_the_window() {
        let mut budget = ConnectBudget::default();
        (0..40).for_each(|_| budget.spend(at(1_000_000)));
        assert_eq!(budget.wait(at(5)), WINDOW);
        assert_eq!(budget.wait(at(5 + 300)), Duration::from_secs(600));
        assert_eq!(budget.wait(at(5 + 900)), Duration::ZERO);
    }

    #[test]
    fn it_outlives_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let file = ConnectBudgetFile::within(dir.path());
        assert_eq!(file.load(), ConnectBudget::default());
        let mut budget = ConnectBudget::default();
        for secs in [7, 9] {
            budget.spend(at(secs));
        }
        file.save(&budget).unwrap();
        assert_eq!(file.load(), budget);
        std::fs::write(dir.path().join("connects"), [0xff, 0xfe]).unwrap();
        assert_eq!(file.load(), ConnectBudget::default());
    }

    /// Whoever changes this makes the next version forget the connects of the one before it.
    #[test]
    fn golden_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let mut budget = ConnectBudget::default();
        for secs in [1_764_000_000, 1_764_000_001] {
            budget.spend(at(secs));
        }
        ConnectBudgetFile::within(dir.path()).save(&budget).unwrap();
        let text = std::fs::read_to_string(dir.path().join("connects")).unwrap();
        assert_eq!(text, "1764000000000000\n1764000001000000\n");
    }
}
