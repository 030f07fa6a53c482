//! Kafka and RabbitMQ for tests: given, in Docker, or started natively.
//!
//! Tests that only publish and read share one broker per test process, [`kafka`] or [`amqp`], and keep
//! apart by names from [`unique`]. Tests that kill or throttle a broker take one of their own,
//! [`own_kafka`] or [`own_amqp`]. No broker to be had is a panic that says why, never a skip.
//!
//! Modules, in the order in which a broker comes about:
//!
//! * `ladder`: where the shared broker comes from: the environment, else Docker, else natively;
//! * `docker`: containers through testcontainers;
//! * `native`: processes through `scripts/brokers`;
//! * `probe`: asks an address whether a broker answers there;
//! * `reaper`: stops what was started when its owner is gone, however it went.
//!
//! The example `hold` keeps both brokers for `scripts/test`, which starts them once for all tests.

mod docker;
mod ladder;
mod native;
mod probe;
mod reaper;

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub use native::{Broker, Secure, own_amqp, own_kafka, secure_amqp, secure_kafka};

use reaper::Hold;

/// The environment variable with the bootstrap servers of a Kafka to test on.
pub const KAFKA_VARIABLE: &str = "BIRDFEED_TEST_KAFKA";
/// The environment variable with the URL of a RabbitMQ to test on.
pub const AMQP_VARIABLE: &str = "BIRDFEED_TEST_AMQP";

/// A Kafka that this process shares among its tests.
#[derive(Debug)]
pub struct Kafka {
    /// `host:port`, for `bootstrap.servers`.
    pub bootstrap: String,
    /// Where it came from.
    pub origin: Origin,
    _hold: Hold,
}

/// A RabbitMQ that this process shares among its tests.
#[derive(Debug)]
pub struct Amqp {
    /// `amqp://user:password@host:port/vhost`.
    pub url: String,
    /// Where it came from.
    pub origin: Origin,
    _hold: Hold,
}

/// How a broker came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Its address stood in the environment.
    Given,
    /// A container, through testcontainers.
    Docker,
    /// A process, through `scripts/brokers`.
    Native,
}

/// What a broker is and how it came; printed once per process to stderr.
#[derive(Debug, Clone)]
pub struct Origin {
    /// How it came.
    pub way: Way,
    /// Product and version as far as they can be known, such as `RabbitMQ 3.10.8`.
    pub version: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Given => "given",
            Way::Docker => "docker",
            Way::Native => "native",
        };
        write!(f, "{} ({way})", self.version)
    }
}

/// The Kafka of this process, started by the first call. Blocks for seconds then; panics without one.
pub fn kafka() -> &'static Kafka {
    static SHARED: OnceLock<Result<Kafka, String>> = OnceLock::new();
    SHARED
        .get_or_init(start_kafka)
        .as_ref()
        .unwrap_or_else(|why| panic!("{why}"))
}

/// The RabbitMQ of this process, started by the first call. Blocks for seconds then; panics without one.
pub fn amqp() -> &'static Amqp {
    static SHARED: OnceLock<Result<Amqp, String>> = OnceLock::new();
    SHARED
        .get_or_init(start_amqp)
        .as_ref()
        .unwrap_or_else(|why| panic!("{why}"))
}

/// A Kafka by the ladder, stopped when the value is dropped; the error says what was tried and why it failed.
pub fn start_kafka() -> Result<Kafka, String> {
    let found = ladder::climb(&ladder::KAFKA)?;
    Ok(Kafka {
        bootstrap: found.address,
        origin: found.origin,
        _hold: found.hold,
    })
}

/// A RabbitMQ by the ladder, stopped when the value is dropped; the error says what was tried and why it failed.
pub fn start_amqp() -> Result<Amqp, String> {
    let found = ladder::climb(&ladder::RABBITMQ)?;
    Ok(Amqp {
        url: found.address,
        origin: found.origin,
        _hold: found.hold,
    })
}

/// A name that no other test has, in this process or another: `prefix-…`, of letters, digits and `-`.
pub fn unique(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}-{now:x}-{:x}-{count}", std::process::id())
}
