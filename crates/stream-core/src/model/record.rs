//! What a lane publishes of one message.

use std::fmt::Write as _;

use bytes::Bytes;

use super::header::Header;
use super::lane::{Lane, LaneSet};
use super::place::Place;
use super::timestamp::Timestamp;
use super::trace_context::TraceContext;

/// Record: what one lane publishes of one message. Cloning is cheap: the bytes are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The lane, which a sink maps to its topic, routing key or directory.
    pub lane: Lane,
    /// The place of the message that this record was split from.
    pub place: Place,
    /// The place of the record before this one in the same lane; `None` at the first of a journal folder.
    pub previous: Option<Place>,
    /// Every lane that the message went to.
    pub lanes: LaneSet,
    /// When the message's last byte was read from the socket.
    pub received_at: Timestamp,
    /// What records of one thing have in common: the post's id, as text. Order is kept within a key.
    pub key: Option<Bytes>,
    /// Whether the thing came before, under the same id.
    pub repeat: bool,
    /// The span under which it is published, if somebody traces.
    pub trace: Option<TraceContext>,
    /// The record itself: one JSON text on one line.
    pub value: Bytes,
}

impl Record {
    /// The header's value, written into `buffer` (cleared first, so that one buffer serves a whole lane).
    pub fn header<'b>(&self, buffer: &'b mut String) -> &'b str {
        buffer.clear();
        let header = Header {
            place: self.place,
            previous: self.previous,
            lanes: self.lanes,
        };
        let written = write!(buffer, "{header}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
        buffer
    }

    /// The record's own name, `epoch:sequence:lane`: AMQP's `message_id`, CloudEvents' `id`.
    pub fn id(&self) -> String {
        format!("{}:{}", self.place, self.lane)
    }

    /// What the record weighs in a bounded queue, in bytes.
    pub fn weight(&self) -> usize {
        // Header, timestamps and a client library's bookkeeping: measured at about 200 bytes in librdkafka.
        self.value.len() + self.key.as_ref().map_or(0, Bytes::len) + 200
    }
}
