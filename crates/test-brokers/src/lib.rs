//! Kafka and RabbitMQ for tests: given, in Docker, or started natively.
//!
//! Tests that only publish and read share one broker per test process, [`kafka`] or [`amqp`], and keep
//! apart by names from [`unique`]. Tests that kill or throttle a broker take one of their own,
//! [`own_kafka`] or [`own_amqp`]. No broker to be had is a panic that says why, never a skip.
//!
//! Modules, in the order in which a broker comes about:
//!
//! * `shared`: one of each a process, started when first asked for;
//! * `ladder`: where it comes from: the environment, else Docker, else natively;
//! * `docker`: containers through testcontainers;
//! * `native`: processes through `scripts/brokers`;
//! * `probe`: asks an address whether a broker answers there;
//! * `found`: where the broker is, what it is, and what stops it;
//! * `reaper`: stops what was started when its owner is gone, however it went;
//! * `names`: the environment's variables, and names for topics and queues that no other test has.
//!
//! The example `hold` keeps both brokers for `scripts/test`, which starts them once for all tests.

mod docker;
mod found;
mod ladder;
mod names;
mod native;
mod probe;
mod reaper;
mod shared;

pub use crate::found::{Origin, Way};
pub use crate::names::{AMQP_VARIABLE, KAFKA_VARIABLE, unique};
pub use crate::native::{Broker, Secure, own_amqp, own_kafka, secure_amqp, secure_kafka};
pub use crate::shared::{Amqp, Kafka, amqp, kafka, start_amqp, start_kafka};
