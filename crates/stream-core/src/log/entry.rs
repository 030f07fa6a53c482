//! What stands in the journal: each payload behind a short head of its own.

use bytes::{Buf as _, BufMut as _, Bytes};

use crate::model::{LaneSet, Timestamp};

/// The format of every head that is written and read. Another one is refused: a reader that guesses would skip entries
/// without a word. (1 to 3 stood at its place before heads had a version.)
pub(super) const VERSION: u8 = 4;

/// The length of an encoded [`Head`] in bytes: version, kind, epoch, received_at, lanes.
pub(crate) const HEAD_LEN: usize = 1 + 1 + 8 + 8 + 2;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A line as the source sent it.
    Message = 1,
    /// JSON for the lane `events`.
    Event = 2,
    /// JSON for the lane `dead_letter`.
    DeadLetter = 3,
}

/// What precedes a payload in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// What the payload is.
    pub kind: Kind,
    /// The process start that wrote it, Unix seconds.
    pub epoch: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// The lanes that its records go to, so that the others pass it without splitting it again.
    pub lanes: LaneSet,
}

/// A journal entry that this program did not write although its checksum is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignEntry {
    /// Another version of birdfeed wrote it.
    #[error(
        "entry {position} is of format {found}, and this birdfeed reads format {VERSION} only: let the birdfeed that wrote it \
         deliver the rest, or move the folder away (what it holds is then not delivered), and start again"
    )]
    Version {
        /// Where in the journal it stands.
        position: u64,
        /// The version that stands in it.
        found: u8,
    },
    /// No version of birdfeed wrote it.
    #[error(
        "entry {position} is not one of birdfeed's: the folder must be birdfeed's alone; move it away and start again"
    )]
    Unreadable {
        /// Where in the journal it stands.
        position: u64,
    },
}

impl Kind {
    /// The kind that `number` stands for on disk.
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Message),
            2 => Some(Self::Event),
            3 => Some(Self::DeadLetter),
            _ => None,
        }
    }
}

impl Head {
    /// The bytes of the head, numbers in little-endian order.
    pub(crate) fn encode(&self) -> [u8; HEAD_LEN] {
        let mut bytes = [0; HEAD_LEN];
        let mut rest = &mut bytes[..];
        rest.put_u8(VERSION);
        rest.put_u8(self.kind as u8);
        rest.put_u64_le(self.epoch);
        rest.put_u64_le(self.received_at.micros());
        rest.put_u16_le(self.lanes.bits());
        bytes
    }

    /// Takes the entry at `position` apart into head and payload.
    pub(crate) fn decode(position: u64, mut entry: Bytes) -> Result<(Self, Bytes), ForeignEntry> {
        let unreadable = ForeignEntry::Unreadable { position };
        match entry.first() {
            Some(&VERSION) if entry.len() >= HEAD_LEN => {}
            Some(&found) if found != VERSION => return Err(ForeignEntry::Version { position, found }),
            Some(_) | None => return Err(unreadable),
        }
        entry.advance(1);
        let head = Self {
            kind: Kind::from_number(entry.get_u8()).ok_or(unreadable)?,
            epoch: entry.get_u64_le(),
            received_at: Timestamp::from_micros(entry.get_u64_le()),
            lanes: LaneSet::from_bits(entry.get_u16_le()),
        };
        Ok((head, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Lane;

    fn head(lanes: impl IntoIterator<Item = Lane>) -> Head {
        Head {
            kind: Kind::Event,
            epoch: 17,
            received_at: Timestamp::from_micros(42),
            lanes: lanes.into_iter().collect(),
        }
    }

    #[test]
    fn decodes_what_it_encoded_and_refuses_the_rest() {
        let head = head([Lane::Tweets, Lane::Responses]);
        let entry: Bytes = [&head.encode()[..], b"payload"].concat().into();
        let payload = Bytes::from_static(b"payload");
        assert_eq!(Head::decode(3, entry.clone()), Ok((head, payload)));
        let unreadable = Err(ForeignEntry::Unreadable { position: 3 });
        assert_eq!(Head::decode(3, entry.slice(..10)), unreadable);
        assert_eq!(Head::decode(3, Bytes::new()), unreadable);
        assert_eq!(
            Head::decode(
                3,
                Bytes::from_static(&[VERSION, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            ),
            unreadable
        );
    }

    #[test]
    fn another_version_is_refused_and_says_what_to_do() {
        let mut entry = head([]).encode();
        entry[0] = VERSION + 1;
        let error = Head::decode(3, Bytes::copy_from_slice(&entry)).unwrap_err();
        assert_eq!(
            error,
            ForeignEntry::Version {
                position: 3,
                found: VERSION + 1
            }
        );
        assert!(error.to_string().contains("move the folder away"), "{error}");
    }

    /// Whoever changes this changes what older journals mean: a new [`VERSION`] is due.
    #[test]
    fn golden_bytes() {
        let written = Head {
            kind: Kind::Message,
            epoch: 0x0102_0304_0506_0708,
            received_at: Timestamp::from_micros(0x1112_1314_1516_1718),
            lanes: LaneSet::default(),
        };
        let fixed = [
            4, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
        ];
        let lanes = [
            (Lane::Tweets, [0b0000_0001, 0]),
            (Lane::Includes, [0b0000_0010, 0]),
            (Lane::Errors, [0b0000_0100, 0]),
            (Lane::MatchingRules, [0b0000_1000, 0]),
            (Lane::Compliance, [0b0001_0000, 0]),
            (Lane::Unknown, [0b0010_0000, 0]),
            (Lane::DeadLetter, [0b0100_0000, 0]),
            (Lane::Events, [0b1000_0000, 0]),
            (Lane::Responses, [0, 0b0000_0001]),
        ];
        assert_eq!(
            lanes.map(|(lane, _)| lane),
            Lane::ALL,
            "a lane without golden bytes"
        );
        for (lane, bits) in lanes {
            let head = Head {
                lanes: [lane].into_iter().collect(),
                ..written
            };
            assert_eq!(head.encode()[..], [&fixed[..], &bits].concat(), "{lane}");
        }
        let kinds = [(Kind::Message, 1), (Kind::Event, 2), (Kind::DeadLetter, 3)];
        for (kind, number) in kinds {
            assert_eq!(Head { kind, ..written }.encode()[1], number);
        }
    }
}
