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
//! And of v1.1 (Powerstream speaks it, too):
//!
//! | message | kind | lanes besides `responses` |
//! |---|---|---|
//! | a status: an id, and `text` or `in_reply_to_status_id` | `post` | `tweets`: the status; key: `id_str` |
//! | `delete`, `scrub_geo`, `status_withheld`, `user_withheld` | `compliance` | `compliance`: the whole message; key: the id concerned |
//! | `warning`, `limit`, `disconnect` | these | `errors`: the whole message |
//! | errors in v2's or GNIP's form | `error` | `errors` |
//! | any other object: `friends`, `event`, `direct_message`, `for_user`, `control` | `unknown` | `unknown` |
//!
//! `null` counts as absent. The order of members and members that nobody has seen do not matter; the latter stay in
//! `responses`. A member of ours that is there twice makes a dead letter: we do not guess. So does a byte order mark: no
//! JSON text begins with one (RFC 8259, 8.1).

mod envelope;
mod id;
mod kind;
mod scan;
mod v1;

use bytes::Bytes;
use stream_core::model::{Lane, Span, Timestamp, Value};
use stream_core::source::{ServerDisconnect, Split, Verdict};

use self::envelope::{Compliance, Envelope};
pub use self::kind::MessageKind;
pub use self::v1::DisconnectCode;
use crate::endpoint::Messages;
use crate::response::{self, Problem};

/// Splits one message of a stream of `messages`, given without its line end.
pub fn split(messages: Messages, message: &Bytes) -> Split {
    match messages {
        Messages::Posts => v2(message),
        Messages::Statuses | Messages::Batches => v1::split(message),
    }
}

/// The messages of a line of a stream of `messages`, if it holds several.
pub(crate) fn several(messages: Messages, line: &Bytes) -> Option<Vec<Bytes>> {
    match messages {
        Messages::Posts | Messages::Statuses => None,
        Messages::Batches => v1::listed(line),
    }
}

fn v2(message: &Bytes) -> Split {
    let envelope = match Envelope::of(message) {
        Ok(envelope) => envelope,
        Err(reason) => return Split::dead_letter(reason),
    };
    let split = match envelope.data {
        Some(data) => with_data(message, data, &envelope),
        None if envelope.is_error() => error(message, envelope.server_disconnect()),
        None => without_data(message),
    };
    split.with(Lane::Responses, Value::whole(message))
}

fn with_data(message: &Bytes, data: Span, envelope: &Envelope<'_>) -> Split {
    if let Some(id) = envelope.id {
        return post(data, &message[id.range()], envelope);
    }
    match envelope.compliance() {
        Some(Compliance(id)) => Split {
            key: Some(message.slice_ref(id)),
            ..Split::new(MessageKind::Compliance.name()).with(Lane::Compliance, Value::Verbatim(data))
        },
        None => unknown(message),
    }
}

fn post(data: Span, id: &[u8], envelope: &Envelope<'_>) -> Split {
    let mut split = Split {
        // A copy: a slice would keep the whole message in memory.
        key: Some(Bytes::copy_from_slice(id)),
        created_at: created_at(id),
        ..Split::new(MessageKind::Post.name()).with(Lane::Tweets, Value::Verbatim(data))
    };
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
