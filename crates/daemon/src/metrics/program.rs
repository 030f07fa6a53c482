//! The program itself: what is true as long as it runs, and its configuration.

use prometheus::Gauge;
use stream_core::telemetry::Status;

use super::family::Family;
use super::instrument::{Counters, Instrument, Registrar, instruments};
use super::reading::{Read, Reading};
use super::span_outcome::SpanOutcome;
use crate::reload_status::ReloadResult;

instruments! {
    /// Reloads of the configuration, as they come.
    ProgramMetrics {
        reloads: Counters<ReloadResult> = "reloads_total", "Reloads by SIGHUP or by a change of the file: applied, unchanged, needs_restart (some of it), refused (the configuration is wrong; the one before it stays).";
        spans: Counters<SpanOutcome> = "trace_spans_total", "Spans of `[traces]`: sent to the collector, or lost because it did not take them or came behind.";
        successful: Gauge = "config_reload_successful", "0 while the configuration is wrong that was to be taken over last.";
    }
}

impl ProgramMetrics {
    /// Takes what was loaded at the start for right.
    pub(super) fn started(self) -> Self {
        self.successful.set(1.0);
        self
    }

    /// Counts so many spans.
    pub(super) fn spans(&self, outcome: SpanOutcome, number: u64) {
        self.spans.inc_by(outcome, number);
    }

    /// Counts a reload.
    pub(super) fn reloaded(&self, result: ReloadResult) {
        self.reloads.inc(result);
        self.successful
            .set(f64::from(u8::from(result != ReloadResult::Refused)));
    }
}

/// State of the program, read when somebody asks.
pub(super) const READINGS: &[Reading<Status>] = &[Reading::gauge(
    "build_info",
    &["version"],
    "Always 1; the version of the program.",
    Read::Each(|_| vec![(env!("CARGO_PKG_VERSION"), 1.0)]),
)];
