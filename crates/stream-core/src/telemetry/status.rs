//! What the data path says of itself: one snapshot, which metrics, status and tests all render.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::log::LaneCursor;
use crate::model::{ConnectOutcome, Lane, Repair, StreamState, Timestamp, WaitClass};

/// Accounts of one lane of one sink. What became of its records is counted since the journal's folder began, over restarts;
/// the rest since the process started.
///
/// `received = delivered + dead_lettered + dropped + lost + in_flight`, at every moment that a snapshot shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneStatus {
    /// The name of the sink.
    pub sink: String,
    /// Which of its lanes.
    pub lane: Lane,
    /// Whether a publisher is open and its broker serves. None is opened before the lane's first record since the start.
    pub connected: bool,
    /// Records that were journaled for the lane.
    pub received: u64,
    /// Records handed over to the client library, repeats included.
    pub published: u64,
    /// Records that the broker has confirmed, each counted once.
    pub delivered: u64,
    /// Records that the broker refused and that stand in `dead_letter` instead.
    pub dead_lettered: u64,
    /// Records that the broker refused and that could not be dead-lettered.
    pub dropped: u64,
    /// Records that damage to the journal took.
    #[serde(default)]
    pub lost: u64,
    /// Records in the journal whose fate is open.
    pub in_flight: u64,
    /// Every message below this place in the journal is settled.
    pub cursor: u64,
    /// When the cursor last moved, or was opened.
    pub moved_at: Timestamp,
    /// The same as `in_flight`, by the name of its metric.
    pub pending: u64,
    /// When the oldest record whose fate is open was received.
    pub oldest_pending: Option<Timestamp>,
    /// Since when the cursor has stood still with records waiting at it, by the monotonic clock.
    #[serde(skip)]
    pub stands_since: Option<Instant>,
    /// How often the lane went back to its cursor.
    pub resets: u64,
    /// Errors that a client or broker may cure by itself.
    pub errors_unavailable: u64,
    /// Errors that an operator must cure.
    pub errors_operator: u64,
    /// The last error, until something is delivered again, or its broker is well.
    pub last_error: Option<String>,
    /// When that was.
    #[serde(default)]
    pub last_error_at: Option<Timestamp>,
}

impl LaneStatus {
    /// The status of a lane that has done nothing.
    pub fn new(sink: &str, lane: Lane) -> Self {
        Self {
            sink: sink.to_owned(),
            lane,
            connected: false,
            received: 0,
            published: 0,
            delivered: 0,
            dead_lettered: 0,
            dropped: 0,
            lost: 0,
            in_flight: 0,
            cursor: 0,
            moved_at: Timestamp::default(),
            pending: 0,
            oldest_pending: None,
            stands_since: None,
            resets: 0,
            errors_unavailable: 0,
            errors_operator: 0,
            last_error: None,
            last_error_at: None,
        }
    }

    /// The accounts up to `cursor`, of a lane that has had `count` records.
    pub(crate) fn account(&mut self, cursor: &LaneCursor, count: u64) {
        let accounts = cursor.accounts;
        self.received = count.saturating_sub(cursor.before);
        self.delivered = accounts.delivered;
        self.dead_lettered = accounts.dead_lettered;
        self.dropped = accounts.dropped;
        self.lost = accounts.lost;
        self.in_flight = self.received.saturating_sub(accounts.settled());
        self.pending = self.in_flight;
        self.cursor = cursor.position;
    }

    /// Takes note of the oldest record that waits, and of whether the cursor has `moved` since the last time.
    pub(crate) fn waits(&mut self, oldest: Option<Timestamp>, moved: bool) {
        self.oldest_pending = oldest;
        if moved {
            self.moved_at = Timestamp::now();
        }
        let stood = self.stands_since.filter(|_| !moved);
        self.stands_since = oldest.map(|_| stood.unwrap_or_else(Instant::now));
    }

    /// Whether the accounts balance.
    pub fn balances(&self) -> bool {
        let settled = self.delivered + self.dead_lettered + self.dropped + self.lost;
        self.received == settled + self.in_flight
    }
}

/// Accounts of the stream, from the socket to the journal.
///
/// `received = messages + oversize + dropped + repeats + waiting`, at every moment that a snapshot shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// What the supervisor is about.
    pub state: StreamState,
    /// When it entered that state.
    pub since: Timestamp,
    /// Connections accepted since the process started.
    pub connections: u64,
    /// When the last byte arrived.
    pub last_byte: Option<Timestamp>,
    /// The same by the monotonic clock, for whoever asks how long ago that was.
    #[serde(skip)]
    pub heard: Option<Instant>,
    /// Connections in a row, the present one included, that have brought neither a message with a key nor two keep-alives.
    pub unproven: u64,
    /// What became of the last attempt, while no stream has come of those after it.
    pub failing: Option<ConnectOutcome>,
    /// When it connects again, while it waits for that.
    #[serde(default)]
    pub next_attempt: Option<Timestamp>,
    /// Which schedule set that wait.
    #[serde(default)]
    pub wait_class: Option<WaitClass>,
    /// Connects left in the current 15 minutes.
    pub connect_budget: u64,
    /// Lines read from the socket since the process started, keep-alives aside.
    pub received: u64,
    /// Lines that wait in memory for the journal.
    pub waiting: u64,
    /// Lines that are messages, journaled since the process started.
    pub messages: u64,
    /// Lines too long to be taken whole, whose dead letters are journaled.
    pub oversize: u64,
    /// Messages read from the socket that could not be journaled, by policy `drop-newest` or at a forced end.
    pub dropped: u64,
    /// Messages that came before, and go nowhere.
    #[serde(default)]
    pub repeats: u64,
    /// The id of the last post.
    #[serde(default)]
    pub last_post: Option<String>,
    /// The last blind intervals, the latest last.
    #[serde(default)]
    pub gaps: Vec<GapStatus>,
    /// Why the last attempt or connection ended, until a stream has proven itself again.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// Why the journal does not take messages, while it does not.
    pub journal_blocked: Option<String>,
}

/// A blind interval, as far as it is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GapStatus {
    /// The last byte before it.
    pub from: Timestamp,
    /// The connection after it.
    pub to: Timestamp,
    /// How long it was.
    pub seconds: f64,
    /// Why the connection before it ended, or that the process did.
    pub reason: String,
    /// The id of the last post before it, if one is known.
    pub last_post: Option<String>,
    /// The id of the first post after it, once one has come.
    pub first_post: Option<String>,
    /// What is done about it.
    pub repair: Repair,
    /// As much of it as nothing has brought.
    pub remains_seconds: f64,
}

/// How many gaps are told of.
const GAPS: usize = 16;

impl StreamStatus {
    /// Takes note of a gap that is over.
    pub(crate) fn blind(&mut self, gap: GapStatus) {
        if self.gaps.len() == GAPS {
            self.gaps.remove(0);
        }
        self.gaps.push(gap);
    }

    /// Takes note that the past from `from` to `to` has come.
    pub(crate) fn recovered(&mut self, from: Timestamp, to: Timestamp) {
        let found = self.gaps.iter_mut().filter(|gap| gap.repair == Repair::Recovery);
        for gap in found {
            let came = gap.to.min(to).since(gap.from.max(from));
            gap.remains_seconds = (gap.remains_seconds - came.as_secs_f64()).max(0.0);
        }
    }

    /// Takes note of an error.
    pub(crate) fn failed(&mut self, why: String) {
        self.last_error = Some(why);
        self.last_error_at = Some(Timestamp::now());
    }

    /// Takes note that what comes is the stream.
    pub(crate) fn proven(&mut self) {
        self.unproven = 0;
        self.failing = None;
        self.last_error = None;
        self.last_error_at = None;
    }

    /// Whether the accounts balance.
    pub fn balances(&self) -> bool {
        self.received == self.messages + self.oversize + self.dropped + self.repeats + self.waiting
    }
}

/// A value that one part of the data path writes and others read whole.
#[derive(Debug)]
pub(crate) struct StatusCell<T>(Arc<Mutex<T>>);

impl<T> Clone for StatusCell<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> StatusCell<T> {
    /// A cell that holds `value`.
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// Changes the value; what `change` does is seen all at once.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.lock())
    }

    /// A copy of the value.
    pub(crate) fn get(&self) -> T {
        self.0.lock().clone()
    }
}
