//! What a report is in words.

use serde::{Deserialize, Serialize};
use stream_core::model::Timestamp;
use stream_core::telemetry::Status;

use crate::words;

/// How it stands, for people.
#[derive(Serialize, Deserialize)]
pub(crate) struct Said {
    /// Connected, waiting, and since when.
    pub(crate) stream: String,
    /// What is left of the connects.
    pub(crate) connects: String,
    /// How full it is.
    pub(crate) journal: String,
    /// In the order of the report's lanes.
    pub(crate) lanes: Vec<String>,
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
