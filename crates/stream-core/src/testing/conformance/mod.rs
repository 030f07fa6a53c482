//! The suite that every sink passes. A sink's test gives a [`Bench`] and calls [`all`], or one part after another:
//!
//! ```text
//! #[tokio::test(flavor = "multi_thread")]
//! async fn conforms() {
//!     conformance::all(&MyBench::start().await).await;
//! }
//! ```
//!
//! [`order`] and [`confirm`] speak to publishers themselves. [`reconnect`], [`one_bad_record`] and [`bounded_memory`] run the
//! whole data path, so that what is proved is what runs. A failure is a panic that names the sink and what was expected.
//! The parts may share topics (each knows its own records by a tag) but not time: memory is measured for the process, so
//! run nothing beside them. They use the lanes `tweets`, `includes` and `dead_letter`, and need a multi-threaded runtime.

mod check;
mod direct;
mod whole;

use std::sync::Arc;

use bytes::Bytes;
pub use direct::{confirm, order};
use futures_util::future::BoxFuture;
pub use whole::{bounded_memory, one_bad_record, reconnect};

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

/// A broker's switch.
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
    /// The value.
    pub value: Bytes,
    /// The header [`HEADER`](crate::model::HEADER); `None` if the sink has no headers (files).
    pub header: Option<String>,
}

/// Everything.
pub async fn all(bench: &dyn Bench) {
    order(bench).await;
    confirm(bench).await;
    reconnect(bench).await;
    one_bad_record(bench).await;
    bounded_memory(bench).await;
}
