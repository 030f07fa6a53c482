//! Compressed bitmap of places: a million neighbours take 128 KiB, a few strays two bytes each.

use std::collections::BTreeMap;

use crate::model::Place;

/// Places in one chunk, as a power of two.
const BITS: u32 = 16;
const WORDS: usize = 1 << (BITS - 6);
/// From this many places on, bits are smaller than numbers.
const MOST_STRAYS: usize = 4_096;

/// Set of places, ordered by epoch and sequence.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaceSet {
    chunks: BTreeMap<(u64, u64), Chunk>,
    len: u64,
}

#[derive(Clone, Debug)]
enum Chunk {
    /// In order.
    Strays(Vec<u16>),
    Bits(Box<[u64; WORDS]>),
}

impl PlaceSet {
    /// Makes `place` a member, and says whether it was none before.
    pub(super) fn insert(&mut self, place: Place) -> bool {
        let (chunk, low) = split(place);
        let chunk = self
            .chunks
            .entry(chunk)
            .or_insert_with(|| Chunk::Strays(Vec::new()));
        let is_new = chunk.insert(low);
        self.len += u64::from(is_new);
        is_new
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn first(&self) -> Option<Place> {
        let (key, chunk) = self.chunks.first_key_value()?;
        Some(join(*key, chunk.from(0)?))
    }

    pub(super) fn last(&self) -> Option<Place> {
        let (key, chunk) = self.chunks.last_key_value()?;
        Some(join(*key, chunk.to(u16::MAX)?))
    }

    /// The first member of `epoch`.
    pub(super) fn first_in(&self, epoch: u64) -> Option<Place> {
        let (key, chunk) = self.chunks.range((epoch, 0)..=(epoch, u64::MAX)).next()?;
        Some(join(*key, chunk.from(0)?))
    }

    /// The last member of `epoch`.
    pub(super) fn last_in(&self, epoch: u64) -> Option<Place> {
        let (key, chunk) = self.chunks.range((epoch, 0)..=(epoch, u64::MAX)).next_back()?;
        Some(join(*key, chunk.to(u16::MAX)?))
    }

    /// The last member before `place`.
    pub(super) fn before(&self, place: Place) -> Option<Place> {
        let (key, low) = split(place);
        let here = low
            .checked_sub(1)
            .and_then(|low| Some(join(key, self.chunks.get(&key)?.to(low)?)));
        here.or_else(|| {
            let (key, chunk) = self.chunks.range(..key).next_back()?;
            Some(join(*key, chunk.to(u16::MAX)?))
        })
    }

    /// The first member after `place`.
    pub(super) fn after(&self, place: Place) -> Option<Place> {
        let (key, low) = split(place);
        let here = low
            .checked_add(1)
            .and_then(|low| Some(join(key, self.chunks.get(&key)?.from(low)?)));
        here.or_else(|| {
            let behind = (std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded);
            let (key, chunk) = self.chunks.range(behind).next()?;
            Some(join(*key, chunk.from(0)?))
        })
    }

    /// The epochs of the members, in order.
    pub(super) fn epochs(&self) -> Vec<u64> {
        let mut epochs: Vec<_> = self.chunks.keys().map(|(epoch, _)| *epoch).collect();
        epochs.dedup();
        epochs
    }

    /// How many members of `epoch` lie behind `seq`; all of them without one.
    pub(super) fn count_behind(&self, epoch: u64, seq: Option<u64>) -> u64 {
        let start = seq.map_or(0, |seq| seq >> BITS);
        let chunks = self.chunks.range((epoch, start)..=(epoch, u64::MAX));
        let count = |(key, chunk): (&(u64, u64), &Chunk)| match seq {
            Some(seq) if key.1 == seq >> BITS => chunk.iter().filter(|low| *low > seq as u16).count(),
            _ => chunk.len(),
        };
        chunks.map(count).sum::<usize>() as u64
    }

    /// The members that are in none of `others`, in order.
    pub(super) fn minus<'s>(&'s self, others: &'s [&Self]) -> impl Iterator<Item = Place> + 's {
        self.chunks.iter().flat_map(move |(key, chunk)| {
            let mut lacking = chunk.bits();
            for other in others.iter().filter_map(|other| other.chunks.get(key)) {
                lacking
                    .iter_mut()
                    .zip(other.bits())
                    .for_each(|(word, there)| *word &= !there);
            }
            lows(lacking).map(|low| join(*key, low))
        })
    }
}

impl Chunk {
    fn insert(&mut self, low: u16) -> bool {
        match self {
            Self::Bits(words) => {
                let (word, bit) = at(low);
                let is_new = words[word] & bit == 0;
                words[word] |= bit;
                is_new
            }
            Self::Strays(strays) => {
                // Records come in order, nearly always.
                let found = if strays.last() < Some(&low) {
                    Err(strays.len())
                } else {
                    strays.binary_search(&low)
                };
                let Err(position) = found else {
                    return false;
                };
                strays.insert(position, low);
                if strays.len() > MOST_STRAYS {
                    *self = Self::Bits(self.bits().try_into().expect("as many words as a chunk has"));
                }
                true
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Bits(words) => words.iter().map(|word| word.count_ones() as usize).sum(),
            Self::Strays(strays) => strays.len(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = u16> {
        lows(self.bits())
    }

    /// The first member from `low` on.
    fn from(&self, low: u16) -> Option<u16> {
        match self {
            Self::Strays(strays) => strays.get(strays.partition_point(|stray| *stray < low)).copied(),
            Self::Bits(words) => {
                let (first, bit) = at(low);
                let masked = |word: usize| words[word] & if word == first { !(bit - 1) } else { u64::MAX };
                let word = (first..WORDS).find(|word| masked(*word) != 0)?;
                Some((word * 64) as u16 + masked(word).trailing_zeros() as u16)
            }
        }
    }

    /// The last member up to `low`.
    fn to(&self, low: u16) -> Option<u16> {
        match self {
            Self::Strays(strays) => {
                let end = strays.partition_point(|stray| *stray <= low);
                end.checked_sub(1).map(|last| strays[last])
            }
            Self::Bits(words) => {
                let (last, bit) = at(low);
                let masked =
                    |word: usize| words[word] & if word == last { bit | (bit - 1) } else { u64::MAX };
                let word = (0..=last).rev().find(|word| masked(*word) != 0)?;
                Some((word * 64) as u16 + 63 - masked(word).leading_zeros() as u16)
            }
        }
    }

    fn bits(&self) -> Vec<u64> {
        match self {
            Self::Bits(words) => words.to_vec(),
            Self::Strays(strays) => {
                let mut words = vec![0; WORDS];
                for (word, bit) in strays.iter().map(|low| at(*low)) {
                    words[word] |= bit;
                }
                words
            }
        }
    }
}

/// The numbers of the bits that are set.
fn lows(words: Vec<u64>) -> impl Iterator<Item = u16> {
    words.into_iter().enumerate().flat_map(|(at, word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some((at * 64) as u16 + bit as u16)
        })
    })
}

const fn at(low: u16) -> (usize, u64) {
    (low as usize / 64, 1 << (low % 64))
}

/// Places in the order of time.
pub(super) const fn order(place: &Place) -> (u64, u64) {
    (place.epoch, place.seq)
}

const fn split(place: Place) -> ((u64, u64), u16) {
    ((place.epoch, place.seq >> BITS), place.seq as u16)
}

const fn join((epoch, chunk): (u64, u64), low: u16) -> Place {
    Place {
        epoch,
        seq: chunk << BITS | low as u64,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn place((epoch, seq): (u64, u64)) -> Place {
        Place { epoch, seq }
    }

    fn pair(place: Place) -> (u64, u64) {
        (place.epoch, place.seq)
    }

    /// Strays over chunks and epochs, and now and then a run that makes bits of a chunk.
    fn members() -> impl Strategy<Value = BTreeSet<(u64, u64)>> {
        let stray = (
            1..4_u64,
            prop_oneof![0..300_u64, 65_500..65_600_u64, Just(u64::MAX)],
        );
        let strays = prop::collection::btree_set(stray, 0..60);
        let run = prop::option::of((1..4_u64, 0..70_000_u64, 4_000..9_000_u64));
        (strays, run).prop_map(|(mut all, run)| {
            if let Some((epoch, from, length)) = run {
                all.extend((from..from + length).map(|seq| (epoch, seq)));
            }
            all
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_set_answers_as_a_tree_does(model in members(), other in members(), probe in (0..5_u64, 0..70_000_u64)) {
            let (mut set, mut others) = (PlaceSet::default(), PlaceSet::default());
            for member in model.iter().rev() {
                prop_assert!(set.insert(place(*member)));
                prop_assert!(!set.insert(place(*member)));
            }
            for member in &other { others.insert(place(*member)); }
            prop_assert_eq!(set.len(), model.len() as u64);
            prop_assert_eq!(set.first().map(pair), model.first().copied());
            let of_epoch = (probe.0, 0)..=(probe.0, u64::MAX);
            prop_assert_eq!(set.first_in(probe.0).map(pair), model.range(of_epoch.clone()).next().copied());
            prop_assert_eq!(set.last_in(probe.0).map(pair), model.range(of_epoch).next_back().copied());
            prop_assert_eq!(set.last().map(pair), model.last().copied());
            prop_assert_eq!(set.before(place(probe)).map(pair), model.range(..probe).next_back().copied());
            let behind = (std::ops::Bound::Excluded(probe), std::ops::Bound::Unbounded);
            prop_assert_eq!(set.after(place(probe)).map(pair), model.range(behind).next().copied());
            let lacking: Vec<_> = set.minus(&[&others]).map(pair).collect();
            prop_assert_eq!(lacking, model.difference(&other).copied().collect::<Vec<_>>());
            let count = model.iter().filter(|(epoch, seq)| *epoch == probe.0 && *seq > probe.1).count();
            prop_assert_eq!(set.count_behind(probe.0, Some(probe.1)), count as u64);
            let epochs: BTreeSet<_> = model.iter().map(|(epoch, _)| *epoch).collect();
            prop_assert_eq!(set.epochs(), epochs.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_million_neighbours_are_small() {
        let mut set = PlaceSet::default();
        (0..1_000_000).for_each(|seq| assert!(set.insert(place((1, seq)))));
        assert_eq!(set.chunks.len(), 16);
        assert!(set.chunks.values().all(|chunk| matches!(chunk, Chunk::Bits(_))));
    }
}
