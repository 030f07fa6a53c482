//! Walk over one lane: what is due, what is there, and what the chain says of it.

use std::collections::BTreeMap;

use super::lineage::Families;
use super::place_set::{PlaceSet, order};
use super::told::{Told, ToldLoss};
use super::verdict::{Cause, Hole, LaneVerdict};
use crate::model::{Lane, Place};

/// What was read of one lane.
#[derive(Clone, Debug, Default)]
pub(super) struct LaneWalk {
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
    /// By the first record of an epoch, and of a journal folder, the one that it names: of an earlier epoch, or none.
    links: BTreeMap<(u64, u64), Option<Place>>,
}

impl LaneWalk {
    /// Whether the record is a new one.
    pub(super) fn take(&mut self, place: Place, previous: Option<Place>) -> bool {
        if !self.read.insert(place) {
            self.duplicates += 1;
            return false;
        }
        if previous.is_none_or(|previous| previous.epoch != place.epoch) {
            self.links.insert(order(&place), previous);
        }
        if let Some(previous) = previous {
            self.due.insert(previous);
            let is_taken = previous.epoch == place.epoch && !self.followed.insert(previous);
            if is_taken || previous.epoch > place.epoch || previous.seq >= place.seq {
                self.contradictions.insert(place);
            }
        }
        true
    }

    /// Takes note that another lane's record announces one.
    pub(super) fn announce(&mut self, place: Place) {
        self.due.insert(place);
    }

    pub(super) const fn foreign(&mut self) {
        self.foreign += 1;
    }

    pub(super) fn trimmed(&mut self, part: u32, since: Option<Place>) {
        self.trimmed.insert(part, since);
    }

    pub(super) const fn read(&self) -> &PlaceSet {
        &self.read
    }

    /// How many were read, duplicates too.
    pub(super) const fn records(&self) -> u64 {
        self.read.len() + self.duplicates
    }

    /// Whether the chain goes past a loss, or nothing is judged there.
    pub(super) fn is_past(&self, told: &ToldLoss, families: &Families) -> bool {
        let is_behind = |epoch: u64| {
            epoch > told.at.epoch
                || self
                    .read
                    .last_in(epoch)
                    .is_some_and(|last| last.seq >= told.loss.to)
        };
        let mut own = self.read.epochs().into_iter();
        self.is_emptied() || own.any(|epoch| families.are_one(epoch, told.at.epoch) && is_behind(epoch))
    }

    fn is_emptied(&self) -> bool {
        self.trimmed.values().any(Option::is_none)
    }

    /// The first place that can be judged.
    fn from(&self) -> Option<Place> {
        let firsts = self.trimmed.values().copied().chain([self.read.first()]);
        firsts.flatten().max_by_key(order).filter(|_| !self.is_emptied())
    }

    /// Records that name one of an earlier epoch, or none, though another one lies between.
    fn broken_links(&self, families: &Families) -> Vec<Place> {
        let epochs = self.read.epochs();
        let is_broken = |(place, previous): (Place, Option<Place>)| {
            let between = epochs.iter().filter_map(|epoch| match previous {
                Some(previous) if *epoch < previous.epoch => None,
                Some(previous) if *epoch == previous.epoch => {
                    self.read.after(previous).filter(|next| next.epoch == *epoch)
                }
                _ => self.read.first_in(*epoch),
            });
            let mut between = between.filter(|next| order(next) < order(&place));
            between.any(|next| families.are_one(next.epoch, place.epoch) && !families.is_abandoned(next))
        };
        let links = self.links.iter().map(|((epoch, seq), previous)| {
            (
                Place {
                    epoch: *epoch,
                    seq: *seq,
                },
                *previous,
            )
        });
        links
            .filter(|link| is_broken(*link))
            .map(|(place, _)| place)
            .collect()
    }

    pub(super) fn verdict(&self, lane: Lane, told: &Told, families: &Families) -> LaneVerdict {
        let (is_emptied, from) = (self.is_emptied(), self.from());
        let mut holes = Holes::new(&self.read);
        let mut unjudged = 0;
        for place in self.due.minus(&[&self.read]) {
            let is_before = is_emptied || from.is_some_and(|from| order(&place) < order(&from));
            match told.cause(lane, place) {
                Some(cause) => holes.add(place, cause),
                None if is_before => unjudged += 1,
                None if families.is_abandoned(place) => holes.add(place, Cause::PowerCut),
                None => holes.add(place, Cause::Missing),
            }
        }
        let mut contradictions = self.contradictions.clone();
        for place in self.broken_links(families) {
            contradictions.insert(place);
        }
        for place in contradictions.minus(&[]) {
            holes.add(place, Cause::Contradiction);
        }
        let abandoned = self.read.epochs().into_iter().filter_map(|epoch| {
            let cut = families.cut(epoch)?;
            Some(self.read.count_behind(epoch, cut.checked_sub(1)))
        });
        let start = self.links.iter().find(|(_, previous)| previous.is_none());
        LaneVerdict {
            lane,
            records: self.read.len(),
            duplicates: self.duplicates,
            foreign: self.foreign,
            from,
            from_the_start: from.is_some_and(|from| start.is_some_and(|(start, _)| *start == order(&from))),
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
