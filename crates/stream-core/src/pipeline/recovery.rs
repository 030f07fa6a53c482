//! What the journal tells of the process before this one.

use std::io;

use bytes::Bytes;
use journal::Journal;

use crate::delivery::LaneCursor;
use crate::log::{ForeignEntry, Head, Kind};
use crate::model::Timestamp;

/// Recovery: what outlived the process before this one.
pub(crate) struct Recovery {
    /// When the journal's newest message came, if it is the newest entry: the supervisor's own notes lag by seconds.
    pub(crate) seen: Option<Timestamp>,
    /// The epoch of this one.
    pub(crate) next_epoch: u64,
}

impl Recovery {
    /// Reads the journal's ends. An entry that is not ours at either of them means that nothing may start: lanes would meet
    /// it on the way, or whoever wrote it would meet ours.
    pub(crate) fn of(journal: &Journal) -> Result<Self, ForeignEntry> {
        let oldest = journal.read_from(journal.start()).next_batch(1);
        decoded(oldest.map(|batch| batch.into_iter().next()))?;
        let head = decoded(journal.last_entry())?;
        let noted = journal
            .cursors()
            .into_iter()
            .filter_map(|(_, cursor)| LaneCursor::from(cursor).last);
        let newest_epoch = noted
            .map(|place| place.epoch)
            .chain(head.map(|head| head.epoch))
            .max();
        // Epochs grow even if the clock was set back.
        let next_epoch = Timestamp::now()
            .secs()
            .max(newest_epoch.map_or(0, |epoch| epoch + 1));
        Ok(Self {
            // Events are written of what is not seen, too.
            seen: head
                .filter(|head| head.kind != Kind::Event)
                .map(|head| head.received_at),
            next_epoch,
        })
    }
}

/// The head of an entry, if there is one that can be read.
fn decoded(entry: io::Result<Option<(u64, Bytes)>>) -> Result<Option<Head>, ForeignEntry> {
    match entry {
        Ok(Some((position, entry))) => Ok(Some(Head::decode(position, entry)?.0)),
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::warn!(%error, "an end of the journal cannot be read; a gap since the last start may not be known");
            Ok(None)
        }
    }
}
