//! A lane's cursor and what it remembers of the last record below it, as the journal keeps it.

use bytes::{Buf as _, BufMut as _};
use journal::Cursor;

use crate::model::Place;

/// How far a lane has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneCursor {
    /// Every message below this position is settled.
    pub position: u64,
    /// The last record below it: the `previous` of the next.
    pub last: Option<Place>,
}

/// The cursor of the lane `lane` of the sink named `sink`.
pub(crate) fn name(sink: &str, lane: crate::model::Lane) -> String {
    format!("{sink}/{lane}")
}

/// Whether the note has a last record: 1 as a number of eight bytes, or 0.
const HAS_LAST: u64 = 1;

/// The note is three little-endian numbers: whether there was a record, its epoch, its seq.
impl From<LaneCursor> for Cursor {
    fn from(cursor: LaneCursor) -> Self {
        let mut note = [0; 24];
        if let Some(Place { epoch, seq }) = cursor.last {
            let mut rest = &mut note[..];
            rest.put_u64_le(HAS_LAST);
            rest.put_u64_le(epoch);
            rest.put_u64_le(seq);
        }
        Self {
            position: cursor.position,
            note,
        }
    }
}

impl From<Cursor> for LaneCursor {
    fn from(Cursor { position, note }: Cursor) -> Self {
        let mut rest = &note[..];
        let (has_last, epoch, seq) = (rest.get_u64_le(), rest.get_u64_le(), rest.get_u64_le());
        Self {
            position,
            last: (has_last == HAS_LAST).then_some(Place { epoch, seq }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_gives_back_what_it_was_given() {
        for last in [
            None,
            Some(Place { epoch: 0, seq: 0 }),
            Some(Place {
                epoch: 9,
                seq: u64::MAX,
            }),
        ] {
            let cursor = LaneCursor { position: 7, last };
            assert_eq!(LaneCursor::from(Cursor::from(cursor)), cursor);
        }
    }

    /// Whoever changes this makes older cursors mean something else: replays would break the chain.
    #[test]
    fn golden_bytes() {
        let last = Some(Place {
            epoch: 0x0102_0304_0506_0708,
            seq: 0x1112_1314_1516_1718,
        });
        let note = |last| Cursor::from(LaneCursor { position: 7, last }).note;
        let golden = [
            1, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
        ];
        assert_eq!(note(last), golden);
        assert_eq!(note(None), [0; 24]);
        assert_eq!(name("kafka", crate::model::Lane::DeadLetter), "kafka/dead_letter");
    }
}
