//! What a lane has handed over and not yet seen settled; the cursor is what is left of it. It holds no bytes: these are the
//! client library's.

use std::collections::VecDeque;

use crate::log::Link;
use crate::model::{Place, Record, Timestamp};
use crate::sink::Outcome;

/// Flow control: how much a lane may have in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many records.
    pub records: usize,
    /// How many bytes, by [`Record::weight`].
    pub bytes: usize,
}

/// In-flight window: the records whose fate is open, in order, and the holes between them.
#[derive(Debug, Default)]
pub(super) struct Window {
    flying: VecDeque<InFlight>,
    bytes: usize,
}

#[derive(Debug)]
enum InFlight {
    Record {
        flown: Flown,
        weight: usize,
        delivered: bool,
    },
    Hole {
        /// Its first position.
        start: u64,
        passed: Hole,
    },
}

/// Record that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flown {
    pub(super) place: Place,
    pub(super) received_at: Timestamp,
}

/// Records that damage took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// How many of the lane.
    pub(super) records: u64,
    /// The lane's last record before the hole's end.
    pub(super) behind: Link,
}

/// What has left the window at its old end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// It is delivered.
    Record(Flown),
    /// They are lost.
    Hole(Hole),
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

impl InFlight {
    fn seq(&self) -> u64 {
        match self {
            Self::Record { flown, .. } => flown.place.seq,
            Self::Hole { start, .. } => *start,
        }
    }
}

impl Window {
    /// Whether one more record may be handed over. An empty window always has room, or a record above the limit would
    /// wait for ever.
    pub(super) fn has_room(&self, limits: Limits) -> bool {
        self.flying.is_empty() || (self.flying.len() < limits.records && self.bytes < limits.bytes)
    }

    /// Notes that `record` was handed over.
    pub(super) fn push(&mut self, record: &Record) {
        let weight = record.weight();
        self.bytes += weight;
        self.flying.push_back(InFlight::Record {
            flown: Flown {
                place: record.place,
                received_at: record.received_at,
            },
            weight,
            delivered: false,
        });
    }

    /// Notes that a `hole` begins at `start`.
    pub(super) fn push_hole(&mut self, start: u64, hole: Hole) {
        self.flying.push_back(InFlight::Hole { start, passed: hole });
    }

    /// Notes the fate of the record at `seq`.
    pub(super) fn settle(&mut self, seq: u64, outcome: Outcome) -> Settlement {
        let found = self.flying.binary_search_by_key(&seq, InFlight::seq).ok();
        let Some(InFlight::Record { delivered, .. }) = found.and_then(|at| self.flying.get_mut(at)) else {
            return Settlement::Impossible;
        };
        match outcome {
            Outcome::Delivered if *delivered => Settlement::Impossible,
            Outcome::Delivered => {
                *delivered = true;
                Settlement::Noted
            }
            Outcome::Refused(why) => Settlement::Refused(why),
        }
    }

    /// Takes the oldest out if its fate is known.
    pub(super) fn pop_settled(&mut self) -> Option<Passed> {
        match self.flying.front()? {
            InFlight::Record { delivered: false, .. } => None,
            InFlight::Record { .. } => self.pop().map(Passed::Record),
            InFlight::Hole { passed, .. } => {
                let hole = *passed;
                self.flying.pop_front();
                Some(Passed::Hole(hole))
            }
        }
    }

    /// Takes the oldest record out, whatever its state; a hole is none.
    pub(super) fn pop(&mut self) -> Option<Flown> {
        let InFlight::Record { flown, weight, .. } = *self.flying.front()? else {
            return None;
        };
        self.flying.pop_front();
        self.bytes -= weight;
        Some(flown)
    }

    /// Where the oldest begins whose fate is open.
    pub(super) fn start(&self) -> Option<u64> {
        self.flying.front().map(InFlight::seq)
    }

    /// The oldest record in flight.
    pub(super) fn oldest(&self) -> Option<Flown> {
        self.flying.iter().find_map(|flying| match flying {
            InFlight::Record { flown, .. } => Some(*flown),
            InFlight::Hole { .. } => None,
        })
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
    use crate::model::{Lane, LaneSet};

    fn record(seq: u64) -> Record {
        Record {
            lane: Lane::Tweets,
            place: Place { epoch: 1, seq },
            previous: None,
            lanes: LaneSet::default(),
            repeat: false,
            trace: None,
            received_at: Timestamp::default(),
            key: None,
            value: vec![b'x'; 800].into(),
        }
    }

    fn passed(window: &mut Window) -> Option<u64> {
        window.pop_settled().map(|passed| match passed {
            Passed::Record(flown) => flown.place.seq,
            Passed::Hole(hole) => 1_000 + hole.records,
        })
    }

    #[test]
    fn only_a_settled_prefix_leaves() {
        let mut window = Window::default();
        window.push(&record(3));
        let behind = Link::default();
        window.push_hole(4, Hole { records: 2, behind });
        for seq in [7, 9] {
            window.push(&record(seq));
        }
        assert_eq!(window.settle(7, Outcome::Delivered), Settlement::Noted);
        assert_eq!(passed(&mut window), None);
        assert_eq!(window.settle(3, Outcome::Delivered), Settlement::Noted);
        assert_eq!(passed(&mut window), Some(3));
        assert_eq!((passed(&mut window), passed(&mut window)), (Some(1_002), Some(7)));
        assert_eq!(passed(&mut window), None);
        assert_eq!(window.oldest().map(|flown| flown.place.seq), Some(9));
    }

    #[test]
    fn miscounting_is_noticed() {
        let mut window = Window::default();
        for seq in [3, 5] {
            window.push(&record(seq));
        }
        let behind = Link::default();
        window.push_hole(6, Hole { records: 2, behind });
        for seq in [4, 6, 7] {
            assert_eq!(window.settle(seq, Outcome::Delivered), Settlement::Impossible);
        }
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
        window.push(&record(1));
        assert!(window.has_room(limits));
        window.push(&record(2));
        assert!(!window.has_room(limits));
        window.clear();
        assert!(window.has_room(limits) && window.is_empty());
    }
}
