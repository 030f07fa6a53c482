//! What happens, told to whoever counts it. Core says what; the daemon decides what to make of it.

use std::time::Duration;

use crate::model::{
    ConnectOutcome, DeadLetterReason, DisconnectReason, DropReason, FrameKind, HttpStatusLabel, Lane,
    Timestamp, TraceContext, WaitClass,
};

/// Occurrence in the data path, told once, when it happens.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// An attempt to connect has ended.
    Connect {
        /// What became of it.
        outcome: ConnectOutcome,
        /// The HTTP status, if it was an error with one.
        http_error: Option<HttpStatusLabel>,
    },
    /// A connection has ended.
    Disconnected {
        /// One of the closed set.
        reason: DisconnectReason,
    },
    /// The supervisor waits before it connects again.
    Waiting {
        /// Which schedule set the wait.
        class: WaitClass,
        /// The time until then, with its jitter.
        wait: Duration,
    },
    /// The stream was blind for so long.
    Gap {
        /// The time without a connection.
        length: Duration,
        /// As much of it as the connection behind it was asked to bring once more.
        filled: Duration,
    },
    /// So many bytes came in.
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
        /// The value of its member `matching_rules`, if it has one.
        matching_rules: Option<&'a [u8]>,
    },
    /// The server says that it has held back so many messages more.
    Undelivered {
        /// How many.
        messages: u64,
    },
    /// A dead letter was written.
    DeadLetter {
        /// One of the closed set.
        reason: DeadLetterReason,
    },
    /// Messages were lost by decision.
    Dropped {
        /// One of the closed set.
        reason: DropReason,
        /// How many at once.
        messages: u64,
    },
    /// Messages came again, and go nowhere.
    Suppressed {
        /// How many at once.
        messages: u64,
    },
    /// A sink has confirmed a record.
    Confirmed {
        /// The name of the sink.
        sink: &'a str,
        /// The lane that published it.
        lane: Lane,
        /// From receipt to confirmation.
        latency: Duration,
    },
    /// Records that were published under one [`trace`](Observer::trace) are done with.
    Published {
        /// The name of the sink.
        sink: &'a str,
        /// The lane that published them.
        lane: Lane,
        /// Which they were.
        batch: Batch,
        /// What became of them.
        end: BatchEnd,
    },
}

/// Records that a lane has published under one span, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The span.
    pub context: TraceContext,
    /// When the first was handed over.
    pub began: Timestamp,
    /// When the last was settled, or all went back.
    pub ended: Timestamp,
    /// The sequence of the first.
    pub first: u64,
    /// The sequence of the last.
    pub last: u64,
    /// How many there are.
    pub records: u64,
    /// The bytes of their values.
    pub bytes: u64,
}

/// What became of a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// Each is delivered, or in `dead_letter`.
    Settled,
    /// Some were in flight when the session with the sink ended: these are published anew, under another span.
    GoesBack,
}

/// Counts what happens. Called on hot paths: must return at once.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of `event`.
    fn on(&self, observed: Observation<'_>);

    /// The context of a span that begins now; `None` if nobody traces.
    fn trace(&self) -> Option<TraceContext> {
        None
    }
}

/// The observer that counts nothing.
impl Observer for () {
    fn on(&self, _event: Observation<'_>) {}
}
