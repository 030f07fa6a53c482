//! The stream: from the socket into the journal.

use prometheus::core::AtomicF64;
use prometheus::{Gauge, IntCounter};
use stream_core::model::{
    ConnectOutcome, DeadLetterReason, DisconnectReason, DropReason, FrameKind, HttpStatusLabel, StreamState,
    WaitClass,
};
use stream_core::telemetry::{Observation, Status};

use super::family::Family;
use super::histogram::{Lag, Seconds};
use super::instrument::{Counters, Instrument, Registrar, instruments};
use super::label::{Filled, KindName, Label as _};
use super::reading::{Read, Reading, each};

instruments! {
    /// Counters of the stream, counted as it happens.
    StreamMetrics {
        connects: Counters<ConnectOutcome> = "stream_connects_total", "Attempts to connect, by outcome.";
        disconnects: Counters<DisconnectReason> = "stream_disconnects_total", "Connections that ended, by reason.";
        retries: Counters<WaitClass> = "stream_retries_total", "Reconnects decided on, by the ladder that sets the wait.";
        retry_wait: Gauge = "stream_retry_wait_seconds", "The wait before the next connect, as last decided; 0 while connected.";
        bytes: IntCounter = "stream_received_bytes_total", "Bytes of the stream's body.";
        frames: Counters<FrameKind> = "stream_frames_total", "Lines of the stream: message, keep_alive (an empty line), oversize.";
        discarded: IntCounter = "stream_discarded_bytes_total", "Bytes of half lines at the end of connections.";
        messages: Counters<KindName> = "stream_messages_total", "Messages journaled, by kind.";
        undelivered: IntCounter = "stream_undelivered_total", "Statuses that matched and that X says it has held back (v1.1's limit notices).";
        http_errors: Counters<HttpStatusLabel> = "stream_http_errors_total", "Answers to an attempt to connect that opened no stream, by status; `other` for those that X does not give.";
        gap_seconds: Counters<Filled, AtomicF64> = "stream_gap_seconds_total", "Time without a connection, and whether what was posted in it was asked for again, and came.";
        lag: Seconds<Lag> = "stream_lag_seconds", "From a post's creation at X to its receipt.";
        dropped: Counters<DropReason> = "messages_dropped_total", "Messages lost by decision, by reason.";
        repeats: IntCounter = "duplicates_suppressed_total", "Messages that came before, by an id within the window, and went nowhere.";
        dead_letters: Counters<DeadLetterReason> = "dead_letters_total", "Dead letters written, by reason.";
    }
}

impl StreamMetrics {
    /// Counts what has happened to the stream.
    pub(super) fn on(&self, observed: Observation<'_>) {
        match observed {
            Observation::Connect { outcome, http_error } => self.connect(outcome, http_error),
            Observation::Disconnected { reason } => self.disconnects.inc(reason),
            Observation::Waiting { class, wait } => {
                self.retries.inc(class);
                self.retry_wait.set(wait.as_secs_f64());
            }
            Observation::Gap { length, filled } => {
                self.gap_seconds.inc_by(Filled(true), filled.as_secs_f64());
                let rest = length.saturating_sub(filled);
                self.gap_seconds.inc_by(Filled(false), rest.as_secs_f64());
            }
            Observation::Bytes(bytes) => self.bytes.inc_by(bytes),
            Observation::Frame(kind) => self.frames.inc(kind),
            Observation::HalfLine { bytes } => self.discarded.inc_by(bytes),
            Observation::Message { kind, lag, .. } => {
                self.messages.inc(KindName(kind));
                if let Some(lag) = lag {
                    self.lag.observe(lag);
                }
            }
            Observation::Undelivered { messages } => self.undelivered.inc_by(messages),
            Observation::DeadLetter { reason } => self.dead_letters.inc(reason),
            Observation::Dropped { reason, messages } => self.dropped.inc_by(reason, messages),
            Observation::Suppressed { messages } => self.repeats.inc_by(messages),
            // The lane's, and for traces.
            Observation::Confirmed { .. } | Observation::Published { .. } => {}
        }
    }

    fn connect(&self, outcome: ConnectOutcome, http_error: Option<HttpStatusLabel>) {
        self.connects.inc(outcome);
        if outcome == ConnectOutcome::Accepted {
            self.retry_wait.set(0.0);
        }
        if let Some(status) = http_error {
            self.http_errors.inc(status);
        }
    }
}

/// State of the stream, read when somebody asks.
pub(super) const READINGS: &[Reading<Status>] = &[
    Reading::gauge(
        "stream_state",
        &[StreamState::KEY],
        "1 for the state that the supervisor is in, 0 for the others.",
        Read::Each(|status| each(|state| f64::from(u8::from(status.stream.state == state)))),
    ),
    Reading::gauge(
        "stream_connect_budget_remaining",
        &[],
        "Connects left of the 40 in any 15 minutes, counted across restarts.",
        Read::One(|status| status.stream.connect_budget as f64),
    ),
    Reading::gauge(
        "stream_last_byte_timestamp_seconds",
        &[],
        "When the last byte arrived, Unix time; 0 if none has.",
        Read::One(|status| status.stream.last_byte.map_or(0.0, |at| at.micros() as f64 / 1e6)),
    ),
    Reading::gauge(
        "stream_waiting_messages",
        &[],
        "Lines that were read and wait in memory for the journal.",
        Read::One(|status| status.stream.waiting as f64),
    ),
];
