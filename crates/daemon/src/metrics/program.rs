//! The program itself.

use stream_core::telemetry::Status;

use super::reading::{Read, Reading};

/// Readings of the program.
pub(super) const READINGS: &[Reading<Status>] = &[Reading::gauge(
    "build_info",
    &["version"],
    "Always 1; the version of the program.",
    Read::Each(|_| vec![(env!("CARGO_PKG_VERSION"), 1.0)]),
)];
