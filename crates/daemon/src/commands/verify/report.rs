//! All verdicts together, as the one typed shape that `--json` prints and the page shows.

use serde::Serialize;
use stream_core::chain::{Loss, Verdict};
use stream_core::pipeline::NamedSink;
use stream_core::sink::SinkError;

/// Report over all sinks.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether every sink was read and nothing is missing.
    whole: bool,
    pub(super) sinks: Vec<SinkReport>,
}

/// What is to be said of one sink.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum SinkReport {
    Read(Verdict),
    Unread {
        sink: String,
        whole: bool,
        /// Where it is.
        address: String,
        /// Why it could not be read.
        error: String,
    },
}

impl SinkReport {
    #[expect(clippy::needless_pass_by_value, reason = "an error that is told is over")]
    pub(super) fn unread(sink: &NamedSink, error: SinkError) -> Self {
        Self::Unread {
            sink: sink.name.clone(),
            whole: false,
            address: sink.sink.address(),
            error: error.to_string(),
        }
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::Read(verdict) if verdict.whole)
    }
}

impl Report {
    pub(super) fn new(sinks: Vec<SinkReport>) -> Self {
        Self {
            whole: sinks.iter().all(SinkReport::is_whole),
            sinks,
        }
    }

    /// How many holes count against the whole.
    pub(super) fn holes(&self) -> usize {
        let lanes = self.sinks.iter().flat_map(|sink| match sink {
            SinkReport::Read(verdict) => verdict.lanes.as_slice(),
            SinkReport::Unread { .. } => &[],
        });
        lanes.map(|lane| lane.counted().count()).sum()
    }

    /// How many losses were told that no record accounts for.
    pub(super) fn open_losses(&self) -> usize {
        let losses = self.sinks.iter().flat_map(|sink| match sink {
            SinkReport::Read(verdict) => verdict.losses.as_slice(),
            SinkReport::Unread { .. } => &[],
        });
        let is_open = |loss: &&Loss| !loss.is_accounted_for;
        losses.filter(is_open).count()
    }

    /// How many sinks could not be read.
    pub(super) fn unread(&self) -> usize {
        let unread = |sink: &&SinkReport| matches!(sink, SinkReport::Unread { .. });
        self.sinks.iter().filter(unread).count()
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a struct of texts and numbers is always JSON")
    }
}
