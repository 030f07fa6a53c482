//! Holes: positions that were found to hold nothing readable, so that each counts once, however many readers meet it.

use std::collections::BTreeMap;
use std::ops::Range;

/// Disjoint ranges, none empty: the start of each by its end.
#[derive(Default)]
pub(crate) struct Holes(BTreeMap<u64, u64>);

impl Holes {
    /// Takes a hole in; gives how many of its positions are new.
    pub(crate) fn add(&mut self, hole: Range<u64>) -> u64 {
        if hole.is_empty() {
            return 0;
        }
        let touching = self.0.range(hole.start..).take_while(|it| *it.1 <= hole.end);
        let touching: Vec<_> = touching.map(|(end, start)| *start..*end).collect();
        let mut joined = hole.clone();
        let mut new = hole.end - hole.start;
        for known in touching {
            self.0.remove(&known.end);
            new -= known.end.min(hole.end) - known.start.max(hole.start);
            joined = joined.start.min(known.start)..joined.end.max(known.end);
        }
        self.0.insert(joined.end, joined.start);
        new
    }

    /// Positions below are not asked for again.
    pub(crate) fn forget_below(&mut self, position: u64) {
        self.0 = self.0.split_off(&position);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_position_counts_once(holes in proptest::collection::vec((0..40u64, 0..12u64), 0..20)) {
            let (mut holes_met, mut positions) = (Holes::default(), BTreeSet::new());
            for (start, length) in holes {
                let hole = start..start + length;
                let new = hole.clone().filter(|position| positions.insert(*position)).count();
                prop_assert_eq!(holes_met.add(hole), new as u64);
            }
        }
    }
}
