//! Split message: what lanes read, from memory or from the journal.

use bytes::{Bytes, BytesMut};

use super::chain::Link;
use crate::model::{Lane, LaneSet, Place, Record, Timestamp, Value};

/// A message with its place, split.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its place in the journal.
    pub place: Place,
    /// When it was received.
    pub received_at: Timestamp,
    /// The lanes that it goes to.
    pub lanes: LaneSet,
    /// The key of all its records.
    pub key: Option<Bytes>,
    /// Whether it came before, under the same id.
    pub repeat: bool,
    /// Its bytes, or those of its dead letter.
    pub payload: Bytes,
    /// What each of the lanes gets of these.
    pub parts: Box<[Part]>,
}

/// One lane's part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Whose part it is.
    pub lane: Lane,
    /// Where the value lies.
    pub value: Value,
    /// The record before it in the lane, and how many there were.
    pub before: Link,
}

impl Message {
    /// What `lane` gets.
    pub(crate) fn part(&self, lane: Lane) -> Option<&Part> {
        self.parts.iter().find(|part| part.lane == lane)
    }

    /// The record that `part` of it is; what must be composed is written into `buffer`.
    pub(crate) fn record(&self, part: &Part, buffer: &mut BytesMut) -> Record {
        let key = self.key.as_deref().unwrap_or_default();
        Record {
            lane: part.lane,
            place: self.place,
            previous: part.before.last,
            lanes: self.lanes,
            received_at: self.received_at,
            key: self.key.clone(),
            repeat: self.repeat,
            trace: None,
            value: part.value.of(&self.payload, part.lane, key, buffer),
        }
    }

    /// What it weighs in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.payload.len() + size_of::<Self>() + size_of_val(&*self.parts)
    }
}
