//! The data path seen from outside: one snapshot, and which loops are stuck.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::Journal;
use serde::{Deserialize, Serialize};

use super::heartbeat::Heartbeat;
use super::status::{LaneStatus, StatusCell, StreamStatus};
use super::tap::Tap;
use crate::log::{LaneCursor, Tail, cursor_name};
use crate::model::Lane;

/// Snapshot of the whole data path, taken at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The name of the stream, as configured.
    pub name: String,
    /// From the socket to the journal.
    pub stream: StreamStatus,
    /// Every lane of every sink.
    pub lanes: Vec<LaneStatus>,
    /// Between the two.
    pub journal: JournalStatus,
}

/// The journal's part of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalStatus {
    /// Bytes that it takes on disk.
    pub bytes: u64,
    /// The most it may hold.
    pub max_bytes: u64,
    /// How many segment files there are.
    pub segments: usize,
    /// Messages that neither the disk nor every lane is known to have: what a dying machine would take.
    pub unsynced: u64,
    /// The position after the newest message.
    pub end: u64,
    /// Messages that damage has made unreadable since the start.
    pub lost: u64,
    /// Syncs that the disk has refused since the start; what they were for was copied to a new file.
    pub sync_failures: u64,
    /// Writes of the cursors that have failed since the start; each was tried again.
    pub cursor_failures: u64,
    /// Segments that could not be removed at the first try since the start.
    pub trim_failures: u64,
    /// How long it has room, in seconds, if nothing goes and as much comes as on average since the start; `None` if nothing
    /// has come.
    #[serde(default)]
    pub lasts_seconds: Option<u64>,
}

/// Looks into a data path. Cheap to clone, of use from any thread, never waits for the data path.
#[derive(Clone)]
pub struct View {
    pub(crate) name: String,
    pub(crate) stream: StatusCell<StreamStatus>,
    pub(crate) lanes: Vec<StatusCell<LaneStatus>>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) journal: Journal,
    pub(crate) max_bytes: u64,
    pub(crate) started: Instant,
    pub(crate) heartbeats: Vec<Arc<Heartbeat>>,
}

impl View {
    /// What everything says of itself now.
    pub fn status(&self) -> Status {
        // What is settled was received before: in this order, the accounts balance.
        let cursors: HashMap<_, _> = self.journal.cursors().into_iter().collect();
        let counts = self.tail.counts();
        let lanes = self.lanes.iter().map(|lane| {
            let mut status = lane.get();
            let cursor = cursors.get(&cursor_name(&status.sink, status.lane));
            let cursor = LaneCursor::from(cursor.copied().unwrap_or_default());
            status.account(&cursor, counts[status.lane]);
            status
        });
        let stats = self.journal.stats();
        Status {
            name: self.name.clone(),
            stream: self.stream.get(),
            lanes: lanes.collect(),
            journal: JournalStatus {
                bytes: stats.bytes,
                max_bytes: self.max_bytes,
                segments: stats.segments,
                unsynced: stats.at_risk_entries,
                end: stats.end,
                lost: stats.lost_entries,
                sync_failures: stats.sync_failures,
                cursor_failures: stats.cursor_failures,
                trim_failures: stats.trim_failures,
                lasts_seconds: self.lasts(&stats),
            },
        }
    }

    /// A look at what passes from now on: of one lane or of all, and of as large a `share` of the messages, from 0 to 1.
    pub fn tap(&self, lane: Option<Lane>, share: f64) -> Tap {
        Tap {
            tail: self.tail.clone(),
            position: self.tail.end(),
            lane,
            share,
        }
    }

    fn lasts(&self, stats: &journal::Stats) -> Option<u64> {
        let room = u128::from(self.max_bytes.saturating_sub(stats.bytes));
        let seconds = room * self.started.elapsed().as_millis() / 1_000;
        seconds
            .checked_div(u128::from(stats.appended_bytes))
            .map(|seconds| u64::try_from(seconds).unwrap_or(u64::MAX))
    }

    /// The loops that have not been seen alive for `limit`.
    pub fn stuck(&self, limit: Duration) -> Vec<&'static str> {
        let loops = self
            .heartbeats
            .iter()
            .map(|heartbeat| (heartbeat.name, heartbeat.age()));
        loops
            .chain([("journal", self.journal.keeper_seen())])
            .filter(|(_, age)| *age > limit)
            .map(|(name, _)| name)
            .collect()
    }
}
