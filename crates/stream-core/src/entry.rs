//! What stands in the journal: each payload behind a short head of its own.

use bytes::Bytes;

use crate::lane::LaneSet;
use crate::time::Timestamp;

/// The length of an encoded [`Head`] in bytes.
pub const HEAD_LEN: usize = 19;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line as the source sent it.
    Message = 1,
    /// JSON for the lane `events`.
    Event = 2,
    /// JSON for the lane `dead_letter`.
    DeadLetter = 3,
}

/// What precedes a payload in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the payload is.
    pub kind: Kind,
    /// The process start that wrote it, Unix seconds.
    pub epoch: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// The lanes that its records go to, so that the others pass it without splitting it again.
    pub lanes: LaneSet,
}

/// A journal entry that no version of this program wrote although its checksum is right.
#[derive(Debug, thiserror::Error)]
#[error("journal entry {position} is not one of ours; was the journal folder shared with another program?")]
pub struct ForeignEntry {
    /// Its position.
    pub position: u64,
}

impl Head {
    /// The bytes of the head.
    pub fn encode(&self) -> [u8; HEAD_LEN] {
        let mut bytes = [0; HEAD_LEN];
        bytes[0] = self.kind as u8;
        bytes[1..9].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[9..17].copy_from_slice(&self.received_at.micros().to_le_bytes());
        bytes[17..].copy_from_slice(&self.lanes.bits().to_le_bytes());
        bytes
    }

    /// Takes the entry at `position` apart into head and payload.
    pub fn decode(position: u64, mut entry: Bytes) -> Result<(Self, Bytes), ForeignEntry> {
        let foreign = ForeignEntry { position };
        if entry.len() < HEAD_LEN {
            return Err(foreign);
        }
        let head = entry.split_to(HEAD_LEN);
        let kind = match head[0] {
            1 => Kind::Message,
            2 => Kind::Event,
            3 => Kind::DeadLetter,
            _ => return Err(foreign),
        };
        let number = |at: usize| {
            u64::from_le_bytes(
                head[at..at + 8]
                    .try_into()
                    .expect("the slice has the length of a u64"),
            )
        };
        Ok((
            Self {
                kind,
                epoch: number(1),
                received_at: Timestamp::from_micros(number(9)),
                lanes: LaneSet::from_bits(u16::from_le_bytes([head[17], head[18]])),
            },
            entry,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::Lane;

    #[test]
    fn decodes_what_it_encoded_and_refuses_the_rest() {
        let head = Head {
            kind: Kind::Event,
            epoch: 17,
            received_at: Timestamp::from_micros(42),
            lanes: [Lane::Tweets, Lane::Responses].into_iter().collect(),
        };
        let entry: Bytes = [&head.encode()[..], b"payload"].concat().into();
        assert_eq!(
            Head::decode(3, entry.clone()).unwrap(),
            (head, Bytes::from_static(b"payload"))
        );
        assert!(Head::decode(3, entry.slice(..10)).is_err());
        assert!(Head::decode(3, Bytes::from_static(&[9; 40])).is_err());
    }
}
