//! The program itself: what is true as long as it runs.

use stream_core::telemetry::Status;

use super::reading::{Read, Reading};

/// State of the program, read when somebody asks.
pub(super) const READINGS: &[Reading<Status>] = &[Reading::gauge(
    "build_info",
    &["version"],
    "Always 1; the version of the program.",
    Read::Each(|_| vec![(env!("CARGO_PKG_VERSION"), 1.0)]),
)];
