//! Leases: at most one publisher a lane, and nothing left of the one before it.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::model::{Lane, PerLane};

/// Leases on the lanes of one client (a connection, a producer, a folder), at most one a lane at a time.
///
/// A client library goes on with what it was given when the publisher that gave it has been dropped. A new publisher's replay
/// would be interleaved with that, hear of its outcomes, and hold a second window in memory. So a lease is not the
/// publisher's alone: it passes to whatever is left of it (a channel that drains, records that a producer still holds, a
/// thread in the middle of a write), and the last of these drops it.
///
/// That is the fencing: no token tells late writes from new ones, because nobody may write before the last late write is done.
/// And no clock ends a lease: its holders live in this process.
#[derive(Debug, Default)]
pub struct LaneLeases(PerLane<Arc<Mutex<()>>>);

impl LaneLeases {
    /// Waits for the lease on `lane` until `deadline`; `None` if something is left of an earlier publisher then. Whoever waits
    /// first is served first. Cancel safe.
    pub async fn acquire(&self, lane: Lane, deadline: Instant) -> Option<LaneLease> {
        let free = Arc::clone(&self.0[lane]).lock_owned();
        let held = timeout_at(deadline, free).await.ok()?;
        Some(LaneLease { _held: held })
    }
}

/// Lease on one lane: the right to publish for it, given back when dropped.
#[derive(Debug)]
#[must_use = "dropped, it lets the next publisher in"]
pub struct LaneLease {
    _held: OwnedMutexGuard<()>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_publisher_waits_for_what_is_left_of_the_last() {
        let leases = Arc::new(LaneLeases::default());
        let publisher = leases.acquire(Lane::Tweets, soon()).await.unwrap();
        assert!(leases.acquire(Lane::Tweets, soon()).await.is_none());

        // The publisher goes, and leaves something behind for a while.
        let leftovers = publisher;
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop(leftovers);
        });
        let begun = Instant::now();
        assert!(leases.acquire(Lane::Tweets, soon()).await.is_some());
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_do_not_wait_for_each_other() {
        let leases = LaneLeases::default();
        let _tweets = leases.acquire(Lane::Tweets, soon()).await.unwrap();
        let begun = Instant::now();
        assert!(leases.acquire(Lane::Includes, soon()).await.is_some());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_given_up_takes_nothing() {
        let leases = LaneLeases::default();
        let held = leases.acquire(Lane::Tweets, soon()).await.unwrap();
        let given_up = tokio::time::timeout(Duration::from_secs(1), leases.acquire(Lane::Tweets, soon()));
        assert!(given_up.await.is_err());
        drop(held);
        assert!(leases.acquire(Lane::Tweets, soon()).await.is_some());
    }
}
