//! Journal entries to records, in memory: the one place where a message is split.

use bytes::Bytes;

use super::entry::{Head, Kind};
use crate::model::{DeadLetter, Lane, LaneSet, Place, Timestamp, Value};
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
    /// Its bytes, or its dead letter.
    pub payload: Bytes,
    /// Where the values of its records lie in these.
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
    /// Demultiplexes one entry into the values of its lanes, and gives what they are values of: a dead letter stands in the place
    /// of what cannot be read.
    pub(crate) fn split(&self, kind: Kind, received_at: Timestamp, payload: Bytes) -> (Bytes, Split) {
        let split = match kind {
            Kind::Message => return self.message(received_at, payload),
            Kind::Event => Split {
                key: Some(self.stream.clone()),
                ..Split::new("event")
            }
            .with(Lane::Events, Value::whole(&payload)),
            Kind::DeadLetter => Split::new("dead_letter").with(Lane::DeadLetter, Value::whole(&payload)),
        };
        (payload, split)
    }

    /// What was split, with its place.
    pub(crate) fn route(&self, seq: u64, head: Head, payload: Bytes, split: Split) -> SplitMessage {
        SplitMessage {
            place: Place {
                epoch: head.epoch,
                seq,
            },
            received_at: head.received_at,
            lanes: split.lanes().intersection(self.enabled),
            payload,
            split,
        }
    }

    fn message(&self, received_at: Timestamp, payload: Bytes) -> (Bytes, Split) {
        let split = self.source.split(&payload);
        match split.dead_letter {
            None => (payload, split),
            Some(reason) => {
                let letter = DeadLetter::whole(reason, received_at, &payload).to_json();
                let split = split.with(Lane::DeadLetter, Value::whole(&letter));
                (letter, split)
            }
        }
    }
}

impl SplitMessage {
    /// What the message weighs in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.payload.len() + size_of::<Self>()
    }
}
