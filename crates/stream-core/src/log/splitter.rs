//! Journal entries to records, in memory: the one place where a message is split.

use bytes::Bytes;

use super::entry::{Head, Kind};
use crate::model::{DeadLetter, Lane, LaneSet, Place, Timestamp};
use crate::source::{Source, Split};

/// A message with its place, split.
#[derive(Debug)]
pub(crate) struct SplitMessage {
    /// Its place in the journal.
    pub place: Place,
    /// When it was received.
    pub received_at: Timestamp,
    /// The enabled lanes that it goes to.
    pub lanes: LaneSet,
    /// Its records.
    pub split: Split,
}

/// Splits what is read from the stream or again from the journal, always in the same way.
pub(crate) struct Splitter {
    /// Who knows how a message splits.
    pub source: std::sync::Arc<dyn Source>,
    /// The lanes that are switched on.
    pub enabled: LaneSet,
    /// The key of the lane `events`: the stream's name.
    pub stream: Bytes,
}

impl Splitter {
    /// Demultiplexes one entry into the values of its lanes.
    pub(crate) fn split(&self, kind: Kind, received_at: Timestamp, payload: &Bytes) -> Split {
        match kind {
            Kind::Message => self.message(received_at, payload),
            Kind::Event => Split {
                key: Some(self.stream.clone()),
                ..Split::new("event")
            }
            .with(Lane::Events, payload.clone()),
            Kind::DeadLetter => Split::new("dead_letter").with(Lane::DeadLetter, payload.clone()),
        }
    }

    /// What was split, with its place.
    pub(crate) fn route(&self, seq: u64, head: Head, split: Split) -> SplitMessage {
        SplitMessage {
            place: Place {
                epoch: head.epoch,
                seq,
            },
            received_at: head.received_at,
            lanes: split.lanes().intersection(self.enabled),
            split,
        }
    }

    fn message(&self, received_at: Timestamp, payload: &Bytes) -> Split {
        let split = self.source.split(payload);
        match split.dead_letter {
            None => split,
            Some(reason) => {
                let letter = DeadLetter::whole(reason, received_at, payload).to_json();
                split.with(Lane::DeadLetter, letter)
            }
        }
    }
}

impl SplitMessage {
    /// What the message weighs in memory, in bytes: its line, and about as much again composed.
    pub(crate) fn weight(&self) -> usize {
        let values: usize = Lane::ALL
            .iter()
            .filter_map(|lane| self.split.values[*lane].as_ref())
            .map(Bytes::len)
            .sum();
        values + size_of::<Self>()
    }
}
