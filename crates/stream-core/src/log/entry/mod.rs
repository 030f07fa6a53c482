//! What stands in the journal: each payload behind a head, which says all that was learnt when it was split. Whoever reads an
//! entry parses nothing.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | [`VERSION`] |
//! | 1 | [`Kind`] |
//! | 8 | epoch: the process start that wrote it, Unix seconds |
//! | 8 | when it was received, microseconds since 1970 |
//! | 2 | the lanes, a bit for each [`Lane::number`] |
//! | varint, n | the key's length and one more, the key; 0 for none |
//! | 1, varint, varint | for each lane, by its number: the form of its value, where that begins, how long it is |
//! | 2, varints | the [`Chain`] before it |
//! | the rest | the payload |
//!
//! Numbers are in little-endian order; varints are LEB128.

use bytes::{Buf as _, BufMut, Bytes};

use super::chain::{self, Chain};
use super::message::{Message, Part};
use super::varint;
use crate::model::{LaneSet, Place, Span, Timestamp, Value};

/// The format of every head that is written and read. Another one is refused: a reader that guesses would skip entries
/// without a word. (1 to 3 stood at its place before heads had a version.)
pub(super) const VERSION: u8 = 5;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A line as the source sent it.
    Message = 1,
    /// JSON for the lane `events`.
    Event = 2,
    /// JSON for the lane `dead_letter`.
    DeadLetter = 3,
    /// A line that came before.
    Repeat = 4,
}

/// Journal entry, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What the payload is.
    pub kind: Kind,
    /// What lanes get of it.
    pub message: Message,
    /// The chain before it.
    pub chain: Chain,
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
            4 => Some(Self::Repeat),
            _ => None,
        }
    }
}

/// The form of a value on disk.
const VERBATIM: u8 = 0;
const BESIDE: u8 = 1;
const BESIDE_LIKE: u8 = 2;

/// Appends the head of `message`, of this `kind`, that stands behind `chain`.
pub(super) fn encode_head(kind: Kind, message: &Message, chain: &Chain, into: &mut impl BufMut) {
    into.put_u8(VERSION);
    into.put_u8(kind as u8);
    into.put_u64_le(message.place.epoch);
    into.put_u64_le(message.received_at.micros());
    into.put_u16_le(message.lanes.bits());
    match &message.key {
        None => varint::put(into, 0),
        Some(key) => {
            varint::put(into, key.len() as u64 + 1);
            into.put_slice(key);
        }
    }
    for part in chain::numbered(message.lanes.bits()).filter_map(|lane| message.part(lane?)) {
        let (form, span) = match part.value {
            Value::Verbatim(span) => (VERBATIM, span),
            Value::Beside(span) => (BESIDE, span),
            Value::BesideLike(span) => (BESIDE_LIKE, span),
        };
        into.put_u8(form);
        varint::put(into, u64::from(span.start));
        varint::put(into, u64::from(span.end - span.start));
    }
    chain.encode(message.place, into);
}

impl Entry {
    /// Takes the entry at `position` apart; what it gives are slices of `bytes`.
    pub(crate) fn decode(position: u64, bytes: &Bytes) -> Result<Self, ForeignEntry> {
        match bytes.first() {
            Some(&found) if found != VERSION => Err(ForeignEntry::Version { position, found }),
            _ => Self::parse(position, bytes).ok_or(ForeignEntry::Unreadable { position }),
        }
    }

    fn parse(position: u64, bytes: &Bytes) -> Option<Self> {
        let rest = &mut &bytes[..];
        rest.try_get_u8().ok()?;
        let kind = Kind::from_number(rest.try_get_u8().ok()?)?;
        let place = Place {
            epoch: rest.try_get_u64_le().ok()?,
            seq: position,
        };
        let received_at = Timestamp::from_micros(rest.try_get_u64_le().ok()?);
        let lanes = LaneSet::from_bits(rest.try_get_u16_le().ok()?);
        let key = match varint::take(rest)? {
            0 => None,
            length => Some(bytes.slice_ref(rest.split_off(..usize::try_from(length - 1).ok()?)?)),
        };
        let values: Option<Vec<_>> = chain::numbered(lanes.bits())
            .map(|lane| Some((lane?, value(rest)?)))
            .collect();
        let chain = Chain::decode(place, rest)?;
        let payload = bytes.slice_ref(rest);
        let parts = values?.into_iter().map(|(lane, value)| Part {
            lane,
            value,
            before: chain.of(lane),
        });
        let message = Message {
            repeat: kind == Kind::Repeat,
            place,
            received_at,
            lanes,
            key,
            parts: parts.collect(),
            payload,
        };
        let within = |part: &Part| part.value.span().range().end <= message.payload.len();
        message
            .parts
            .iter()
            .all(within)
            .then_some(Self { kind, message, chain })
    }
}

fn value(rest: &mut &[u8]) -> Option<Value> {
    let form = rest.try_get_u8().ok()?;
    let (start, length) = (varint::take(rest)?, varint::take(rest)?);
    let end = start.checked_add(length)?;
    let span = Span {
        start: u32::try_from(start).ok()?,
        end: u32::try_from(end).ok()?,
    };
    match form {
        VERBATIM => Some(Value::Verbatim(span)),
        BESIDE => Some(Value::Beside(span)),
        BESIDE_LIKE => Some(Value::BesideLike(span)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
