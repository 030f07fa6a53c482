//! What becomes of the records of a lane that its sink does not take: a policy, and when it applies. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Timestamp;

/// Retention of a lane that does not get on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStuck {
    /// The journal holds them for as long as it has room.
    #[default]
    Hold,
    /// The oldest go, down to this bound.
    DropOldest(Bound),
}

/// How much of what waits is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// What was received within this time. It applies to a lane that has not got on for as long.
    Age(Duration),
    /// So many bytes of the journal, about.
    Bytes(u64),
}

/// The policy, and since when the lane does not get on.
#[derive(Debug)]
pub(super) struct Retention {
    policy: OnStuck,
    since: Option<Instant>,
}

impl Retention {
    pub(super) fn new(policy: OnStuck) -> Self {
        Self { policy, since: None }
    }

    /// The lane does not get on.
    pub(super) fn stands(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// Something was confirmed.
    pub(super) fn moves(&mut self) {
        self.since = None;
    }

    /// Whether a record that was received then, and behind which stand so many `bytes` of the journal, is to go.
    pub(super) fn is_over(&self, received_at: Timestamp, bytes: impl FnOnce() -> u64) -> bool {
        let (OnStuck::DropOldest(bound), Some(since)) = (self.policy, self.since) else {
            return false;
        };
        match bound {
            Bound::Age(age) => since.elapsed() >= age && Timestamp::now().since(received_at) > age,
            Bound::Bytes(most) => bytes() > most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_is_old_goes_and_only_from_a_lane_that_stands() {
        let hour = Duration::from_secs(3_600);
        let (old, new) = (Timestamp::from_millis(0), Timestamp::now());
        let mut retention = Retention::new(OnStuck::DropOldest(Bound::Age(hour)));
        assert!(!retention.is_over(old, || 0), "it moves");
        retention.stands();
        assert!(!retention.is_over(old, || 0), "not for long");
        tokio::time::advance(hour).await;
        assert!(retention.is_over(old, || 0) && !retention.is_over(new, || 0));
        retention.moves();
        retention.stands();
        assert!(!retention.is_over(old, || 0));
        let mut retention = Retention::new(OnStuck::DropOldest(Bound::Bytes(100)));
        retention.stands();
        assert!(retention.is_over(new, || 101) && !retention.is_over(old, || 100));
        let mut hold = Retention::new(OnStuck::Hold);
        hold.stands();
        tokio::time::advance(hour * 99).await;
        assert!(!hold.is_over(old, || u64::MAX));
    }
}
