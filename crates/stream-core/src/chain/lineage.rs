//! Epochs as families: which one goes on from which. After a power cut an epoch may go on from before the end of the last one.

use std::collections::BTreeMap;

use crate::model::Place;

/// What is known of the epochs of one sink.
#[derive(Clone, Debug, Default)]
pub(super) struct Lineage {
    /// The epoch of the latest earlier record that a record of this one names.
    parents: BTreeMap<u64, u64>,
    /// The lowest sequence of each epoch.
    first: BTreeMap<u64, u64>,
}

/// Epochs of one journal folder each; folders, and daemons, are families of their own.
#[derive(Debug)]
pub(super) struct Families {
    /// The first epoch of each one's family.
    root: BTreeMap<u64, u64>,
    /// The sequence from which on a later epoch of the same family went on without this one.
    cuts: BTreeMap<u64, u64>,
}

impl Lineage {
    /// Takes note of a record. That it names another one says that this was there, too.
    pub(super) fn record(&mut self, place: Place, previous: Option<Place>) {
        for Place { epoch, seq } in [place].into_iter().chain(previous) {
            let first = self.first.entry(epoch).or_insert(seq);
            *first = seq.min(*first);
        }
        if let Some(previous) = previous.filter(|previous| previous.epoch < place.epoch) {
            let parent = self.parents.entry(place.epoch).or_insert(previous.epoch);
            *parent = previous.epoch.max(*parent);
        }
    }

    /// The families, as far as they are known by now.
    pub(super) fn families(&self) -> Families {
        let mut root = BTreeMap::new();
        for epoch in self.first.keys() {
            // Parents are earlier: theirs is known.
            let parent = self.parents.get(epoch).and_then(|parent| root.get(parent));
            root.insert(*epoch, parent.copied().unwrap_or(*epoch));
        }
        // Sequences grow across the epochs of a journal folder.
        let (mut cuts, mut lowest) = (BTreeMap::new(), BTreeMap::new());
        for (epoch, first) in self.first.iter().rev() {
            let later = lowest.get(&root[epoch]).copied();
            cuts.extend(later.map(|later| (*epoch, later)));
            lowest.insert(root[epoch], later.map_or(*first, |later: u64| later.min(*first)));
        }
        Families { root, cuts }
    }
}

impl Families {
    /// Whether two epochs are of one journal folder.
    pub(super) fn are_one(&self, one: u64, other: u64) -> bool {
        one == other
            || self
                .root
                .get(&one)
                .is_some_and(|root| self.root.get(&other) == Some(root))
    }

    /// The sequence with which a later epoch went on after `epoch`, if any.
    pub(super) fn cut(&self, epoch: u64) -> Option<u64> {
        self.cuts.get(&epoch).copied()
    }

    /// Whether a power cut took the message at `place` from the journal.
    pub(super) fn is_abandoned(&self, place: Place) -> bool {
        self.cut(place.epoch).is_some_and(|cut| place.seq >= cut)
    }
}
