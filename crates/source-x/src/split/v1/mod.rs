//! v1.1: statuses, and messages that are named by their one member
//! (<https://developer.x.com/en/docs/twitter-api/v1/tweets/filter-realtime/guides/streaming-message-types>).

mod disconnect;
mod outline;

use bytes::Bytes;
use serde_json::value::RawValue;
use stream_core::model::{Lane, Span, Value};
use stream_core::source::Split;

pub use self::disconnect::DisconnectCode;
use self::outline::{Notice, Outline};
use super::envelope::Envelope;
use super::scan::{NotJson, Scan};
use super::{MessageKind, created_at, error, unknown, without_data};

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
        // A copy: a slice would keep the whole message in memory.
        key: Some(Bytes::copy_from_slice(id)),
        created_at: created_at(id),
        ..Split::new(MessageKind::Post.name()).with(Lane::Tweets, Value::whole(message))
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
    Split {
        key: Some(Bytes::copy_from_slice(id)),
        ..Split::new(MessageKind::Compliance.name()).with(Lane::Compliance, Value::whole(message))
    }
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

/// The value of a member of an object, as it stands there.
fn member<'o>(object: &'o [u8], name: &str) -> Option<&'o [u8]> {
    let mut scan = Scan::new(object);
    if scan.token() != b'{' {
        return None;
    }
    let mut found = None;
    let passed = scan.members(|scan, spelt| {
        let is_it = scan.spells(spelt, name);
        let value = scan.value()?;
        found = found.or(is_it.then_some(value));
        Ok(())
    });
    passed.ok()?;
    found.map(|span: Span| &object[span.range()])
}

/// The text of a string or a number, without quotes.
fn inside(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', inside @ .., b'"'] if !inside.is_empty() => Some(inside),
        [b'-' | b'0'..=b'9', ..] => Some(value),
        _ => None,
    }
}

/// The text that a member is, if it can be read.
fn text(object: &[u8], name: &str) -> Option<String> {
    let raw: &RawValue = serde_json::from_slice(member(object, name)?).ok()?;
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests;
