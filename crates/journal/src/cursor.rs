//! Consumer offsets: how far each consumer has got, and the bytes of the files that keep that. Pure: no I/O.
//!
//! There are two files, overwritten in turn: a write cut short by a crash costs the newest cursors,
//! not all, and a full disk has their room already. A new file renamed into place each time was
//! measured at five times the CPU and a block on the disk for each; these mostly stay in memory.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut};

/// How far one consumer has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Every entry below this is done.
    pub position: u64,
    /// The caller's own bytes, kept with the position.
    pub note: [u8; NOTE_BYTES],
}

const NOTE_BYTES: usize = 64;

impl Cursor {
    /// A cursor with an empty note.
    pub fn at(position: u64) -> Self {
        Self {
            position,
            note: [0; NOTE_BYTES],
        }
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::at(0)
    }
}

pub(crate) type Cursors = BTreeMap<String, Cursor>;

const MAGIC: &[u8; 8] = b"cursors2";
/// The format before: its notes are shorter, and read as if zeros followed.
const OLDER: (&[u8; 8], usize) = (b"cursors1", 24);
const BLOCK: usize = 4096;
const CRC_BYTES: usize = 4;

/// One file's bytes: magic, sequence, count, `(name length, name, position, note)…`, zeros up to a
/// whole block, CRC-32. Of two files, that with the higher sequence is the newer.
pub(crate) fn encode(sequence: u64, cursors: &Cursors) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.put_u64_le(sequence);
    bytes.put_u32_le(cursors.len() as u32);
    for (name, cursor) in cursors {
        bytes.put_u32_le(name.len() as u32);
        bytes.put_slice(name.as_bytes());
        bytes.put_u64_le(cursor.position);
        bytes.put_slice(&cursor.note);
    }
    bytes.resize((bytes.len() + CRC_BYTES).next_multiple_of(BLOCK) - CRC_BYTES, 0);
    bytes.put_u32_le(crc32fast::hash(&bytes));
    bytes
}

/// Sequence and cursors of a file's bytes; `None` if these are not what [`encode`] made.
pub(crate) fn decode(bytes: &[u8]) -> Option<(u64, Cursors)> {
    let (checked, mut crc) = bytes.split_at_checked(bytes.len().checked_sub(CRC_BYTES)?)?;
    if crc32fast::hash(checked) != crc.get_u32_le() {
        return None;
    }
    let (magic, mut rest) = checked.split_first_chunk()?;
    let note_bytes = match magic {
        MAGIC => NOTE_BYTES,
        magic if magic == OLDER.0 => OLDER.1,
        _ => return None,
    };
    let sequence = rest.try_get_u64_le().ok()?;
    let count = rest.try_get_u32_le().ok()?;
    let mut cursors = Cursors::new();
    for _ in 0..count {
        let length = rest.try_get_u32_le().ok()? as usize;
        let (name, after) = rest.split_at_checked(length)?;
        rest = after;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        let position = rest.try_get_u64_le().ok()?;
        let mut note = [0; NOTE_BYTES];
        rest.try_copy_to_slice(&mut note[..note_bytes]).ok()?;
        cursors.insert(name, Cursor { position, note });
    }
    Some((sequence, cursors))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursors() -> impl Strategy<Value = Cursors> {
        let cursor = (any::<u64>(), proptest::array::uniform32(any::<u8>())).prop_map(|(position, half)| {
            let mut note = [0; NOTE_BYTES];
            note[NOTE_BYTES - half.len()..].copy_from_slice(&half);
            Cursor { position, note }
        });
        proptest::collection::btree_map(".{0,40}", cursor, 0..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_written_is_read(sequence: u64, cursors in cursors()) {
            let bytes = encode(sequence, &cursors);
            prop_assert_eq!(bytes.len() % 4096, 0);
            prop_assert_eq!(decode(&bytes), Some((sequence, cursors)));
        }

        #[test]
        fn other_bytes_are_refused(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&bytes), None);
        }

        #[test]
        fn a_valid_checksum_over_nonsense_is_refused_without_panic(body: Vec<u8>) {
            let mut bytes = [MAGIC.to_vec(), vec![255; 12], body].concat();
            bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
            prop_assert_eq!(decode(&bytes), None);
        }
    }

    #[test]
    fn a_format_that_is_not_known_is_refused() {
        let mut bytes = encode(1, &Cursors::from([("a".to_owned(), Cursor::at(3))]));
        bytes[..MAGIC.len()].copy_from_slice(b"cursors3");
        let checked = bytes.len() - CRC_BYTES;
        let crc = crc32fast::hash(&bytes[..checked]);
        bytes[checked..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(decode(&bytes), None);
    }

    #[test]
    fn every_bit_flip_is_refused() {
        let bytes = encode(1, &Cursors::from([("a".to_owned(), Cursor::at(3))]));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped), None, "bit {bit}");
        }
    }
}
