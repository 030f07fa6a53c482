//! Gap: a span of time in which we were blind, from the last byte before it to the connection after it. Pure.

use std::time::Duration;

use crate::model::{DisconnectReason, GapCause, Timestamp};

/// Blindness: since when nothing is seen, and why; or that we see.
#[derive(Debug)]
pub(super) struct GapTracker {
    blind: Option<(Timestamp, GapCause)>,
}

/// A gap that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The last byte before it.
    pub(super) from: Timestamp,
    /// The connection after it.
    pub(super) to: Timestamp,
    /// Why the connection before it ended, or that the process did.
    pub(super) cause: GapCause,
}

impl Gap {
    pub(super) const fn length(&self) -> Duration {
        self.to.since(self.from)
    }
}

impl GapTracker {
    /// After a restart: blind since the process before this one last received something, if it ever did.
    pub(super) fn after_restart(last_received: Option<Timestamp>) -> Self {
        Self {
            blind: last_received.map(|from| (from, GapCause::Restart)),
        }
    }

    /// A connection that began at `connected_at` is over. Gives the start of the gap: the last byte, or the connection itself
    /// if it brought none.
    pub(super) fn begin(
        &mut self,
        connected_at: Timestamp,
        last_byte: Option<Timestamp>,
        reason: DisconnectReason,
    ) -> Timestamp {
        let from = last_byte.map_or(connected_at, |at| at.max(connected_at));
        self.blind = Some((from, GapCause::Disconnect(reason)));
        from
    }

    /// A connection is open since `to`. Gives the gap that it ends, if there was one.
    pub(super) fn end(&mut self, to: Timestamp) -> Option<Gap> {
        let (from, cause) = self.blind.take()?;
        Some(Gap { from, to, cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn a_first_start_ends_no_gap_and_a_restart_one() {
        assert_eq!(GapTracker::after_restart(None).end(at(9)), None);
        let mut tracker = GapTracker::after_restart(Some(at(4)));
        let gap = tracker.end(at(9)).unwrap();
        assert_eq!(
            (gap.from, gap.cause, gap.length()),
            (at(4), GapCause::Restart, Duration::from_secs(5))
        );
        assert_eq!(tracker.end(at(10)), None, "told once");
    }

    #[test]
    fn it_begins_with_the_last_byte_of_its_own_connection() {
        let mut tracker = GapTracker::after_restart(None);
        let reason = DisconnectReason::Silence;
        assert_eq!(tracker.begin(at(10), Some(at(30)), reason), at(30));
        assert_eq!(tracker.end(at(50)).map(|gap| gap.from), Some(at(30)));
        // Bytes of an earlier connection say nothing of this one.
        assert_eq!(tracker.begin(at(50), Some(at(30)), reason), at(50));
        assert_eq!(tracker.begin(at(50), None, reason), at(50));
        assert_eq!(
            tracker.end(at(51)).map(|gap| gap.cause),
            Some(GapCause::Disconnect(reason))
        );
    }
}
