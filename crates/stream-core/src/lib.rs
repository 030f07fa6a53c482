//! The data path between an X stream and message brokers: everything that keeps the stream alive and loses nothing, and
//! nothing of X, HTTP, Kafka or AMQP.
//!
//! ```text
//! socket ─▶ frames ─▶ split ─▶ journal ─▶ lanes ─▶ sink ─▶ confirmed ─▶ cursor
//!           (reader)  (ingest, once)     (one task a sink)               (journal trims behind the slowest)
//! ```
//!
//! Everything moves one way, and no broker can stop the reader; a journal that takes nothing for five seconds closes the
//! stream (`docs/adr/0006`). The folders are the stages, in the order data flows:
//!
//! | folder | what it does |
//! |---|---|
//! | [`model`] | the words: lane, record, timestamp, dead letter, stream event |
//! | [`source`] | the contract that X implements: connect, and say how a message splits |
//! | [`supervisor`] | thread `reader`: keeps the stream alive and cuts frames; a pure state machine, and the driver that acts |
//! | [`intake`] | what the supervisor asks of whoever wants the stream |
//! | `ingest` | thread `ingest`: the one writer, with the queue in front of it and the journal's quota |
//! | `log` | the journal as lanes see it: what stands in an entry, how it gets there, memory before disk |
//! | `delivery` | one loop a lane: window, confirms, cursor, reset and replay |
//! | [`sink`] | the contract that brokers implement |
//! | [`cloudevents`] | optional headers |
//! | [`chain`] | whether what was read back from a sink is whole |
//! | [`telemetry`] | what happens, told as it happens; and one snapshot for all who ask |
//! | [`pipeline`] | all of it assembled, with what the last process left; and how it comes to rest |
//! | `backoff` | patience as values |
//! | `testing` (feature of that name) | the suite that every sink passes, a sink in memory, a scripted source |

mod backoff;
pub mod chain;
pub mod cloudevents;
mod delivery;
mod ingest;
pub mod intake;
mod log;
pub mod model;
pub mod pipeline;
pub mod sink;
pub mod source;
pub mod supervisor;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
