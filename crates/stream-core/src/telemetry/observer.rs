//! What happens, told to whoever counts it. Core says what; the daemon decides what to make of it.

use std::time::Duration;

use crate::model::{
    ConnectOutcome, DeadLetterReason, DisconnectReason, DropReason, FrameKind, HttpStatusLabel, Lane,
    WaitClass,
};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// An attempt to connect has ended.
    Connect {
        /// How.
        outcome: ConnectOutcome,
        /// The HTTP status, if it was an error with one.
        http_error: Option<HttpStatusLabel>,
    },
    /// A connection has ended.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
    },
    /// The supervisor waits before it connects again.
    Waiting {
        /// Which schedule set the wait.
        class: WaitClass,
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
    Frame(FrameKind),
    /// Half a line was discarded at the end of a connection.
    HalfLine {
        /// Its length so far.
        bytes: u64,
    },
    /// A message was journaled and split.
    Message {
        /// Its kind, of the source's closed set.
        kind: &'static str,
        /// From its creation at the server to its receipt, if known.
        lag: Option<Duration>,
    },
    /// A dead letter was written.
    DeadLetter {
        /// Why.
        reason: DeadLetterReason,
    },
    /// Messages were lost by decision.
    Dropped {
        /// Why.
        reason: DropReason,
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
