//! What the data path asks of a broker.
//!
//! A sink **opens** publishers; it never reconnects by itself. The lane loop (`delivery`) owns patience and order: it
//! opens a publisher for its lane, hands records over in order within a bounded window, and waits for each record's outcome.
//! After any error it drops the publisher, waits, opens a new one and replays from its cursor, so a sink need not remember
//! anything across a failure and duplicates after one are expected.
//!
//! # The contract
//!
//! 1. [`Sink::open`] returns once records can be handed over; it has a deadline of its own, and an error names what the
//!    caller must do. It is called again and again while a broker is down, and must not leak.
//! 2. [`Publisher::publish`] hands records to the client in the order given. "Handed over" is not delivered. It never waits
//!    for a broker: the caller bounds what is in flight (in records and bytes), so room is always there.
//! 3. [`Publisher::settled`] yields outcomes in any order, each record's at most once. [`Outcome::Delivered`] means that the
//!    broker has confirmed (all in-sync replicas, every queue, the disk), never less. It is cancel safe, and it is asked all the
//!    time, also while nothing is unsettled.
//! 4. Outcomes of records handed to an earlier publisher of the same lane never reach a later one.
//! 5. An error from `publish` or `settled` ends the publisher: the fate of every unsettled record is unknown, and the caller
//!    replays them. A publisher that cannot come back by itself ends so, also while nothing is unsettled; one that can keeps its
//!    place and says by its health that the broker is away.
//! 6. A broker that is merely away is not an error as long as the client library keeps the records and retries them in order.
//! 7. [`Publisher::close`] waits for nothing but the client's own farewell; unsettled records are replayed at the next start.
//! 8. A sink that refuses good records for a batch mate's sake delivers none handed over later to that publisher: they would
//!    overtake the mates, which the lane tries again.
//! 9. [`Publisher::health`] says within 5 s that the broker has gone or come back, whether or not records are under way: what a
//!    client library retries inside is told in the peer's own words, with the address that fails. One cause has one text,
//!    whatever the lane and the attempt: by it the lanes of a sink share a line of the log.
//! 10. What is in memory stays within a constant times the caller's window, also while a broker blocks or is away.
//!
//! `testing::conformance` (feature `testing`) checks this against any sink.
//!
//! # What sinks have in common
//!
//! The same first modules: `settings`, `sink`, `publisher`, `error`; then what is the broker's own. A constructor checks the
//! settings and gives the sink, or a [`SettingsError`] that names every mistake. [`LaneLeases`] keep publishers of one lane
//! apart (2., 4.).

mod error;
mod lease;
mod read_back;
mod settings_error;
mod text_file;

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

pub use self::error::SinkError;
pub use self::lease::{LaneLease, LaneLeases};
pub use self::read_back::{Found, ReadBack, ReadBackError};
pub use self::settings_error::{Mistake, SettingsError};
pub use self::text_file::read_text_file;
use crate::model::{Lane, Record};

/// A broker, or a folder of files.
pub trait Sink: Send + Sync + 'static {
    /// The sink's kind, for logs and the `sink` label of metrics when the user gave no name: `kafka`, `amqp`, `file`.
    fn kind(&self) -> &'static str;

    /// Where it is, for people: servers with their ports, a folder. Holds no secret.
    fn address(&self) -> String;

    /// Opens a publisher for one lane. At most one per lane is in use at a time; lanes open side by side.
    fn open(&self, lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>>;

    /// What in the settings works and should be known all the same (a safety that is switched off), a sentence each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Tries what `open` needs, once, and says what did not answer (for `birdfeed check --connect`). Creates nothing. Gives what
    /// works and should be known all the same, a sentence each.
    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, SinkError>>;

    /// Opens what its lanes have got for reading, from the oldest record that is left (for `birdfeed verify`). Takes nothing
    /// and changes nothing.
    fn read_back(&self) -> BoxFuture<'_, Result<Box<dyn ReadBack>, ReadBackError>> {
        let why = "cannot be read back";
        Box::pin(std::future::ready(Err(ReadBackError::NotKept(why.to_owned()))))
    }
}

/// One lane's way into a sink.
pub trait Publisher: Send {
    /// Hands `records` over, in order.
    fn publish<'p>(&'p mut self, records: &'p [Record]) -> BoxFuture<'p, Result<(), SinkError>>;

    /// Waits for outcomes and appends at least one to `into` (which the caller clears), unless it fails. Pends while nothing is
    /// unsettled, until the publisher ends. Cancel safe.
    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>>;

    /// The broker's health as this publisher sees it, which changes within 5 s of the broker's going and coming; it says
    /// nothing of records.
    fn health(&self) -> Health;

    /// Asks the broker why records wait, for a caller whose oldest one has done so for seconds; an error says what stands in
    /// the way, in the broker's words. Has a deadline of its own, is cancel safe, and ends nothing: the records wait on, and
    /// the publisher is used meanwhile.
    fn inquire(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Says goodbye to the broker within `budget`.
    fn close(self: Box<Self>, budget: Duration) -> BoxFuture<'static, ()>;
}

/// Health of a publisher's broker: why it does not serve at the moment, or `None` while it does. It never ends: a sender that
/// is gone leaves the last word.
pub type Health = watch::Receiver<Option<SinkError>>;

/// The health of a broker that is there for as long as its publisher is.
pub fn always_well() -> Health {
    watch::channel(None).1
}

/// Acknowledgement: one record's fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which record, by its `place.seq`.
    pub seq: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The broker has it and has said so.
    Delivered,
    /// The broker will not take this record, or will not take the batch that it was in (too large, invalid). The lane tries
    /// each such record alone before it believes it.
    Refused(String),
}
