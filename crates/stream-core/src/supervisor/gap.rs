//! Gap: a span of time in which we were blind, from the last byte before it to the connection after it. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{DisconnectReason, GapCause, Timestamp};

/// Blindness: since when nothing is seen, and why; or that we see.
#[derive(Debug)]
pub(super) struct GapTracker {
    blind: Option<Blind>,
}

#[derive(Debug)]
struct Blind {
    from: Moment,
    cause: GapCause,
}

/// A moment by both clocks: the wall clock says when it was, the monotonic one how long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    /// `None` for one that another process saw.
    pub(super) monotonic: Option<Instant>,
}

/// A gap that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The last byte before it.
    pub(super) from: Timestamp,
    /// The connection after it.
    pub(super) to: Timestamp,
    /// The time between them, even if the wall clock was set meanwhile.
    pub(super) length: Duration,
    /// Why the connection before it ended, or that the process did.
    pub(super) cause: GapCause,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self {
            wall: Timestamp::now(),
            monotonic: Some(Instant::now()),
        }
    }

    fn until(self, later: Self) -> Duration {
        match (self.monotonic, later.monotonic) {
            (Some(earlier), Some(later)) => later.saturating_duration_since(earlier),
            _ => later.wall.since(self.wall),
        }
    }
}

impl GapTracker {
    /// After a restart: blind since the process before this one last received something, if it ever did.
    pub(super) fn after_restart(last_received: Option<Timestamp>) -> Self {
        let from = last_received.map(|wall| Moment {
            wall,
            monotonic: None,
        });
        Self {
            blind: from.map(|from| Blind {
                from,
                cause: GapCause::Restart,
            }),
        }
    }

    /// A connection is over: blind since `from`, its last byte or, if it brought none, its beginning.
    pub(super) fn begin(&mut self, from: Moment, reason: DisconnectReason) {
        let cause = GapCause::Disconnect(reason);
        self.blind = Some(Blind { from, cause });
    }

    /// How long we have been blind at `now`, if we are.
    pub(super) fn lasts(&self, now: Moment) -> Option<Duration> {
        self.blind.as_ref().map(|blind| blind.from.until(now))
    }

    /// A connection is open since `to`. Gives the gap that it ends, if there was one.
    pub(super) fn end(&mut self, to: Moment) -> Option<Gap> {
        let Blind { from, cause } = self.blind.take()?;
        Some(Gap {
            from: from.wall,
            to: to.wall,
            length: from.until(to),
            cause,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn moment(secs: u64) -> Moment {
        Moment {
            wall: at(secs),
            monotonic: None,
        }
    }

    #[test]
    fn a_first_start_ends_no_gap_and_a_restart_one() {
        assert_eq!(GapTracker::after_restart(None).end(moment(9)), None);
        let mut tracker = GapTracker::after_restart(Some(at(4)));
        let gap = tracker.end(moment(9)).unwrap();
        assert_eq!(
            (gap.from, gap.cause, gap.length),
            (at(4), GapCause::Restart, Duration::from_secs(5))
        );
        assert_eq!(tracker.end(moment(10)), None, "told once");
    }

    #[test]
    fn its_length_is_true_whatever_is_done_to_the_wall_clock() {
        let start = Instant::now();
        let by_both = |wall, secs| Moment {
            wall: at(wall),
            monotonic: Some(start + Duration::from_secs(secs)),
        };
        for set in [0, 40_000] {
            let mut tracker = GapTracker::after_restart(None);
            tracker.begin(by_both(10_000, 0), DisconnectReason::Broken);
            let gap = tracker.end(by_both(set, 60)).unwrap();
            assert_eq!((gap.length, gap.to), (Duration::from_secs(60), at(set)));
        }
    }
}
