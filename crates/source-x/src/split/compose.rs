//! Single allocation for the values that are not a slice of the message: `{"tweet_id":"…","includes":…}` and its like.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::value::RawValue;
use stream_core::model::Lane;

/// Makes the value of each lane that has a member, all in one allocation. `id` is the inside of a JSON string.
pub(super) fn values<const N: usize>(
    id: &str,
    members: [(Lane, Option<&RawValue>); N],
) -> [(Lane, Option<Bytes>); N] {
    let size = members
        .iter()
        .filter_map(|(lane, raw)| Some(length(id, *lane, (*raw)?)))
        .sum();
    if size == 0 {
        return members.map(|(lane, _)| (lane, None));
    }
    let mut buffer = BytesMut::with_capacity(size);
    for (lane, raw) in members {
        if let Some(raw) = raw {
            write(&mut buffer, id, lane, raw);
        }
    }
    let mut rest = buffer.freeze();
    members.map(|(lane, raw)| (lane, raw.map(|raw| rest.split_to(length(id, lane, raw)))))
}

const HEAD: &str = "{\"tweet_id\":\"";
const MIDDLE: &str = "\",\"";
const COLON: &str = "\":";
const TAIL: &str = "}";

fn length(id: &str, lane: Lane, raw: &RawValue) -> usize {
    let punctuation = HEAD.len() + MIDDLE.len() + COLON.len() + TAIL.len();
    punctuation + id.len() + lane.name().len() + raw.get().len()
}

// The members are called as their lanes are.
fn write(buffer: &mut BytesMut, id: &str, lane: Lane, raw: &RawValue) {
    for part in [HEAD, id, MIDDLE, lane.name(), COLON, raw.get(), TAIL] {
        buffer.put_slice(part.as_bytes());
    }
}
