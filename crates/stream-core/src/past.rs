//! What the journal tells of the process before this one.

use journal::Journal;

use crate::cursor::LaneCursor;
use crate::entry::Head;
use crate::time::Timestamp;

/// What outlived it.
pub(crate) struct Past {
    /// Until when it saw the stream, if it ever did.
    pub(crate) seen: Option<Timestamp>,
    /// The epoch of this one.
    pub(crate) next_epoch: u64,
}

impl Past {
    pub(crate) fn of(journal: &Journal) -> Self {
        let newest = match journal.last_entry() {
            Ok(newest) => newest,
            Err(error) => {
                tracing::warn!(%error, "the newest journal entry cannot be read; the gap since then is unknown");
                None
            }
        };
        let head = newest.and_then(|(position, entry)| Some(Head::decode(position, entry).ok()?.0));
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
        Self {
            seen: head.map(|head| head.received_at),
            next_epoch,
        }
    }
}
