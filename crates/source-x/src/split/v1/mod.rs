//! v1.1: statuses, and messages that are named by their one member
//! (<https://developer.x.com/en/docs/twitter-api/v1/tweets/filter-realtime/guides/streaming-message-types>).

mod disconnect;
mod member;
mod outline;

use bytes::Bytes;
use stream_core::model::{Lane, Span, Value};
use stream_core::source::Split;

pub use self::disconnect::DisconnectCode;
use self::member::member;
use self::outline::{Notice, Outline};
use super::common::{created_at, error, keyed, unknown, without_data};
use super::envelope::Envelope;
use super::kind::MessageKind;
use super::scan::{NotJson, Scan};

/// The most messages that one line may hold.
const MOST: usize = 1_000;

/// Splits one message.
pub(super) fn split(message: &Bytes) -> Split {
    let outline = match Outline::of(message) {
        Ok(outline) => outline,
        Err(reason) => return Split::dead_letter(reason),
    };
    let split = match (outline.status, outline.notice) {
        (Some(id), _) => status(message, id),
        (None, Some((notice, span))) => told(message, notice, &message[span.range()]),
        (None, None) => other(message),
    };
    split.with(Lane::Responses, Value::whole(message))
}

fn status(message: &Bytes, id: Span) -> Split {
    let id = &message[id.range()];
    Split {
        created_at: created_at(id),
        ..keyed(MessageKind::Post, id).with(Lane::Tweets, Value::whole(message))
    }
}

fn told(message: &Bytes, notice: Notice, said: &[u8]) -> Split {
    let to_errors = |kind: MessageKind| Split::new(kind.name()).with(Lane::Errors, Value::whole(message));
    match notice {
        Notice::Disconnect => Split {
            verdict: disconnect::verdict(said),
            ..to_errors(MessageKind::Disconnect)
        },
        Notice::Warning => to_errors(MessageKind::Warning),
        Notice::Limit => Split {
            undelivered: member(said, "track").and_then(|sum| std::str::from_utf8(sum).ok()?.parse().ok()),
            ..to_errors(MessageKind::Limit)
        },
        Notice::Delete => compliance(message, member(said, "status").and_then(id)),
        Notice::StatusWithheld | Notice::UserWithheld => compliance(message, id(said)),
        Notice::ScrubGeo => {
            let user = member(said, "user_id_str").or_else(|| member(said, "user_id"));
            compliance(message, user.and_then(inside))
        }
    }
}

/// What a holder of statuses must do, under the id of what it concerns.
fn compliance(message: &Bytes, id: Option<&[u8]>) -> Split {
    let Some(id) = id else {
        return unknown(message);
    };
    keyed(MessageKind::Compliance, id).with(Lane::Compliance, Value::whole(message))
}

/// Powerstream is of v2, and GNIP's child: its errors may have their forms.
fn other(message: &Bytes) -> Split {
    match Envelope::of(message) {
        Ok(envelope) if envelope.data.is_none() && envelope.is_error() => {
            error(message, envelope.server_disconnect())
        }
        _ => without_data(message),
    }
}

/// The messages of a line that is a list of them, if they are not too many.
pub(super) fn listed(line: &Bytes) -> Option<Vec<Bytes>> {
    let mut scan = Scan::new(line);
    if scan.token() != b'[' {
        return None;
    }
    let mut messages = Vec::new();
    let passed = scan.items(|item| {
        messages.push(line.slice(item.range()));
        if messages.len() > MOST {
            Err(NotJson)
        } else {
            Ok(())
        }
    });
    passed.and_then(|()| scan.end()).ok()?;
    Some(messages).filter(|messages| !messages.is_empty())
}

/// The id of an object, as text if it is there as text: numbers of 64 bits have been rounded on the way.
fn id(object: &[u8]) -> Option<&[u8]> {
    member(object, "id_str")
        .or_else(|| member(object, "id"))
        .and_then(inside)
}

/// The text of a string or a number, without quotes.
fn inside(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', inside @ .., b'"'] if !inside.is_empty() => Some(inside),
        [b'-' | b'0'..=b'9', ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
