//! CloudEvents 1.0 attributes of a record, for sinks that are told to send them
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>, binary content mode).

use std::borrow::Cow;

use crate::model::Record;

/// The attributes of `record` as (name, value), without the prefix that each protocol binding adds.
///
/// `source` is `/x/<endpoint>/<stream name>`. `subject` is left out for records without a key.
pub fn attributes<'r>(
    record: &'r Record,
    source: &'r str,
) -> impl Iterator<Item = (&'static str, Cow<'r, str>)> {
    let subject = record
        .key
        .as_deref()
        .map(|key| ("subject", String::from_utf8_lossy(key)));
    [
        ("specversion", Cow::Borrowed("1.0")),
        ("id", Cow::Owned(record.id())),
        ("source", Cow::Borrowed(source)),
        ("type", Cow::Borrowed(record.lane.event_type())),
        ("time", Cow::Owned(record.received_at.to_string())),
        ("datacontenttype", Cow::Borrowed("application/json")),
    ]
    .into_iter()
    .chain(subject)
}

/// Which headers a sink puts on a record besides [`HEADER`](crate::model::HEADER).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Headers {
    /// None: the cheapest, since every header costs the client library an allocation.
    #[default]
    Minimal,
    /// CloudEvents 1.0 in binary mode.
    CloudEvents,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Lane, Place, Timestamp};

    #[test]
    fn a_post_has_all_of_them() {
        let record = Record {
            lane: Lane::Tweets,
            place: Place { epoch: 7, seq: 9 },
            previous: None,
            lanes: [Lane::Tweets].into_iter().collect(),
            repeat: false,
            trace: None,
            received_at: Timestamp::from_millis(1_595_000_000_123),
            key: Some("12".into()),
            value: "{}".into(),
        };
        let all: Vec<_> = attributes(&record, "/x/search/main")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            all,
            [
                "specversion=1.0",
                "id=7:9:tweets",
                "source=/x/search/main",
                "type=com.x.tweet",
                "time=2020-07-17T15:33:20.123Z",
                "datacontenttype=application/json",
                "subject=12"
            ]
        );
    }
}
