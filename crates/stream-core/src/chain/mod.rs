//! Chain walk: whether the records that were read back from a sink are all that must be there. Pure; reading is the sinks'
//! (`read_back`).
//!
//! A record is due if another record of its lane names it as the one before itself, or if a record of another lane of the same
//! message announces it. What is due and was not read is a hole, unless retention has taken it. Records come in any order, for
//! topics have partitions; nothing is kept of one but a bit for each of its places.

mod lane_walk;
mod lineage;
mod place_set;
#[cfg(test)]
mod tests;
mod told;
mod verdict;

pub use self::verdict::{Cause, Gap, Hole, LaneVerdict, Loss, Verdict};

use self::lane_walk::LaneWalk;
use self::lineage::{Families, Lineage};
use self::place_set::PlaceSet;
use self::told::{Told, ToldLoss};
use crate::model::{Header, Lane, LaneSet, PerLane, Place};

/// What was read of one sink so far.
#[derive(Clone, Debug)]
pub struct Walk {
    sink: String,
    lanes: LaneSet,
    of: PerLane<LaneWalk>,
    /// The places of which some lane's record was read.
    seen: PlaceSet,
    lineage: Lineage,
    told: Told,
}

impl Walk {
    /// A walk over the sink called `sink`, as dead letters and events name it, which gets `lanes`.
    pub fn new(sink: impl Into<String>, lanes: LaneSet) -> Self {
        Self {
            sink: sink.into(),
            lanes,
            of: PerLane::default(),
            seen: PlaceSet::default(),
            lineage: Lineage::default(),
            told: Told::default(),
        }
    }

    /// Takes note of a record that was read in `lane`; its `value` matters in `events` and `dead_letter` only.
    pub fn record(&mut self, lane: Lane, header: &Header, value: &[u8]) {
        let Header {
            place,
            previous,
            lanes,
        } = *header;
        if !self.of[lane].take(place, previous) {
            return;
        }
        self.seen.insert(place);
        self.lineage.record(place, previous);
        self.told.hear(&self.sink, lane, place, value);
        for announced in lanes.intersection(self.lanes).iter() {
            self.of[announced].announce(place);
        }
    }

    /// Takes note of something in `lane` without a header of ours.
    pub fn foreign(&mut self, lane: Lane) {
        self.of[lane].foreign();
    }

    /// Takes note that retention has trimmed a `part` of `lane` (a partition), of which `since` is the first record left, or none.
    pub fn trimmed(&mut self, lane: Lane, part: u32, since: Option<Place>) {
        self.of[lane].trimmed(part, since);
    }

    /// How many records were read, duplicates too.
    pub fn records(&self, lane: Lane) -> u64 {
        self.of[lane].records()
    }

    /// The latest place that was read of `lane`.
    pub fn last(&self, lane: Lane) -> Option<Place> {
        self.of[lane].read().last()
    }

    /// What is to be said of all that was read.
    pub fn verdict(&self) -> Verdict {
        let families = self.lineage.families();
        let lanes: Vec<_> = self
            .lanes
            .iter()
            .map(|lane| self.of[lane].verdict(lane, &self.told, &families))
            .collect();
        let losses: Vec<_> = self
            .told
            .losses()
            .map(|told| Loss {
                is_accounted_for: self.accounts_for(told, &families),
                ..told.loss.clone()
            })
            .collect();
        let is_there = |lane: &LaneVerdict| lane.counted().next().is_none();
        Verdict {
            sink: self.sink.clone(),
            whole: lanes.iter().all(is_there) && losses.iter().all(|loss| loss.is_accounted_for),
            lanes,
            losses,
            gaps: self.told.gaps(),
        }
    }

    /// Whether records say of all that a loss may have taken from this sink what became of it: they are there, or later ones
    /// have a chain that goes past them, which finds the holes.
    fn accounts_for(&self, told: &ToldLoss, families: &Families) -> bool {
        let is_past = |lane: Lane| self.of[lane].is_past(told, families);
        match told.loss.lane {
            Some(lane) => {
                let taken = told.loss.records.unwrap_or(u64::MAX);
                !self.lanes.contains(lane)
                    || is_past(lane)
                    || told.members(self.of[lane].read(), families) >= taken
            }
            None => {
                self.lanes.iter().all(is_past)
                    || told.members(&self.seen, families) >= told.loss.to - told.loss.from
            }
        }
    }
}
