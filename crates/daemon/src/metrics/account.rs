//! The account: what X says of it, and whether it may read on.

use prometheus::{Gauge, IntCounter};
use source_x::account::Usage;
use stream_core::model::{ConnectOutcome, Timestamp};
use stream_core::telemetry::Status;

use super::family::Family;
use super::instrument::{Instrument, Registrar, instruments};
use super::reading::{Read, Reading};

instruments! {
    /// What X last said of the account's usage.
    AccountMetrics {
        posts: Gauge = "usage_posts", "Posts that the account's project has read in X's present period, as X last said; 0 before it has.";
        cap: Gauge = "usage_cap_posts", "Posts that the project may read in a period; 0 if X has not said.";
        reset: Gauge = "usage_cap_reset_day", "X's `cap_reset_day`: by its description, the days left until the next period.";
        at: Gauge = "usage_timestamp_seconds", "When X last told the usage, Unix time; 0 if it has not.";
        failures: IntCounter = "usage_failures_total", "Requests for the usage that brought nothing.";
    }
}

impl AccountMetrics {
    /// Takes over what X has said. What it has left out stays as it was.
    pub(super) fn on(&self, usage: &Usage, at: Timestamp) {
        let gauges = [
            (&self.posts, usage.posts),
            (&self.cap, usage.cap),
            (&self.reset, usage.cap_reset_day),
        ];
        for (gauge, value) in gauges {
            if let Some(value) = value {
                gauge.set(value as f64);
            }
        }
        self.at.set(at.micros() as f64 / 1e6);
    }

    pub(super) fn failed(&self) {
        self.failures.inc();
    }
}

/// State of the account, read when somebody asks.
pub(super) const READINGS: &[Reading<Status>] = &[Reading::gauge(
    "usage_capped",
    &[],
    "1 while X refuses the stream because the account's posts or credits are used up.",
    Read::One(|status| {
        f64::from(u8::from(
            status.stream.failing == Some(ConnectOutcome::UsageCapped),
        ))
    }),
)];
