//! The suite that every sink passes. A sink's test gives a [`Bench`] and calls [`all`], or one part after another:
//!
//! ```text
//! #[tokio::test(flavor = "multi_thread")]
//! async fn conforms() {
//!     conformance::all(&MyBench::start().await).await;
//! }
//! ```
//!
//! [`order`] and [`confirm`] speak to publishers themselves. [`reconnect`], [`health`], [`one_bad_record`] and [`bounded_memory`]
//! run the whole data path, so that what is proved is what runs. A failure is a panic that names the sink and what was expected.
//! The parts may share topics (each knows its own records by a tag) but not time: memory is measured for the process, so
//! run nothing beside them. They use the lanes `tweets`, `includes` and `dead_letter`, and need a multi-threaded runtime.

mod bench;
mod check;
mod direct;
mod whole;

pub use bench::{Bench, Broker, ReadBack};
pub use direct::{confirm, order};
pub use whole::{bounded_memory, health, one_bad_record, reconnect};

/// Every part of the suite, one after another.
pub async fn all(bench: &dyn Bench) {
    order(bench).await;
    confirm(bench).await;
    reconnect(bench).await;
    health(bench).await;
    one_bad_record(bench).await;
    bounded_memory(bench).await;
}
