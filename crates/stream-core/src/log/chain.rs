//! The chain: for each lane its last record, and how many there were. It stands in every entry, as it was before that, so
//! that a lane can prove what it has read, and so that damage does not break it.

use bytes::{Buf as _, BufMut};

use super::varint;
use crate::model::{Lane, LaneSet, PerLane, Place};

/// Last record of a lane up to some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Link {
    /// Its place; `None` while there was none.
    pub last: Option<Place>,
    /// How many records the lane has had, it included, since the journal's folder began.
    pub count: u64,
}

/// Every lane's last record up to some place.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Chain(PerLane<Link>);

impl Link {
    /// The link behind one more record, at `place`.
    #[must_use]
    pub(crate) const fn then(self, place: Place) -> Self {
        Self {
            last: Some(place),
            count: self.count + 1,
        }
    }
}

impl Chain {
    /// The link of `lane`.
    pub(crate) fn of(&self, lane: Lane) -> Link {
        self.0[lane]
    }

    /// A message with a record for each of `lanes` stands at `place`.
    pub(crate) fn pass(&mut self, place: Place, lanes: LaneSet) {
        for lane in lanes.iter() {
            self.0[lane] = self.0[lane].then(place);
        }
    }

    /// Somebody remembers `link` of `lane`: whoever counted further is right.
    pub(crate) fn learn(&mut self, lane: Lane, link: Link) {
        if link.count > self.0[lane].count {
            self.0[lane] = link;
        }
    }

    /// Appends the chain before the entry at `place`: the lanes that have had a record, and for each how far back the last
    /// one lies, in positions and in epochs, and the count.
    pub(super) fn encode(&self, place: Place, into: &mut impl BufMut) {
        let lanes = || {
            Lane::ALL
                .into_iter()
                .filter_map(|lane| Some((lane, self.0[lane].last?)))
        };
        into.put_u16_le(lanes().map(|(lane, _)| lane).collect::<LaneSet>().bits());
        for lane in (0..16).filter_map(Lane::from_number) {
            let Link {
                last: Some(last),
                count,
            } = self.0[lane]
            else {
                continue;
            };
            varint::put(into, place.seq.wrapping_sub(last.seq));
            varint::put(into, place.epoch.wrapping_sub(last.epoch));
            varint::put(into, count);
        }
    }

    /// Takes the chain of the entry at `place` from the front; `None` if there is none.
    pub(super) fn decode(place: Place, from: &mut &[u8]) -> Option<Self> {
        let mut chain = Self::default();
        for lane in numbered(from.try_get_u16_le().ok()?) {
            let (back, epochs, count) = (varint::take(from)?, varint::take(from)?, varint::take(from)?);
            let last = Place {
                epoch: place.epoch.checked_sub(epochs)?,
                seq: place.seq.checked_sub(back).filter(|_| back > 0)?,
            };
            chain.0[lane?] = Link {
                last: Some(last),
                count: Some(count).filter(|count| *count > 0)?,
            };
        }
        Some(chain)
    }
}

/// The lanes that `bits` stand for, by their numbers; `None` in the place of one that nobody knows.
pub(super) fn numbered(bits: u16) -> impl Iterator<Item = Option<Lane>> {
    let set = (0..16).filter(move |number| bits >> number & 1 == 1);
    set.map(Lane::from_number)
}
