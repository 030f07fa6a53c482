//! Wire format of `/events`: one shape, which the admin server writes and `birdfeed top` reads.

use serde::{Deserialize, Serialize};
use stream_core::model::Timestamp;

use super::rates::Rates;
use super::said::Said;
use super::troubles::Trouble;
use crate::admin::report::Report;

/// A report, and what it was made into for people.
#[derive(Serialize, Deserialize)]
pub(crate) struct Moment {
    /// When that was.
    pub(crate) at: Timestamp,
    /// What `/status` says.
    #[serde(flatten)]
    pub(crate) report: Report,
    /// What has happened since the moment before.
    pub(crate) rates: Rates,
    /// How it stands.
    pub(crate) words: Said,
    /// The last errors, the newest first.
    pub(crate) troubles: Vec<Trouble>,
    /// Whether `/tap` is there.
    pub(super) tap: bool,
}
