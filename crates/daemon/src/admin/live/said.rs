//! What a report is in words.

use serde::Serialize;
use stream_core::model::Timestamp;
use stream_core::telemetry::Status;

use crate::words;

/// How it stands, for people.
#[derive(Serialize)]
pub(super) struct Said {
    stream: String,
    connects: String,
    journal: String,
    /// In the order of the report's lanes.
    lanes: Vec<String>,
}

impl Said {
    /// What `status` is at the time `now`.
    pub(super) fn of(status: &Status, now: Timestamp) -> Self {
        let lanes = status.lanes.iter().map(|lane| words::lane(lane, now));
        Self {
            stream: words::stream(&status.stream, now),
            connects: words::connects(&status.stream),
            journal: words::journal(&status.journal),
            lanes: lanes.collect(),
        }
    }
}
