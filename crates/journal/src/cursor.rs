//! A consumer's place, and the bytes of the file that keeps them all. Pure: no I/O.

use std::collections::BTreeMap;

/// How far one consumer has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Every entry below this is done.
    pub position: u64,
    /// The caller's own bytes, kept with the position.
    pub note: [u8; 24],
}

impl Cursor {
    /// A cursor with an empty note.
    pub fn at(position: u64) -> Self {
        Self {
            position,
            note: [0; 24],
        }
    }
}

pub(crate) type Cursors = BTreeMap<String, Cursor>;

const MAGIC: &[u8; 8] = b"cursors1";

/// The file's bytes: magic, count, `(name length, name, position, note)…`, zeros, CRC-32.
/// Padded to whole blocks, so that it can be overwritten in place on a full disk.
pub(crate) fn encode(cursors: &Cursors) -> Vec<u8> {
    const BLOCK: usize = 4096;
    let mut bytes = MAGIC.to_vec();
    bytes.extend((cursors.len() as u32).to_le_bytes());
    for (name, cursor) in cursors {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(cursor.position.to_le_bytes());
        bytes.extend(cursor.note);
    }
    bytes.resize((bytes.len() + 4).next_multiple_of(BLOCK) - 4, 0);
    let crc = crc32fast::hash(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// The cursors in a file's bytes; `None` if these are not what [`encode`] made.
pub(crate) fn decode(bytes: &[u8]) -> Option<Cursors> {
    let (checked, crc) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(checked) != u32::from_le_bytes(*crc) {
        return None;
    }
    let mut rest = checked.strip_prefix(MAGIC)?;
    let count = u32::from_le_bytes(take(&mut rest)?);
    let mut cursors = Cursors::new();
    for _ in 0..count {
        let length = u32::from_le_bytes(take(&mut rest)?) as usize;
        let (name, after) = rest.split_at_checked(length)?;
        rest = after;
        let position = u64::from_le_bytes(take(&mut rest)?);
        let note = take(&mut rest)?;
        cursors.insert(
            std::str::from_utf8(name).ok()?.to_owned(),
            Cursor { position, note },
        );
    }
    Some(cursors)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursors() -> impl Strategy<Value = Cursors> {
        let cursor = any::<(u64, [u8; 24])>().prop_map(|(position, note)| Cursor { position, note });
        proptest::collection::btree_map(".{0,40}", cursor, 0..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_written_is_read(cursors in cursors()) {
            let bytes = encode(&cursors);
            prop_assert_eq!(bytes.len() % 4096, 0);
            prop_assert_eq!(decode(&bytes), Some(cursors));
        }

        #[test]
        fn other_bytes_are_refused(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&bytes), None);
        }

        #[test]
        fn a_valid_checksum_over_nonsense_is_refused_without_panic(body: Vec<u8>) {
            let mut bytes = [MAGIC.to_vec(), vec![255; 4], body].concat();
            bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
            prop_assert_eq!(decode(&bytes), None);
        }
    }

    #[test]
    fn every_bit_flip_is_refused() {
        let bytes = encode(&Cursors::from([("a".to_owned(), Cursor::at(3))]));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped), None, "bit {bit}");
        }
    }
}
