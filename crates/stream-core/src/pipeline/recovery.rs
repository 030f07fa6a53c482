//! What the journal tells of the process before this one.

use std::io;

use journal::{Item, Journal};

use crate::log::{Chain, Entry, ForeignEntry, Kind, LaneCursor};
use crate::model::{Lane, Timestamp};

/// Recovery: what outlived the process before this one.
pub(crate) struct Recovery {
    /// When the journal's newest message came, if it is the newest entry: the supervisor's own notes lag by seconds.
    pub(crate) seen: Option<Timestamp>,
    /// The id of the newest post, if that is the newest entry.
    pub(crate) last_post: Option<String>,
    /// The epoch of this one.
    pub(crate) next_epoch: u64,
    /// The chain before the oldest entry: where lanes begin that are new.
    pub(crate) oldest: Chain,
    /// The chain behind the newest.
    pub(crate) newest: Chain,
}

impl Recovery {
    /// Reads the journal's ends. An entry that is not ours at either of them means that nothing may start: lanes would meet
    /// it on the way, or whoever wrote it would meet ours.
    pub(crate) fn of(journal: &Journal) -> Result<Self, ForeignEntry> {
        let first = decoded(oldest(journal))?;
        let last = decoded(journal.last_entry())?;
        let mut newest = last.as_ref().map(behind).unwrap_or_default();
        let mut newest_epoch = last.as_ref().map(|entry| entry.message.place.epoch);
        for (name, cursor) in journal.cursors() {
            let lane = name.rsplit('/').next().and_then(Lane::from_name);
            let link = LaneCursor::from(cursor).link();
            newest_epoch = newest_epoch.max(link.last.map(|place| place.epoch));
            // The disk may have lost what was delivered already.
            if let Some(lane) = lane {
                newest.learn(lane, link);
            }
        }
        // Epochs grow even if the clock was set back.
        let next_epoch = Timestamp::now()
            .secs()
            .max(newest_epoch.map_or(0, |epoch| epoch + 1));
        // Events are written of what is not seen, too.
        let seen = last.filter(|entry| entry.kind != Kind::Event);
        let post = seen
            .as_ref()
            .filter(|entry| entry.message.lanes.contains(Lane::Tweets));
        let key = post.and_then(|entry| entry.message.key.as_deref());
        Ok(Self {
            last_post: key.map(|key| String::from_utf8_lossy(key).into_owned()),
            seen: seen.map(|entry| entry.message.received_at),
            next_epoch,
            oldest: first.map_or_else(|| newest.clone(), |entry| entry.chain),
            newest,
        })
    }
}

fn behind(entry: &Entry) -> Chain {
    let mut chain = entry.chain.clone();
    chain.pass(entry.message.place, entry.message.lanes);
    chain
}

/// The oldest entry that can be read.
fn oldest(journal: &Journal) -> io::Result<Option<(u64, bytes::Bytes)>> {
    let mut reader = journal.read_from(journal.start());
    loop {
        let batch = reader.next_batch(1)?;
        if batch.is_empty() {
            return Ok(None);
        }
        for item in batch {
            if let Item::Entry(seq, bytes) = item {
                return Ok(Some((seq, bytes)));
            }
        }
    }
}

/// An entry, if there is one that can be read.
fn decoded(entry: io::Result<Option<(u64, bytes::Bytes)>>) -> Result<Option<Entry>, ForeignEntry> {
    match entry {
        Ok(Some((position, entry))) => Entry::decode(position, &entry).map(Some),
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::warn!(%error, "an end of the journal cannot be read; a gap since the last start may not be known");
            Ok(None)
        }
    }
}
