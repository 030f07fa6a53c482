//! Patience as values: how long to wait after so many failures. No clock and no randomness in here.

use std::time::Duration;

/// Backoff schedule: how long to wait after each further failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackoffSchedule {
    /// Grows by `step` with each failure after the first; the first wait is nothing.
    Linear {
        /// What each failure adds.
        step: Duration,
        /// The wait that is not exceeded.
        cap: Duration,
    },
    /// Doubles with each failure.
    Doubling {
        /// The wait after the first failure.
        first: Duration,
        /// The wait that is not exceeded.
        cap: Duration,
    },
}

/// X, no HTTP answer or a connection that broke: the first attempt is immediate, then 250 ms more each, up to 16 s
/// (<https://docs.x.com/x-api/fundamentals/handling-disconnections>, as the two below).
pub(crate) const NETWORK: BackoffSchedule = BackoffSchedule::Linear {
    step: Duration::from_millis(250),
    cap: Duration::from_secs(16),
};
/// X, an HTTP error: 5 s, doubling up to 320 s.
pub(crate) const HTTP: BackoffSchedule = BackoffSchedule::Doubling {
    first: Duration::from_secs(5),
    cap: Duration::from_secs(320),
};
/// X, status 429: 60 s, doubling. X states no cap; its rate limits are over after 15 minutes.
pub(crate) const RATE_LIMITED: BackoffSchedule = BackoffSchedule::Doubling {
    first: Duration::from_secs(60),
    cap: Duration::from_secs(15 * 60),
};
/// X, the month's posts are used up: as above, but nothing will change within minutes.
pub(crate) const USAGE_CAPPED: BackoffSchedule = BackoffSchedule::Doubling {
    first: Duration::from_secs(60),
    cap: Duration::from_secs(60 * 60),
};
/// A broker that is away; publishing goes on within 3 s of its return.
pub(crate) const BROKER_AWAY: BackoffSchedule = BackoffSchedule::Doubling {
    first: Duration::from_millis(100),
    cap: Duration::from_secs(2),
};
/// A broker that needs a person.
pub(crate) const BROKER_OPERATOR: BackoffSchedule = BackoffSchedule::Doubling {
    first: Duration::from_secs(1),
    cap: Duration::from_secs(30),
};

impl BackoffSchedule {
    /// The wait after `failures` failures in a row (the first is 1).
    pub(crate) fn wait(self, failures: u32) -> Duration {
        let steps = failures.saturating_sub(1);
        match self {
            Self::Linear { step, cap } => step.saturating_mul(steps).min(cap),
            Self::Doubling { first, cap } => first.saturating_mul(2_u32.saturating_pow(steps)).min(cap),
        }
    }
}

/// `wait` and up to a tenth more, so that many clients do not come back in step; `random` is in `0.0..1.0`.
pub(crate) fn jittered(wait: Duration, random: f64) -> Duration {
    wait + wait.mul_f64(0.1 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(schedule: BackoffSchedule, failures: impl Iterator<Item = u32>) -> Vec<u128> {
        failures.map(|n| schedule.wait(n).as_millis()).collect()
    }

    #[test]
    fn the_schedules_are_x_s() {
        assert_eq!(waits(NETWORK, 0..5), [0, 0, 250, 500, 750]);
        assert_eq!(waits(NETWORK, 64..67), [15_750, 16_000, 16_000]);
        assert_eq!(
            waits(HTTP, 1..9),
            [5, 10, 20, 40, 80, 160, 320, 320].map(|s| s * 1_000)
        );
        assert_eq!(
            waits(RATE_LIMITED, 1..6),
            [60, 120, 240, 480, 900].map(|s| s * 1_000)
        );
        assert_eq!(HTTP.wait(u32::MAX), Duration::from_secs(320));
        assert_eq!(NETWORK.wait(u32::MAX), Duration::from_secs(16));
    }

    #[test]
    fn jitter_adds_at_most_a_tenth() {
        let wait = Duration::from_secs(10);
        assert_eq!(jittered(wait, 0.0), wait);
        assert_eq!(jittered(wait, 1.0), Duration::from_secs(11));
    }
}
