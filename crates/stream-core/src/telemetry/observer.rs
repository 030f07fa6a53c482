//! What happens, told to whoever counts it. Core says what; the daemon decides what to make of it.

use std::time::Duration;

use crate::model::{Frame, Lane};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// An attempt to connect has ended: `accepted`, or the class of its error.
    Connect {
        /// `accepted`, `network`, `http`, `rate_limited`, `too_many_connections`, `usage_capped` or `refused`.
        outcome: &'static str,
        /// The HTTP status, if it was an error with one.
        http_error: Option<u16>,
    },
    /// A connection has ended.
    Disconnected {
        /// One of [`Ended::name`](crate::supervisor::Ended::name).
        reason: &'static str,
    },
    /// The supervisor waits before it connects again.
    Waiting {
        /// The ladder: `immediate` (no wait at all), `network`, `http`, `rate_limited`, `usage_capped` or `budget`.
        class: &'static str,
        /// How long.
        wait: Duration,
    },
    /// The stream was blind for so long.
    Gap {
        /// The time without a connection.
        length: Duration,
    },
    /// Bytes came in.
    Bytes(u64),
    /// A frame came in.
    Frame(&'a Frame),
    /// Half a line was discarded at the end of a connection.
    TailDiscarded {
        /// Its length so far.
        bytes: u64,
    },
    /// A message was journaled and split.
    Message {
        /// Its kind, a closed set of names.
        kind: &'static str,
        /// From its creation at the server to its receipt, if known.
        lag: Option<Duration>,
    },
    /// A dead letter was written.
    DeadLetter {
        /// One of a closed set of names.
        reason: &'static str,
    },
    /// Messages were lost by decision.
    Dropped {
        /// One of a closed set of names.
        reason: &'static str,
        /// How many.
        messages: u64,
    },
    /// A sink has confirmed a record.
    Confirmed {
        /// The sink's name.
        sink: &'a str,
        /// The lane.
        lane: Lane,
        /// From receipt to confirmation.
        latency: Duration,
    },
}

/// Counts what happens. Called on hot paths: must return at once.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of `event`.
    fn on(&self, observed: Observation<'_>);
}

/// Counts nothing.
impl Observer for () {
    fn on(&self, _event: Observation<'_>) {}
}
