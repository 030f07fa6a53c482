//! A lane's cursor and its accounts up to there, as the journal keeps them: what a lane has done outlives the process.

use bytes::{Buf as _, BufMut as _};
use journal::Cursor;

use super::chain::Link;
use crate::model::{Lane, Place};

/// How far a lane has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct LaneCursor {
    /// Every message below this position is settled.
    pub position: u64,
    /// The last record below it: the `previous` of the next.
    pub last: Option<Place>,
    /// How many records the lane had before this cursor began.
    pub before: u64,
    /// What became of those since.
    pub accounts: Accounts,
}

/// Fates of the records that a cursor has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Accounts {
    /// The sink has confirmed them.
    pub delivered: u64,
    /// The sink refused them, and they stand in `dead_letter`.
    pub dead_lettered: u64,
    /// The sink refused them, or did not take them in time, and they are gone.
    pub dropped: u64,
    /// Damage to the journal took them.
    pub lost: u64,
}

/// The name of the cursor of the lane `lane` of the sink named `sink`.
pub(crate) fn cursor_name(sink: &str, lane: Lane) -> String {
    format!("{sink}/{lane}")
}

impl Accounts {
    /// How many records that are.
    pub(crate) const fn settled(self) -> u64 {
        self.delivered + self.dead_lettered + self.dropped + self.lost
    }
}

impl LaneCursor {
    /// A cursor at `position`, before which its lane's last record was that of `link`.
    pub(crate) fn begin(position: u64, link: Link) -> Self {
        Self {
            position,
            last: link.last,
            before: link.count,
            accounts: Accounts::default(),
        }
    }

    /// The last record below it, and how many there were.
    pub(crate) fn link(&self) -> Link {
        Link {
            last: self.last,
            count: self.before.saturating_add(self.accounts.settled()),
        }
    }
}

/// The note is eight little-endian numbers: whether there was a record, its epoch, its seq; the records before, delivered,
/// dead-lettered, dropped, lost.
impl From<LaneCursor> for Cursor {
    fn from(cursor: LaneCursor) -> Self {
        let last = cursor.last.unwrap_or_default();
        let Accounts {
            delivered,
            dead_lettered,
            dropped,
            lost,
        } = cursor.accounts;
        let mut placed = Self::at(cursor.position);
        let mut rest = &mut placed.note[..];
        for number in [
            u64::from(cursor.last.is_some()),
            last.epoch,
            last.seq,
            cursor.before,
            delivered,
            dead_lettered,
            dropped,
            lost,
        ] {
            rest.put_u64_le(number);
        }
        placed
    }
}

impl From<Cursor> for LaneCursor {
    fn from(Cursor { position, note }: Cursor) -> Self {
        let mut rest = &note[..];
        let mut number = || rest.get_u64_le();
        let (has_last, epoch, seq) = (number(), number(), number());
        let mut cursor = Self {
            position,
            last: None,
            before: number(),
            accounts: Accounts {
                delivered: number(),
                dead_lettered: number(),
                dropped: number(),
                lost: number(),
            },
        };
        // A note of an earlier format has no counts, and its journal no chain.
        cursor.last = (has_last == 1 && cursor.link().count > 0).then_some(Place { epoch, seq });
        cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(last: Option<Place>, before: u64) -> LaneCursor {
        LaneCursor {
            position: 7,
            last,
            before,
            accounts: Accounts {
                delivered: 0x2122,
                dead_lettered: 3,
                dropped: 4,
                lost: 5,
            },
        }
    }

    const LAST: Place = Place {
        epoch: 0x0102_0304_0506_0708,
        seq: 0x1112_1314_1516_1718,
    };

    #[test]
    fn the_journal_gives_back_what_it_was_given() {
        for (last, before) in [(None, 0), (Some(Place::default()), 1), (Some(LAST), u64::MAX - 3)] {
            let cursor = cursor(last, before);
            assert_eq!(LaneCursor::from(Cursor::from(cursor)), cursor);
        }
    }

    /// Whoever changes this makes older cursors mean something else: the accounts would not balance.
    #[test]
    fn golden_bytes() {
        let golden = [
            &[1, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1][..],
            &[
                0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 9, 0, 0, 0, 0, 0, 0, 0,
            ],
            &[0x22, 0x21, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
            &[4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        assert_eq!(Cursor::from(cursor(Some(LAST), 9)).note[..], golden);
        assert_eq!(cursor_name("kafka", Lane::DeadLetter), "kafka/dead_letter");
    }

    #[test]
    fn every_fate_is_settled_and_a_new_cursor_has_had_what_stands_before_it() {
        let link = cursor(Some(LAST), 9).link();
        assert_eq!(link.count, 9 + 0x2122 + 3 + 4 + 5);
        let begun = LaneCursor::begin(70, link);
        assert_eq!((begun.position, begun.link()), (70, link));
    }

    #[test]
    fn a_note_without_counts_has_no_chain() {
        let mut old = Cursor::at(7);
        old.note[0] = 1;
        old.note[8] = 9;
        assert_eq!(LaneCursor::from(old).last, None);
    }
}
