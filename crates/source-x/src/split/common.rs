//! What messages of both versions can be.

use bytes::Bytes;
use stream_core::model::{Lane, Timestamp, Value};
use stream_core::source::{ServerDisconnect, Split, Verdict};

use super::kind::MessageKind;
use crate::response::{self, Problem};

/// A message of `kind` with this key. A copy: a slice would keep the whole message in memory.
pub(super) fn keyed(kind: MessageKind, key: &[u8]) -> Split {
    Split {
        key: Some(Bytes::copy_from_slice(key)),
        ..Split::new(kind.name())
    }
}

/// An error that stands alone; whether it ends the stream is the caller's to say.
pub(super) fn error(message: &Bytes, disconnect: Option<ServerDisconnect>) -> Split {
    Split {
        verdict: disconnect.map_or(Verdict::Continue, Verdict::Disconnect),
        ..Split::new(MessageKind::Error.name()).with(Lane::Errors, Value::whole(message))
    }
}

/// A problem that stands alone on its line, or a thing that nobody has seen.
pub(super) fn without_data(message: &Bytes) -> Split {
    let problem = Problem::of(message);
    if !problem.is_one() {
        return unknown(message);
    }
    let ends = problem.ends_a_stream() || problem.refuses();
    error(message, ends.then(|| response::disconnect(&problem)))
}

/// A thing that nobody has seen.
pub(super) fn unknown(message: &Bytes) -> Split {
    Split::new(MessageKind::Unknown.name()).with(Lane::Unknown, Value::whole(message))
}

/// When a post was created, by its snowflake id: X's own clock, without parsing a date. `None` for an id of before 2011 or
/// of another kind.
pub(super) fn created_at(id: &[u8]) -> Option<Timestamp> {
    let id: u64 = std::str::from_utf8(id).ok()?.parse().ok()?;
    (1 << 50..1 << 63)
        .contains(&id)
        .then(|| Timestamp::from_millis((id >> 22) + 1_288_834_974_657))
}
