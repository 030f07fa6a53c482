//! Epochs as a family: which one goes on from which. After a power cut an epoch may go on from before the end of the last one.

use std::collections::BTreeMap;

use crate::model::Place;

/// What is known of the epochs of one sink.
#[derive(Clone, Debug, Default)]
pub(super) struct Lineage {
    /// The latest record of an earlier epoch that a record of this one names.
    parents: BTreeMap<u64, Place>,
    /// The lowest sequence of each epoch.
    first: BTreeMap<u64, u64>,
}

impl Lineage {
    /// Takes note of a record.
    pub(super) fn record(&mut self, place: Place, previous: Option<Place>) {
        let first = self.first.entry(place.epoch).or_insert(place.seq);
        *first = place.seq.min(*first);
        if let Some(previous) = previous.filter(|previous| previous.epoch < place.epoch) {
            let parent = self.parents.entry(place.epoch).or_insert(previous);
            if (parent.epoch, parent.seq) < (previous.epoch, previous.seq) {
                *parent = previous;
            }
        }
    }

    /// For each epoch the sequence from which on a later one of the same family went on without it. Sequences grow across the
    /// epochs of a journal folder; folders, and daemons, are families of their own.
    pub(super) fn cuts(&self) -> BTreeMap<u64, u64> {
        let mut cuts = BTreeMap::new();
        let mut lowest: BTreeMap<u64, u64> = BTreeMap::new();
        for (epoch, first) in self.first.iter().rev() {
            let later = lowest.entry(self.ancestor(*epoch)).or_insert(u64::MAX);
            cuts.insert(*epoch, *later);
            *later = (*later).min(*first);
        }
        cuts
    }

    fn ancestor(&self, mut epoch: u64) -> u64 {
        // Parents are earlier: this ends.
        while let Some(parent) = self.parents.get(&epoch) {
            epoch = parent.epoch;
        }
        epoch
    }
}
