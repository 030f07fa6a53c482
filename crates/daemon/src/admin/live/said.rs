//! What a report is in words.

use serde::{Deserialize, Serialize};
use stream_core::model::Timestamp;

use crate::admin::report::Report;
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
    /// What of a changed configuration is not in force, if anything.
    #[serde(default)]
    pub(crate) configuration: Option<String>,
    /// In the order of the report's lanes.
    pub(crate) lanes: Vec<String>,
}

impl Said {
    /// What `report` is at the time `now`.
    pub(super) fn of(report: &Report, now: Timestamp) -> Self {
        let status = &report.status;
        let reload = report.reload.as_ref();
        let lanes = status.lanes.iter().map(|lane| words::lane(lane, now));
        Self {
            stream: words::stream(&status.stream, now),
            connects: words::connects(&status.stream),
            journal: words::journal(&status.journal),
            configuration: reload.and_then(|reload| words::configuration(reload, now)),
            lanes: lanes.collect(),
        }
    }
}
