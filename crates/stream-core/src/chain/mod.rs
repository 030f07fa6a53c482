//! Chain walk: whether the records that were read back from a sink are all that must be there. Pure; reading is the sinks'
//! (`read_back`).
//!
//! A record is due if another record of its lane names it as the one before itself, or if a record of another lane of the same
//! message announces it. What is due and was not read is a hole, unless retention has taken it. Records come in any order, for
//! topics have partitions; nothing is kept of one but a bit for each of its places.

mod lineage;
mod place_set;
#[cfg(test)]
mod tests;
mod told;
mod verdict;

pub use self::verdict::{Cause, Gap, Hole, LaneVerdict, Verdict};

use std::collections::BTreeMap;

use self::lineage::Lineage;
use self::place_set::PlaceSet;
use self::told::Told;
use crate::model::{Header, Lane, LaneSet, PerLane, Place};

/// What was read of one sink so far.
#[derive(Clone, Debug)]
pub struct Walk {
    sink: String,
    lanes: LaneSet,
    of: PerLane<LaneWalk>,
    lineage: Lineage,
    told: Told,
}

/// What was read of one lane.
#[derive(Clone, Debug, Default)]
struct LaneWalk {
    read: PlaceSet,
    /// Named or announced.
    due: PlaceSet,
    /// Named by a record of the same epoch.
    followed: PlaceSet,
    /// Records whose word on the one before them cannot be.
    contradictions: PlaceSet,
    duplicates: u64,
    foreign: u64,
    /// By part, the first record that retention has left, if any: nothing can be said of what lies before.
    trimmed: BTreeMap<u32, Option<Place>>,
    /// The first record of the lane in its journal folder.
    start: Option<Place>,
}

impl Walk {
    /// A walk over the sink called `sink`, as dead letters and events name it, which gets `lanes`.
    pub fn new(sink: impl Into<String>, lanes: LaneSet) -> Self {
        Self {
            sink: sink.into(),
            lanes,
            of: PerLane::default(),
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
        self.lineage.record(place, previous);
        self.told.hear(&self.sink, lane, value);
        for announced in lanes.intersection(self.lanes).iter() {
            self.of[announced].due.insert(place);
        }
    }

    /// Takes note of something in `lane` without a header of ours.
    pub fn foreign(&mut self, lane: Lane) {
        self.of[lane].foreign += 1;
    }

    /// Takes note that retention has trimmed a `part` of `lane` (a partition), of which `since` is the first record left, or none.
    pub fn trimmed(&mut self, lane: Lane, part: u32, since: Option<Place>) {
        self.of[lane].trimmed.insert(part, since);
    }

    /// How many records were read, duplicates too.
    pub fn records(&self, lane: Lane) -> u64 {
        self.of[lane].read.len() + self.of[lane].duplicates
    }

    /// The latest place that was read of `lane`.
    pub fn last(&self, lane: Lane) -> Option<Place> {
        self.of[lane].read.last()
    }

    /// What is to be said of all that was read.
    pub fn verdict(&self) -> Verdict {
        let cuts = self.lineage.cuts();
        let lanes: Vec<_> = self
            .lanes
            .iter()
            .map(|lane| self.of[lane].verdict(lane, &self.told, &cuts))
            .collect();
        Verdict {
            sink: self.sink.clone(),
            whole: lanes.iter().all(|lane| lane.counted().next().is_none()),
            lanes,
            gaps: self.told.gaps(),
        }
    }
}

impl LaneWalk {
    /// Whether the record is a new one.
    fn take(&mut self, place: Place, previous: Option<Place>) -> bool {
        if !self.read.insert(place) {
            self.duplicates += 1;
            return false;
        }
        match previous {
            None => self.start = self.start.into_iter().chain([place]).min_by_key(order),
            Some(previous) => {
                self.due.insert(previous);
                let is_taken = previous.epoch == place.epoch && !self.followed.insert(previous);
                if is_taken || order(&previous) >= order(&place) {
                    self.contradictions.insert(place);
                }
            }
        }
        true
    }

    fn verdict(&self, lane: Lane, told: &Told, cuts: &BTreeMap<u64, u64>) -> LaneVerdict {
        let is_emptied = self.trimmed.values().any(Option::is_none);
        let firsts = self.trimmed.values().copied().chain([self.read.first()]);
        let from = if is_emptied {
            None
        } else {
            firsts.flatten().max_by_key(order)
        };
        let is_abandoned = |place: Place| cuts.get(&place.epoch).is_some_and(|cut| place.seq >= *cut);
        let mut holes = Holes::new(&self.read);
        let mut unjudged = 0;
        for place in self.due.minus(&[&self.read]) {
            let told = told.cause(lane, place);
            let is_before = is_emptied || from.is_some_and(|from| order(&place) < order(&from));
            match told {
                Some(cause) => holes.add(place, cause),
                None if is_before => unjudged += 1,
                None if is_abandoned(place) => holes.add(place, Cause::PowerCut),
                None => holes.add(place, Cause::Missing),
            }
        }
        for place in self.contradictions.minus(&[]) {
            holes.add(place, Cause::Contradiction);
        }
        let abandoned = self.read.epochs().into_iter().filter_map(|epoch| {
            let cut = *cuts.get(&epoch)?;
            Some(self.read.count_behind(epoch, cut.checked_sub(1)))
        });
        LaneVerdict {
            lane,
            records: self.read.len(),
            duplicates: self.duplicates,
            foreign: self.foreign,
            from,
            from_the_start: from.is_some() && from == self.start,
            to: self.read.last(),
            abandoned: abandoned.sum(),
            unjudged,
            holes: holes.found,
        }
    }
}

/// Missing places, in order, put together.
struct Holes<'w> {
    read: &'w PlaceSet,
    found: Vec<Hole>,
}

impl<'w> Holes<'w> {
    const fn new(read: &'w PlaceSet) -> Self {
        Self {
            read,
            found: Vec::new(),
        }
    }

    fn add(&mut self, place: Place, cause: Cause) {
        let after = self.read.before(place);
        if let Some(last) = self.found.last_mut()
            && last.cause == cause
            && cause != Cause::Contradiction
            && last.after == after
        {
            last.to = place;
            last.records += 1;
            return;
        }
        self.found.push(Hole {
            cause,
            from: place,
            to: place,
            records: 1,
            after,
            before: self.read.after(place),
        });
    }
}

/// Places in the order of time.
const fn order(place: &Place) -> (u64, u64) {
    (place.epoch, place.seq)
}
