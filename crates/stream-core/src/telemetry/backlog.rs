//! Backlog: how many records each lane has before it, by three counts: what stood in the journal at the start, what came in
//! since, and what the lane has settled since.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::status::LaneStatus;
use crate::model::{LaneSet, PerLane};

/// The counts of all lanes of all sinks, which are told apart by their place in the list of these.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Records of the lane that were journaled since the start, whatever the sink.
    journaled: PerLane<AtomicU64>,
    /// Records that stood in the journal at the start and were not settled then, once they are counted.
    stood: Vec<OnceLock<u64>>,
}

impl Backlog {
    /// Nothing is journaled yet, and nothing counted, of so many `lanes`.
    pub(crate) fn new(lanes: usize) -> Self {
        Self {
            journaled: PerLane::default(),
            stood: (0..lanes).map(|_| OnceLock::new()).collect(),
        }
    }

    /// A message with a record for each of `lanes` is journaled.
    pub(crate) fn journaled(&self, lanes: LaneSet) {
        for lane in lanes.iter() {
            self.journaled[lane].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many records of each lane stood in the journal.
    pub(crate) fn stood(&self, counts: Vec<u64>) {
        for (lane, count) in self.stood.iter().zip(counts) {
            // Counted once.
            let _ = lane.set(count);
        }
    }

    /// How many records the lane at the place `at`, whose `status` this is, has not settled; `messages` stand behind its cursor,
    /// and it can have no more than these. What damage took was counted as well, until the cursor has passed it.
    pub(crate) fn pending(&self, at: usize, status: &LaneStatus, messages: u64) -> u64 {
        let Some(stood) = self.stood.get(at).and_then(OnceLock::get) else {
            return messages;
        };
        let journaled = self.journaled[status.lane].load(Ordering::Relaxed);
        let settled = status.delivered + status.dead_lettered + status.dropped;
        (stood + journaled).saturating_sub(settled).min(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Lane;

    #[test]
    fn a_lane_has_its_own_records_before_it() {
        let backlog = Backlog::new(2);
        let mut tweets = LaneStatus::new("a", Lane::Tweets);
        let errors = LaneStatus::new("a", Lane::Errors);
        assert_eq!(backlog.pending(0, &tweets, 9), 9, "not counted yet");
        backlog.stood(vec![5, 0]);
        for _ in 0..4 {
            backlog.journaled([Lane::Tweets].into_iter().collect());
        }
        assert_eq!(backlog.pending(0, &tweets, 100), 9);
        assert_eq!(backlog.pending(1, &errors, 100), 0);
        (tweets.delivered, tweets.dead_lettered, tweets.dropped) = (5, 2, 1);
        assert_eq!(backlog.pending(0, &tweets, 100), 1);
        assert_eq!(backlog.pending(0, &tweets, 0), 0, "the rest was damaged");
    }
}
