//! Framing: the bytes of one entry on disk, with its length and checksum. Pure: no I/O.
//!
//! ```text
//! 0      4      8      12         20
//! | magic | crc32 | length | position | payload …        (little endian)
//! ```
//! The checksum covers everything after itself, so a frame vouches for its own length and place.

use bytes::{Buf, BufMut};

/// One entry, in two parts so that the caller need not join them. It is read back in one piece.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    /// Stored first; may be empty.
    pub head: &'a [u8],
    /// Stored right after; may be empty.
    pub body: &'a [u8],
}

/// The most that one entry may have.
pub const MAX_ENTRY_BYTES: u64 = 64 << 20;

/// Bytes in front of each payload.
pub(crate) const HEADER: usize = 20;

/// Begins each frame. `F5` and `FF` occur in no UTF-8 text, so text never looks like a frame.
pub(crate) const MAGIC: [u8; 4] = [0xF5, 0x1E, 0xFF, 0xA7];

const CHECKED_FROM: usize = 8;

/// The header of the frame of `head` followed by `body`, which together are below 4 GiB.
pub(crate) fn header(position: u64, head: &[u8], body: &[u8]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let (mut start, checked) = header.split_at_mut(CHECKED_FROM);
    let mut rest = &mut checked[..];
    rest.put_u32_le((head.len() + body.len()) as u32);
    rest.put_u64_le(position);
    start.put_slice(&MAGIC);
    start.put_u32_le(checksum([checked, head, body]));
    header
}

fn checksum<const N: usize>(parts: [&[u8]; N]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// What the bytes at some offset are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A whole, valid frame of `total` bytes; its payload begins after [`HEADER`].
    Frame { position: u64, total: usize },
    /// The beginning of what may be a frame of `total` bytes.
    Short { total: usize },
    /// Not a frame, nor the beginning of one.
    Damaged,
}

/// Says what `bytes` begin with. A frame longer than an entry may be is none, whatever its header says: nothing is read
/// for its sake.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Parsed::Short { total: HEADER };
    };
    if !header.starts_with(&MAGIC) {
        return Parsed::Damaged;
    }
    let claims = Claims::of(header);
    let length = claims.length as usize;
    if length as u64 > MAX_ENTRY_BYTES {
        return Parsed::Damaged;
    }
    let total = HEADER + length;
    let Some(payload) = rest.get(..length) else {
        return Parsed::Short { total };
    };
    if checksum([&header[CHECKED_FROM..], payload]) != claims.crc {
        return Parsed::Damaged;
    }
    Parsed::Frame {
        position: claims.position,
        total,
    }
}

/// The position that a header claims.
pub(crate) fn position(header: &[u8; HEADER]) -> u64 {
    Claims::of(header).position
}

/// What a header says after its magic, true or not.
struct Claims {
    crc: u32,
    length: u32,
    position: u64,
}

impl Claims {
    fn of(header: &[u8; HEADER]) -> Self {
        let mut rest = &header[MAGIC.len()..];
        Self {
            crc: rest.get_u32_le(),
            length: rest.get_u32_le(),
            position: rest.get_u64_le(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(position: u64, head: &[u8], body: &[u8]) -> Vec<u8> {
        [&header(position, head, body)[..], head, body].concat()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(position: u64, head: Vec<u8>, body: Vec<u8>, after: Vec<u8>) {
            let bytes = frame(position, &head, &body);
            let total = bytes.len();
            let followed = [bytes, after].concat();
            prop_assert_eq!(parse(&followed), Parsed::Frame { position, total });
            prop_assert_eq!(&followed[HEADER..total], &[head, body].concat()[..]);
        }

        #[test]
        fn any_bytes_are_parsed_without_panic(bytes: Vec<u8>) {
            let framed = matches!(parse(&bytes), Parsed::Frame { .. });
            prop_assert!(!framed);
        }
    }

    #[test]
    fn a_length_that_no_entry_has_is_damage_and_not_a_wish_for_more() {
        let mut bytes = frame(7, b"head", b"body");
        bytes[8..12].copy_from_slice(&(MAX_ENTRY_BYTES as u32 + 1).to_le_bytes());
        assert_eq!(parse(&bytes), Parsed::Damaged);
    }

    #[test]
    fn every_cut_is_short_and_every_flip_is_no_frame() {
        let bytes = frame(7, b"head", b"body");
        for cut in 0..bytes.len() {
            assert!(
                matches!(parse(&bytes[..cut]), Parsed::Short { .. }),
                "cut at {cut}"
            );
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(parse(&flipped), Parsed::Frame { .. }), "bit {bit}");
        }
    }
}
