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

mod common;
mod envelope;
mod id;
mod kind;
mod scan;
mod v1;
mod v2;

use bytes::Bytes;
use stream_core::source::Split;

pub use self::kind::MessageKind;
pub use self::v1::DisconnectCode;
use crate::endpoint::Messages;

/// Splits one message of a stream of `messages`, given without its line end.
pub fn split(messages: Messages, message: &Bytes) -> Split {
    match messages {
        Messages::Posts | Messages::Likes | Messages::Activity => v2::split(messages, message),
        Messages::Statuses | Messages::Batches => v1::split(message),
    }
}

/// The messages of a line of a stream of `messages`, if it holds several.
pub(crate) fn several(messages: Messages, line: &Bytes) -> Option<Vec<Bytes>> {
    match messages {
        Messages::Batches => v1::listed(line),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
