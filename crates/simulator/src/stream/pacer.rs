//! Pacing: how many posts are due. Pure; time is passed in.

use std::time::{Duration, Instant};

/// Debt older than this is forgiven: a stalled client does not get minutes of posts in one burst.
const MOST_DEBT: f64 = 1.0;

/// Token bucket, a second deep: counts posts against a rate.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: f64,
    since: Instant,
    made: u64,
}

impl Pacer {
    pub(crate) fn new(rate: f64, now: Instant) -> Self {
        Pacer {
            rate,
            since: now,
            made: 0,
        }
    }

    /// A new rate starts from now; the same rate changes nothing.
    pub(crate) fn set_rate(&mut self, rate: f64, now: Instant) {
        if rate.to_bits() != self.rate.to_bits() {
            *self = Pacer::new(rate, now);
        }
    }

    /// Posts due now. The first is due at once.
    pub(crate) fn due(&mut self, now: Instant) -> u64 {
        if self.rate <= 0.0 {
            return 0;
        }
        let elapsed = now.saturating_duration_since(self.since).as_secs_f64();
        #[expect(clippy::cast_sign_loss, reason = "a rate and a span are not negative")]
        let earned = (elapsed * self.rate) as u64 + 1;
        let due = earned.saturating_sub(self.made);
        #[expect(clippy::cast_sign_loss, reason = "a rate is not negative")]
        let most = (self.rate * MOST_DEBT) as u64 + 1;
        self.made += due.saturating_sub(most);
        due.min(most)
    }

    pub(crate) fn made(&mut self, posts: u64) {
        self.made += posts;
    }

    /// When the next post is due; `None`: never at this rate.
    pub(crate) fn next(&self) -> Option<Instant> {
        (self.rate > 0.0).then(|| self.since + Duration::from_secs_f64(self.made as f64 / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catches_up_but_not_without_bound() {
        let start = Instant::now();
        let mut pacer = Pacer::new(10.0, start);
        assert_eq!(pacer.due(start), 1);
        pacer.made(1);
        assert_eq!(pacer.next(), Some(start + Duration::from_millis(100)));
        assert_eq!(pacer.due(start + Duration::from_millis(500)), 5);
        assert_eq!(pacer.due(start + Duration::from_secs(60)), 11);
        pacer.made(11);
        assert_eq!(pacer.due(start + Duration::from_secs(60)), 0);
    }

    #[test]
    fn rate_zero_makes_nothing() {
        let start = Instant::now();
        let mut pacer = Pacer::new(0.0, start);
        assert_eq!(pacer.due(start + Duration::from_secs(60)), 0);
        assert_eq!(pacer.next(), None);
        pacer.set_rate(1.0, start);
        assert_eq!(pacer.due(start), 1);
    }
}
