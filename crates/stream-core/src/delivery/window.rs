//! What a lane has handed over and not yet seen settled; the cursor is what is left of it.

use std::collections::VecDeque;

use crate::model::Record;
use crate::sink::Outcome;

/// Flow control: how much a lane may have in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many records.
    pub records: usize,
    /// How many bytes, by [`Record::weight`].
    pub bytes: usize,
}

/// In-flight window: the records whose fate is open, in order.
#[derive(Debug, Default)]
pub(super) struct Window {
    flying: VecDeque<InFlight>,
    bytes: usize,
}

#[derive(Debug)]
struct InFlight {
    record: Record,
    delivered: bool,
}

/// What a settlement led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// It was in flight, and is settled now.
    Noted,
    /// The record was refused.
    Refused(String),
    /// Not in the window: settled twice, or never handed over. Somebody has miscounted.
    Impossible,
}

impl Window {
    /// Whether one more record may be handed over. An empty window always has room, or a record above the limit would
    /// wait for ever.
    pub(super) fn has_room(&self, limits: Limits) -> bool {
        self.flying.is_empty() || (self.flying.len() < limits.records && self.bytes < limits.bytes)
    }

    /// Notes that `record` was handed over.
    pub(super) fn push(&mut self, record: Record) {
        self.bytes += record.weight();
        self.flying.push_back(InFlight {
            record,
            delivered: false,
        });
    }

    /// Notes the fate of the record at `seq`.
    pub(super) fn settle(&mut self, seq: u64, outcome: Outcome) -> Settlement {
        let Ok(at) = self
            .flying
            .binary_search_by_key(&seq, |flying| flying.record.place.seq)
        else {
            return Settlement::Impossible;
        };
        match outcome {
            Outcome::Delivered if self.flying[at].delivered => Settlement::Impossible,
            Outcome::Delivered => {
                self.flying[at].delivered = true;
                Settlement::Noted
            }
            Outcome::Refused(why) => Settlement::Refused(why),
        }
    }

    /// Takes the oldest record out if it is settled.
    pub(super) fn pop_settled(&mut self) -> Option<Record> {
        self.flying.front().filter(|flying| flying.delivered)?;
        self.pop()
    }

    /// Takes the oldest record out, whatever its state.
    pub(super) fn pop(&mut self) -> Option<Record> {
        let flying = self.flying.pop_front()?;
        self.bytes -= flying.record.weight();
        Some(flying.record)
    }

    /// The oldest record in flight.
    pub(super) fn oldest(&self) -> Option<&Record> {
        self.flying.front().map(|flying| &flying.record)
    }

    /// How many records are in flight.
    pub(super) fn len(&self) -> usize {
        self.flying.len()
    }

    /// Whether nothing is in flight.
    pub(super) fn is_empty(&self) -> bool {
        self.flying.is_empty()
    }

    /// Forgets everything: the lane will replay.
    pub(super) fn clear(&mut self) {
        self.flying.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Lane, LaneSet, Place, Timestamp};

    fn record(seq: u64) -> Record {
        Record {
            lane: Lane::Tweets,
            place: Place { epoch: 1, seq },
            previous: None,
            lanes: LaneSet::default(),
            received_at: Timestamp::default(),
            key: None,
            value: vec![b'x'; 800].into(),
        }
    }

    #[test]
    fn only_a_settled_prefix_leaves() {
        let mut window = Window::default();
        for seq in [3, 5, 9] {
            window.push(record(seq));
        }
        assert_eq!(window.settle(5, Outcome::Delivered), Settlement::Noted);
        assert_eq!(window.pop_settled(), None);
        assert_eq!(window.settle(3, Outcome::Delivered), Settlement::Noted);
        assert_eq!(window.pop_settled().map(|r| r.place.seq), Some(3));
        assert_eq!(window.pop_settled().map(|r| r.place.seq), Some(5));
        assert_eq!(window.pop_settled(), None);
        assert_eq!(window.oldest().map(|r| r.place.seq), Some(9));
    }

    #[test]
    fn miscounting_is_noticed() {
        let mut window = Window::default();
        for seq in [3, 5] {
            window.push(record(seq));
        }
        assert_eq!(window.settle(4, Outcome::Delivered), Settlement::Impossible);
        assert_eq!(window.settle(5, Outcome::Delivered), Settlement::Noted);
        assert_eq!(window.settle(5, Outcome::Delivered), Settlement::Impossible);
        assert_eq!(
            window.settle(3, Outcome::Refused("big".into())),
            Settlement::Refused("big".into())
        );
    }

    #[test]
    fn bytes_and_records_bound_it() {
        let limits = Limits {
            records: 3,
            bytes: 1_500,
        };
        let mut window = Window::default();
        assert!(window.has_room(Limits { records: 0, bytes: 0 }));
        window.push(record(1));
        assert!(window.has_room(limits));
        window.push(record(2));
        assert!(!window.has_room(limits));
        window.clear();
        assert!(window.has_room(limits) && window.is_empty());
    }
}
