//! At most 40 connects in any 15 minutes that the server has seen, counted across restarts. X allows 50 to a stream
//! (<https://docs.x.com/x-api/fundamentals/rate-limits>); the rest is for the operator.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Timestamp;

/// How many connects a window may have.
pub(super) const CONNECTS: usize = 40;
/// How long a connect counts.
pub(super) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Rate limit of our own, as a sliding window: when each connect stops counting, by the monotonic clock, oldest first. A wall
/// clock that is set forgets none and invents none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct ConnectBudget(VecDeque<Duration>);

impl ConnectBudget {
    /// The budget that connects made at these wall-clock times leave, at the moment `now` by both clocks. Those from a future
    /// that the clock has since left count as made just now.
    pub(super) fn restored(connects: &[Timestamp], monotonic: Duration, wall: Timestamp) -> Self {
        let left = connects.iter().map(|at| WINDOW.saturating_sub(wall.since(*at)));
        let mut ends: Vec<_> = left.filter(|left| !left.is_zero()).collect();
        ends.sort_unstable();
        Self(ends.into_iter().map(|left| monotonic + left).collect())
    }

    /// When its connects were made, by the wall clock as it is set at the moment `now`.
    pub(super) fn connects(&self, monotonic: Duration, wall: Timestamp) -> Vec<Timestamp> {
        self.counting(monotonic)
            .map(|end| wall.minus(WINDOW.saturating_sub(end.saturating_sub(monotonic))))
            .collect()
    }

    /// How long until the next connect is allowed; zero if it is allowed now.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        match self.counting(now).count().checked_sub(CONNECTS) {
            // The connect that has to leave the window first.
            Some(surplus) => self
                .counting(now)
                .nth(surplus)
                .unwrap_or_default()
                .saturating_sub(now),
            None => Duration::ZERO,
        }
    }

    /// How many connects are left.
    pub(super) fn remaining(&self, now: Duration) -> usize {
        CONNECTS.saturating_sub(self.counting(now).count())
    }

    /// Notes a connect, before it is made. Forgets what no longer counts.
    pub(super) fn spend(&mut self, now: Duration) {
        self.0 = self.counting(now).collect();
        self.0.push_back(now + WINDOW);
    }

    /// Takes back the connect that was noted last: the server has not seen it.
    pub(super) fn refund(&mut self) {
        self.0.pop_back();
    }

    fn counting(&self, now: Duration) -> impl Iterator<Item = Duration> {
        self.0.iter().copied().filter(move |end| *end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn the_forty_first_waits_for_the_first_to_leave() {
        let mut budget = ConnectBudget::default();
        for n in 0..40 {
            assert_eq!(budget.wait(secs(1_000 + n)), Duration::ZERO);
            budget.spend(secs(1_000 + n));
        }
        assert_eq!(budget.remaining(secs(1_040)), 0);
        assert_eq!(budget.wait(secs(1_040)), secs(860));
        assert_eq!(budget.wait(secs(1_900)), Duration::ZERO);
        assert_eq!(budget.remaining(secs(1_901)), 2);
    }

    #[test]
    fn what_the_server_has_not_seen_costs_nothing() {
        let mut budget = ConnectBudget::default();
        for n in 0..1_000 {
            assert_eq!(budget.wait(secs(n)), Duration::ZERO);
            budget.spend(secs(n));
            budget.refund();
        }
        assert_eq!(budget.remaining(secs(1_000)), CONNECTS);
    }

    #[test]
    fn it_outlives_the_process_whatever_the_clock_does_meanwhile() {
        let mut budget = ConnectBudget::default();
        (0..40).for_each(|n| budget.spend(secs(100 + n)));
        let made = budget.connects(secs(200), at(1_000_000));
        assert_eq!((made[0], made[39]), (at(999_900), at(999_939)));
        // The next process, whose monotonic clock is its own.
        let restored = |wall| ConnectBudget::restored(&made, secs(5), at(wall));
        assert_eq!(restored(1_000_010).wait(secs(5)), secs(790));
        assert_eq!(restored(1_000_010).connects(secs(5), at(1_000_010)), made);
        // Set back two hours: as if all were made now, and no longer than the window.
        assert_eq!(restored(1_000_000 - 7_200).wait(secs(5)), WINDOW);
        assert_eq!(restored(1_002_000), ConnectBudget::default());
    }
}
