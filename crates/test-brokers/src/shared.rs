//! One broker a process: started by the first test that asks, shared by all that only publish and read.

use std::sync::OnceLock;

use crate::found::{Hold, Origin};
use crate::ladder::{KAFKA, RABBITMQ, climb};

/// A Kafka that this process shares among its tests.
#[derive(Debug)]
pub struct Kafka {
    /// `host:port`, as `bootstrap.servers` takes it.
    pub bootstrap: String,
    /// Where it came from.
    pub origin: Origin,
    _hold: Hold,
}

/// A RabbitMQ that this process shares among its tests.
#[derive(Debug)]
pub struct Amqp {
    /// `amqp://user:password@host:port/vhost`, as every client takes it.
    pub url: String,
    /// Where it came from.
    pub origin: Origin,
    _hold: Hold,
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
    let found = climb(&KAFKA)?;
    Ok(Kafka {
        bootstrap: found.address,
        origin: found.origin,
        _hold: found.hold,
    })
}

/// A RabbitMQ by the ladder, stopped when the value is dropped; the error says what was tried and why it failed.
pub fn start_amqp() -> Result<Amqp, String> {
    let found = climb(&RABBITMQ)?;
    Ok(Amqp {
        url: found.address,
        origin: found.origin,
        _hold: found.hold,
    })
}
