//! Zero-copy demultiplexing: one message into the slices of its lanes. Pure, never fails, and the hottest path of the product.
//!
//! Nothing is re-serialised: a `data` object is handed on as a slice of the message, and what other lanes get is the post's
//! id and a verbatim copy; a split says where these lie and copies nothing. So what JSON can say and parsers stumble over (half
//! surrogate pairs, 1e999, integers of 20 digits, two million levels of nesting) passes unchanged.
//!
//! | message | kind | lanes besides `responses` |
//! |---|---|---|
//! | `data` with an `id` | `post` | `tweets`; `includes`, `errors`, `matching_rules` if they are there |
//! | of a stream of likes: `data` with an `id` | `like` | `likes`; `includes`, `errors` if they are there |
//! | of the stream of activity: `data` with an `event_type` | `activity` | `activity`: the whole message; key: the user's id |
//! | `data` with one compliance event and nothing beside it | `compliance` | `compliance`: the `data` object; key: the id concerned |
//! | `errors` (or GNIP's `error`) without `data`, or a bare problem | `error` | `errors`: the whole message; the stream is over if it says so |
//! | any other object | `unknown` | `unknown`: the whole message |
//! | anything else | `invalid` | none: a dead letter |
//!
//! `null` counts as absent. The order of members and members that nobody has seen do not matter; the latter stay in
//! `responses`. A member of ours that is there twice makes a dead letter: we do not guess. So does a byte order mark: no
//! JSON text begins with one (RFC 8259, 8.1).

mod envelope;
mod id;
mod kind;
mod scan;

use bytes::Bytes;
use stream_core::model::{Lane, Span, Timestamp, Value};
use stream_core::source::{ServerDisconnect, Split, Verdict};

use self::envelope::{AccountEvent, Compliance, Envelope};
pub use self::kind::MessageKind;
use crate::endpoint::Messages;
use crate::response::{self, Problem};

/// Splits one message of a stream of `messages`, given without its line end.
pub fn split(messages: Messages, message: &Bytes) -> Split {
    let envelope = match Envelope::of(message) {
        Ok(envelope) => envelope,
        Err(reason) => return Split::dead_letter(reason),
    };
    let split = match envelope.data {
        Some(data) => with_data(messages, message, data, &envelope),
        None if envelope.is_error() => error(message, envelope.server_disconnect()),
        None => without_data(message),
    };
    split.with(Lane::Responses, Value::whole(message))
}

fn with_data(messages: Messages, message: &Bytes, data: Span, envelope: &Envelope<'_>) -> Split {
    let id = envelope.id.map(|id| &message[id.range()]);
    match (messages, id) {
        (Messages::Posts, Some(id)) => post(data, id, envelope),
        (Messages::Likes, Some(id)) => like(data, id, envelope),
        (Messages::Activity, _) => activity(message, &message[data.range()]),
        (Messages::Posts | Messages::Likes, None) => match envelope.compliance() {
            Some(Compliance(id)) => Split {
                key: Some(message.slice_ref(id)),
                ..Split::new(MessageKind::Compliance.name()).with(Lane::Compliance, Value::Verbatim(data))
            },
            None => unknown(message),
        },
    }
}

fn post(data: Span, id: &[u8], envelope: &Envelope<'_>) -> Split {
    let mut split = keyed(MessageKind::Post, id).with(Lane::Tweets, Value::Verbatim(data));
    split.created_at = created_at(id);
    let members = [
        (Lane::Includes, envelope.includes),
        (Lane::Errors, envelope.errors),
        (Lane::MatchingRules, envelope.matching_rules),
    ];
    for (lane, member) in members {
        split.values[lane] = member.map(Value::Beside);
    }
    split
}

fn like(data: Span, id: &[u8], envelope: &Envelope<'_>) -> Split {
    let mut split = keyed(MessageKind::Like, id).with(Lane::Likes, Value::Verbatim(data));
    for (lane, member) in [
        (Lane::Includes, envelope.includes),
        (Lane::Errors, envelope.errors),
    ] {
        split.values[lane] = member.map(Value::BesideLike);
    }
    split
}

fn activity(message: &Bytes, data: &[u8]) -> Split {
    let Some(event) = AccountEvent::of(data) else {
        return unknown(message);
    };
    let kind = MessageKind::Activity;
    let split = event
        .user
        .map_or_else(|| Split::new(kind.name()), |user| keyed(kind, user));
    split.with(Lane::Activity, Value::whole(message))
}

/// A message of `kind` with this key. A copy: a slice would keep the whole message in memory.
fn keyed(kind: MessageKind, key: &[u8]) -> Split {
    Split {
        key: Some(Bytes::copy_from_slice(key)),
        ..Split::new(kind.name())
    }
}

fn error(message: &Bytes, disconnect: Option<ServerDisconnect>) -> Split {
    Split {
        verdict: disconnect.map_or(Verdict::Continue, Verdict::Disconnect),
        ..Split::new(MessageKind::Error.name()).with(Lane::Errors, Value::whole(message))
    }
}

/// A problem that stands alone on its line, or a thing that nobody has seen.
fn without_data(message: &Bytes) -> Split {
    let problem = Problem::of(message);
    if !problem.is_one() {
        return unknown(message);
    }
    let ends = problem.ends_a_stream() || problem.refuses();
    error(message, ends.then(|| response::disconnect(&problem)))
}

fn unknown(message: &Bytes) -> Split {
    Split::new(MessageKind::Unknown.name()).with(Lane::Unknown, Value::whole(message))
}

/// When a post was created, by its snowflake id: X's own clock, without parsing a date. `None` for an id of before 2011 or
/// of another kind.
fn created_at(id: &[u8]) -> Option<Timestamp> {
    let id: u64 = std::str::from_utf8(id).ok()?.parse().ok()?;
    (1 << 50..1 << 63)
        .contains(&id)
        .then(|| Timestamp::from_millis((id >> 22) + 1_288_834_974_657))
}

#[cfg(test)]
mod tests;
