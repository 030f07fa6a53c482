//! Names that tests, scripts and brokers agree on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The environment variable with the bootstrap servers of a Kafka to test on.
pub const KAFKA_VARIABLE: &str = "BIRDFEED_TEST_KAFKA";
/// The environment variable with the URL of a RabbitMQ to test on.
pub const AMQP_VARIABLE: &str = "BIRDFEED_TEST_AMQP";

/// A name that no other test has, in this process or another: `prefix-…`, of letters, digits and `-`.
pub fn unique(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}-{now:x}-{:x}-{count}", std::process::id())
}
