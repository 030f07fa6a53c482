//! What the suite asks of a sink's test: the sink, its broker's switch, and a consumer.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::model::Lane;
use crate::sink::Sink;

/// A sink under test, and its broker.
pub trait Bench: Send + Sync {
    /// The sink; always the same object.
    fn sink(&self) -> Arc<dyn Sink>;

    /// All records of `lane` that the broker holds, whoever wrote them, oldest first (records of one key in the broker's
    /// order). Waits until `at_least` are there, or a deadline of the bench's own (30 s is fair): then gives what is there.
    fn read_back(&self, lane: Lane, at_least: usize) -> BoxFuture<'_, Vec<ReadBack>>;

    /// A value that this broker refuses, if there is one: on one line, not beginning with `garbage`.
    fn refused(&self) -> Option<Bytes>;

    /// The broker's switch, for sinks that have a broker.
    fn broker(&self) -> Option<&dyn Broker>;
}

/// Fault injection: the broker's switch.
pub trait Broker: Send + Sync {
    /// Kills the broker (`kill -9`); returns once it is dead.
    fn kill(&self) -> BoxFuture<'_, ()>;

    /// Starts it again with what it had on disk; returns once it answers.
    fn up(&self) -> BoxFuture<'_, ()>;
}

/// A record as a consumer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The key, if the sink has such a thing.
    pub key: Option<Bytes>,
    /// The value, byte for byte.
    pub value: Bytes,
    /// The header [`HEADER`](crate::model::HEADER); `None` if the sink has no headers (files).
    pub header: Option<String>,
}
