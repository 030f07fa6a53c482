//! The journal's writing end: drafts get their places and their links in the chain, which no other knows as well as the one
//! writer.

use std::ops::Range;

use journal::{AppendError, Appender, Journal};

use super::chain::Chain;
use super::entry::{Kind, encode_head};
use super::message::{Message, Part};
use super::splitter::Draft;
use crate::model::Place;

/// Write-ahead log, with its chain.
pub(crate) struct LogWriter {
    appender: Appender,
    journal: Journal,
    /// The epoch of this process.
    epoch: u64,
    /// Every lane's last record.
    chain: Chain,
}

impl LogWriter {
    /// Goes on behind `chain`, in a new `epoch`.
    pub(crate) fn new(appender: Appender, journal: Journal, epoch: u64, chain: Chain) -> Self {
        Self {
            appender,
            journal,
            epoch,
            chain,
        }
    }

    /// Appends `drafts`, all or none, and gives what lanes get of them.
    pub(crate) fn append<'d>(
        &mut self,
        drafts: impl Iterator<Item = &'d Draft> + Clone,
    ) -> Result<Vec<Message>, AppendError> {
        let mut chain = self.chain.clone();
        let first = self.journal.end();
        let (mut messages, mut heads, mut ranges) = (Vec::new(), Vec::new(), Vec::<Range<usize>>::new());
        for (seq, draft) in (first..).zip(drafts.clone()) {
            let place = Place {
                epoch: self.epoch,
                seq,
            };
            let message = message(place, draft, &chain);
            let start = heads.len();
            encode_head(draft.kind, &message, &chain, &mut heads);
            ranges.push(start..heads.len());
            chain.pass(place, draft.lanes);
            messages.push(message);
        }
        let entries: Vec<_> = ranges
            .into_iter()
            .zip(drafts)
            .map(|(range, draft)| journal::Entry {
                head: &heads[range],
                body: &draft.payload,
            })
            .collect();
        let appended = self.appender.append(&entries)?;
        debug_assert_eq!(appended.start, first, "there is one writer");
        self.chain = chain;
        Ok(messages)
    }

    /// Every lane's last record.
    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The position after the newest entry.
    pub(crate) fn end(&self) -> u64 {
        self.journal.end()
    }

    /// The bare writing end, to close it.
    pub(crate) fn into_appender(self) -> Appender {
        self.appender
    }
}

fn message(place: Place, draft: &Draft, chain: &Chain) -> Message {
    let parts = draft.lanes.iter().filter_map(|lane| {
        Some(Part {
            lane,
            value: draft.split.values[lane]?,
            before: chain.of(lane),
        })
    });
    Message {
        place,
        received_at: draft.received_at,
        lanes: draft.lanes,
        key: draft.split.key.clone(),
        repeat: draft.kind == Kind::Repeat,
        payload: draft.payload.clone(),
        parts: parts.collect(),
    }
}
