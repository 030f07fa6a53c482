//! The one place where a message is split, once in its life: what is about to be journaled.

use std::sync::Arc;

use bytes::Bytes;

use super::entry::Kind;
use crate::model::{DeadLetter, Lane, LaneSet, Timestamp, Value};
use crate::source::{Source, Split};

/// Says what each lane gets of what comes in.
pub(crate) struct Splitter {
    /// Who knows how a message splits.
    pub source: Arc<dyn Source>,
    /// The lanes that are switched on.
    pub enabled: LaneSet,
    /// The key of the lane `events`: the stream's name.
    pub stream: Bytes,
}

/// Entry before it is appended: all but its place.
#[derive(Debug)]
pub(crate) struct Draft {
    /// What the payload is.
    pub kind: Kind,
    /// When it was received.
    pub received_at: Timestamp,
    /// What is journaled: a dead letter in the place of what cannot be read.
    pub payload: Bytes,
    /// The enabled lanes that it goes to.
    pub lanes: LaneSet,
    /// Where the values of its records lie, and what else was learnt.
    pub split: Split,
}

impl Draft {
    /// The rules that it has matched, as the server says it, if it does.
    pub(crate) fn matching_rules(&self) -> Option<&[u8]> {
        self.split.values[Lane::MatchingRules].map(|value| &self.payload[value.span().range()])
    }
}

impl Splitter {
    /// Demultiplexes what is to be journaled.
    pub(crate) fn draft(&self, kind: Kind, received_at: Timestamp, payload: Bytes) -> Draft {
        let draft = match kind {
            Kind::Message | Kind::Repeat => self.message(received_at, payload),
            Kind::Event => {
                let mut split = Split::new("event").with(Lane::Events, Value::whole(&payload));
                split.key = Some(self.stream.clone());
                (kind, payload, split)
            }
            Kind::DeadLetter => {
                let split = Split::new("dead_letter").with(Lane::DeadLetter, Value::whole(&payload));
                (kind, payload, split)
            }
        };
        let (kind, payload, split) = draft;
        Draft {
            kind,
            received_at,
            payload,
            lanes: split.lanes().intersection(self.enabled),
            split,
        }
    }

    fn message(&self, received_at: Timestamp, line: Bytes) -> (Kind, Bytes, Split) {
        let split = self.source.split(&line);
        match split.dead_letter {
            None => (Kind::Message, line, split),
            Some(reason) => {
                let letter = DeadLetter::whole(reason, received_at, &line).to_json();
                let split = split.with(Lane::DeadLetter, Value::whole(&letter));
                (Kind::DeadLetter, letter, split)
            }
        }
    }
}
