//! Slow start: a publisher's first record goes alone, and the others follow its confirm.
//!
//! A quorum queue without a leader (for half a second after a broker's start, or for as long as a cluster has no majority) does
//! not refuse messages: the broker holds the whole channel until there is one, 30 s at most. One record is enough to find that
//! out and to try again on another channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long to wait for a confirm while some are owed.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for a publisher's first confirm; doubles each time that it was too short.
const FIRST_PATIENCE: Duration = Duration::from_secs(2);

/// Whether a publisher has been confirmed anything yet.
pub(crate) struct SlowStart {
    proven: bool,
    /// How many publishers of the lane have waited in vain for their first confirm, one after the other.
    in_vain: Arc<AtomicU32>,
}

impl SlowStart {
    /// `in_vain` is the lane's, passed from one publisher to the next.
    pub(crate) fn new(in_vain: Arc<AtomicU32>) -> Self {
        Self {
            proven: false,
            in_vain,
        }
    }

    /// Whether a confirm has come.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven
    }

    /// Whether one more record may go while so many are out.
    pub(crate) fn lets_go(&self, out: usize) -> bool {
        self.proven || out == 0
    }

    /// How long the broker may be silent while it owes confirms.
    pub(crate) fn patience(&self) -> Duration {
        if self.proven {
            return PATIENCE;
        }
        let in_vain = self.in_vain.load(Ordering::Relaxed);
        FIRST_PATIENCE
            .saturating_mul(2_u32.saturating_pow(in_vain))
            .min(PATIENCE)
    }

    /// A record was confirmed.
    pub(crate) fn confirmed(&mut self) {
        self.proven = true;
        self.in_vain.store(0, Ordering::Relaxed);
    }

    /// Patience was at its end.
    pub(crate) fn gave_up(&self) {
        if !self.proven {
            self.in_vain.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_with_the_first_confirm_doubles_from_publisher_to_publisher() {
        let in_vain = Arc::new(AtomicU32::new(0));
        for seconds in [2, 4, 8, 16, 30, 30] {
            let start = SlowStart::new(Arc::clone(&in_vain));
            assert!(start.lets_go(0) && !start.lets_go(1));
            assert_eq!(start.patience(), Duration::from_secs(seconds));
            start.gave_up();
        }
        let mut start = SlowStart::new(Arc::clone(&in_vain));
        start.confirmed();
        assert!(start.lets_go(1_000));
        assert_eq!(start.patience(), PATIENCE);
        start.gave_up();
        assert_eq!(SlowStart::new(in_vain).patience(), FIRST_PATIENCE);
    }
}
