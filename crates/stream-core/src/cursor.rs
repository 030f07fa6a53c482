//! A lane's cursor and what it remembers of the last record below it, as the journal keeps it.

use journal::Cursor;

use crate::record::Place;

/// How far a lane has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneCursor {
    /// Every message below this position is settled.
    pub position: u64,
    /// The last record below it: the `previous` of the next.
    pub last: Option<Place>,
}

/// The cursor of the lane `lane` of the sink named `sink`.
pub fn name(sink: &str, lane: crate::lane::Lane) -> String {
    format!("{sink}/{lane}")
}

impl From<LaneCursor> for Cursor {
    fn from(cursor: LaneCursor) -> Self {
        let mut note = [0; 24];
        if let Some(Place { epoch, seq }) = cursor.last {
            note[0] = 1;
            note[8..16].copy_from_slice(&epoch.to_le_bytes());
            note[16..].copy_from_slice(&seq.to_le_bytes());
        }
        Self {
            position: cursor.position,
            note,
        }
    }
}

impl From<Cursor> for LaneCursor {
    fn from(Cursor { position, note }: Cursor) -> Self {
        let number = |at: usize| {
            u64::from_le_bytes(
                note[at..at + 8]
                    .try_into()
                    .expect("the slice has the length of a u64"),
            )
        };
        let last = (note[0] == 1).then(|| Place {
            epoch: number(8),
            seq: number(16),
        });
        Self { position, last }
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
}
