//! Where a lane's value lies in its message, and what form it gets: what a split says, and what stands in the journal in
//! place of the values themselves.

use std::ops::Range;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::lane::Lane;

/// Byte range of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: u32,
    /// Where it ends: the first byte after it.
    pub end: u32,
}

/// Zero-copy value: what a lane publishes of a message, by the place of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// These bytes, as they came.
    Verbatim(Span),
    /// These bytes beside the message's key, so that the record stands alone: `{"tweet_id":"<key>","<lane>":<bytes>}`.
    Beside(Span),
    /// The same for a message whose key is a like's id: `{"like_id":"<key>","<lane>":<bytes>}`.
    BesideLike(Span),
}

impl Span {
    /// Where `part` lies in `whole`, of which it must be a slice.
    pub fn of(whole: &[u8], part: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        debug_assert!(start + part.len() <= whole.len(), "a slice of the whole");
        Self::at(start, start + part.len())
    }

    /// The whole of `message`.
    pub fn whole(message: &[u8]) -> Self {
        Self::at(0, message.len())
    }

    /// From `start` to before `end`; lines end far below 4 GiB.
    pub const fn at(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// As a range of indices.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

const POST: &[u8] = b"{\"tweet_id\":\"";
const LIKE: &[u8] = b"{\"like_id\":\"";
const MIDDLE: &[u8] = b"\",\"";
const COLON: &[u8] = b"\":";
const TAIL: &[u8] = b"}";

impl Value {
    /// The whole of `message`, verbatim.
    pub fn whole(message: &[u8]) -> Self {
        Self::Verbatim(Span::whole(message))
    }

    /// Where the bytes lie.
    pub const fn span(self) -> Span {
        match self {
            Self::Verbatim(span) | Self::Beside(span) | Self::BesideLike(span) => span,
        }
    }

    /// What goes before the key, if it stands beside one.
    const fn head(self) -> Option<&'static [u8]> {
        match self {
            Self::Verbatim(_) => None,
            Self::Beside(_) => Some(POST),
            Self::BesideLike(_) => Some(LIKE),
        }
    }

    /// How long the value is for `lane`, beside a `key`.
    pub fn len(self, lane: Lane, key: &[u8]) -> usize {
        let bytes = self.span().range().len();
        let composed = |head: &[u8]| {
            let punctuation = head.len() + MIDDLE.len() + COLON.len() + TAIL.len();
            punctuation + key.len() + lane.name().len() + bytes
        };
        self.head().map_or(bytes, composed)
    }

    /// The value for `lane` of a `message` with this `key` (the inside of a JSON string). What must be composed is written
    /// into `buffer`, so that the values of many records share an allocation.
    pub fn of(self, message: &Bytes, lane: Lane, key: &[u8], buffer: &mut BytesMut) -> Bytes {
        let span = self.span().range();
        let Some(head) = self.head() else {
            return message.slice(span);
        };
        buffer.reserve(self.len(lane, key));
        for part in [
            head,
            key,
            MIDDLE,
            lane.name().as_bytes(),
            COLON,
            &message[span],
            TAIL,
        ] {
            buffer.put_slice(part);
        }
        buffer.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_slices_or_stand_beside_the_key() {
        let message = Bytes::from_static(br#"{"data":{},"includes":{"users":[]}}"#);
        let span = Span::of(&message, &message[22..34]);
        let mut buffer = BytesMut::new();
        let mut of = |value: Value| {
            let made = value.of(&message, Lane::Includes, b"7", &mut buffer);
            assert_eq!(made.len(), value.len(Lane::Includes, b"7"));
            String::from_utf8(made.into()).unwrap()
        };
        assert_eq!(of(Value::Verbatim(span)), r#"{"users":[]}"#);
        assert_eq!(
            of(Value::Beside(span)),
            r#"{"tweet_id":"7","includes":{"users":[]}}"#
        );
        assert_eq!(
            of(Value::BesideLike(span)),
            r#"{"like_id":"7","includes":{"users":[]}}"#
        );
        assert_eq!(of(Value::whole(&message)).as_bytes(), message);
    }
}
