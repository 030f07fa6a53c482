//! Zero-copy demultiplexing: one message into the slices of its lanes. Pure, never fails, and the hottest path of the product.
//!
//! Nothing is re-serialised: a `data` object is handed on as a slice of the message, and what other lanes get is the post's
//! id and a verbatim copy; a split says where these lie and copies nothing. So what JSON can say and parsers stumble over (half
//! surrogate pairs, 1e999, integers of 20 digits, two million levels of nesting) passes unchanged.
//!
//! | message | kind | lanes besides `responses` |
//! |---|---|---|
//! | `data` with an `id` | `post` | `tweets`; `includes`, `errors`, `matching_rules` if they are there |
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

use bytes::Bytes;
use serde_json::value::RawValue;
use stream_core::model::{DeadLetterReason, Lane, Span, Timestamp, Value};
use stream_core::source::{ServerDisconnect, Split, Verdict};

use self::envelope::{Compliance, Envelope};
use self::id::Id;
pub use self::kind::MessageKind;
use crate::endpoint::Messages;
use crate::response::{self, Problem};

/// Splits one message of a stream of `messages`, given without its line end.
pub fn split(messages: Messages, message: &Bytes) -> Split {
    match messages {
        Messages::Posts => v2(message),
    }
}

fn v2(message: &Bytes) -> Split {
    let Ok(text) = std::str::from_utf8(message) else {
        return Split::dead_letter(DeadLetterReason::NotUtf8);
    };
    let envelope: Envelope = match serde_json::from_str(text) {
        Ok(envelope) => envelope,
        Err(_) => return Split::dead_letter(why_not(text)),
    };
    if envelope.duplicate {
        return Split::dead_letter(DeadLetterReason::DuplicateKey);
    }
    let split = match (envelope.data, envelope.error()) {
        (Some(data), _) => with_data(message, data, &envelope),
        (None, Some(_)) => error(message, envelope.server_disconnect()),
        (None, None) => without_data(message),
    };
    split.with(Lane::Responses, Value::whole(message))
}

fn why_not(text: &str) -> DeadLetterReason {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => DeadLetterReason::NotAnObject,
        Err(_) => DeadLetterReason::NotJson,
    }
}

fn with_data(message: &Bytes, data: &RawValue, envelope: &Envelope<'_>) -> Split {
    if let Some(Id(id)) = Id::of(data) {
        return post(message, data, id, envelope);
    }
    match Compliance::of(data) {
        Some(Compliance(id)) if envelope.is_data_alone() => Split {
            key: Some(message.slice_ref(id.as_bytes())),
            ..Split::new(MessageKind::Compliance.name())
                .with(Lane::Compliance, Value::Verbatim(span(message, data)))
        },
        _ => unknown(message),
    }
}

fn post(message: &Bytes, data: &RawValue, id: &str, envelope: &Envelope<'_>) -> Split {
    let tweet = Value::Verbatim(span(message, data));
    let mut split = Split {
        // A copy: a slice would keep the whole message in memory.
        key: Some(Bytes::copy_from_slice(id.as_bytes())),
        created_at: created_at(id),
        ..Split::new(MessageKind::Post.name()).with(Lane::Tweets, tweet)
    };
    let members = [
        (Lane::Includes, envelope.includes),
        (Lane::Errors, envelope.errors),
        (Lane::MatchingRules, envelope.matching_rules),
    ];
    for (lane, member) in members {
        split.values[lane] = member.map(|member| Value::Beside(span(message, member)));
    }
    split
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

fn span(message: &[u8], part: &RawValue) -> Span {
    Span::of(message, part.get().as_bytes())
}

/// When a post was created, by its snowflake id: X's own clock, without parsing a date. `None` for an id of before 2011 or
/// of another kind.
fn created_at(id: &str) -> Option<Timestamp> {
    let id: u64 = id.parse().ok()?;
    (1 << 50..1 << 63)
        .contains(&id)
        .then(|| Timestamp::from_millis((id >> 22) + 1_288_834_974_657))
}

#[cfg(test)]
mod tests;
