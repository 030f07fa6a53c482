//! v2: what was asked for stands under `data`, and the rest beside it.

use bytes::Bytes;
use stream_core::model::{Lane, Span, Value};
use stream_core::source::Split;

use super::common::{created_at, error, keyed, unknown, without_data};
use super::envelope::{AccountEvent, Compliance, Envelope};
use super::kind::MessageKind;
use crate::endpoint::Messages;

/// Splits one message.
pub(super) fn split(messages: Messages, message: &Bytes) -> Split {
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
        (Messages::Activity, _) => activity(message, &message[data.range()]),
        (Messages::Likes, Some(id)) => like(data, id, envelope),
        (_, Some(id)) => post(data, id, envelope),
        (_, None) => match envelope.compliance() {
            Some(Compliance(id)) => {
                keyed(MessageKind::Compliance, id).with(Lane::Compliance, Value::Verbatim(data))
            }
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
