use proptest::prelude::*;
use stream_core::model::{DeadLetterReason, Lane, LaneSet, Span};
use stream_core::source::{ServerDisconnect, Verdict};

use super::common::created_at;
use super::envelope::Envelope;
use super::*;

mod goodbye;
mod oracle;
mod others;

const ID: &str = "1700000000000000001";

/// A message and its split.
#[derive(Debug, PartialEq)]
struct Parts {
    message: Bytes,
    split: Split,
}

impl std::ops::Deref for Parts {
    type Target = Split;
    fn deref(&self) -> &Split {
        &self.split
    }
}

fn split_bytes(message: &[u8]) -> Parts {
    let message = Bytes::copy_from_slice(message);
    let split = split(Messages::Posts, &message);
    Parts { message, split }
}

fn split_text(text: &str) -> Parts {
    split_bytes(text.as_bytes())
}

fn text(parts: &Parts, lane: Lane) -> String {
    let value = parts.value(lane, &parts.message).expect("the lane has a value");
    String::from_utf8(value.into()).unwrap()
}

fn lanes(split: &Split) -> String {
    let responses: LaneSet = [Lane::Responses].into_iter().collect();
    let rest: LaneSet = split
        .lanes()
        .iter()
        .filter(|lane| !responses.contains(*lane))
        .collect();
    rest.to_string()
}

fn key(split: &Split) -> Option<&str> {
    split.key.as_ref().map(|key| std::str::from_utf8(key).unwrap())
}

#[test]
fn the_order_of_members_and_unknown_members_do_not_matter() {
    let message = r#" {"matching_rules" : [{"id":1}] ,"new":{"x":[1]},"errors":[],"data":{"text":"a","id":"7"},"includes":null}"#;
    let split = split_text(message);
    assert_eq!(lanes(&split), "tweets,errors,matching_rules");
    assert_eq!(text(&split, Lane::Tweets), r#"{"text":"a","id":"7"}"#);
    assert_eq!(
        text(&split, Lane::MatchingRules),
        r#"{"tweet_id":"7","matching_rules":[{"id":1}]}"#
    );
    assert_eq!(text(&split, Lane::Errors), r#"{"tweet_id":"7","errors":[]}"#);
    assert_eq!(text(&split, Lane::Responses), message);
}

#[test]
fn ids_are_taken_as_they_stand() {
    for (data, expected) in [
        (r#"{"id":"12"}"#, "12"),
        (r#"{"id":12}"#, "12"),
        (
            r#"{"id":123456789012345678901234567890}"#,
            "123456789012345678901234567890",
        ),
        (r#"{"id":1e999}"#, "1e999"),
        (r#"{"x":{"id":"9"},"id":"12"}"#, "12"),
        (r#"{"id":"\u0031\ud83d"}"#, r"\u0031\ud83d"),
        (r#"{"\u0069d":"12","\ud83d":1}"#, "12"),
        (r#"{"\ud83d":1,"id":"12"}"#, "12"),
        (r#"{"type":"id","a":["id",{"id":"9"}],"id" : 12 }"#, "12"),
        (r#"{"text":"\"id\":\"9\"\\","id":"12","id":"13"}"#, "12"),
        (r#"{"id":"a\"b\\"}"#, r#"a\"b\\"#),
    ] {
        let split = split_text(&format!(r#"{{"data":{data},"includes":{{}}}}"#));
        assert_eq!(key(&split), Some(expected), "{data}");
        assert_eq!(
            text(&split, Lane::Includes),
            format!(r#"{{"tweet_id":"{expected}","includes":{{}}}}"#)
        );
    }
}

#[test]
fn what_parsers_stumble_over_passes_unchanged() {
    let deep = format!("{}{}", "[".repeat(2_000_000), "]".repeat(2_000_000));
    for value in [
        r#""half \ud83d pair""#,
        "1e999",
        "12345678901234567890123",
        "-0.0",
        &deep,
    ] {
        let data = format!(r#"{{"id":"{ID}","odd":{value}}}"#);
        for message in [
            format!(r#"{{"data":{data}}}"#),
            format!(r#"{{"odd":{value},"data":{data}}}"#),
            format!(r#"{{"\ud83d":{value},"data":{data}}}"#),
        ] {
            let split = split_text(&message);
            assert_eq!(split.kind, "post");
            assert_eq!(text(&split, Lane::Tweets), data);
        }
    }
}

#[test]
fn bytes_that_are_no_message_become_dead_letters() {
    let cases: [(&[u8], DeadLetterReason); 16] = [
        (b"", DeadLetterReason::NotJson),
        (b"   ", DeadLetterReason::NotJson),
        (b"upstream request timeout", DeadLetterReason::NotJson),
        (
            b"{\"data\":{\"id\":\"1\",\"text\":\"cut he",
            DeadLetterReason::NotJson,
        ),
        (
            b"{\"data\":{\"id\":\"1\"}}{\"data\":{\"id\":\"2\"}}",
            DeadLetterReason::NotJson,
        ),
        (
            b"\xef\xbb\xbf{\"data\":{\"id\":\"1\"}}",
            DeadLetterReason::NotJson,
        ),
        (b"\0\0\0", DeadLetterReason::NotJson),
        (
            b"{\"data\":{\"id\":\"1\",\"text\":\"a\x01b\"}}",
            DeadLetterReason::NotJson,
        ),
        (b"{\"a\x01b\":1}", DeadLetterReason::NotJson),
        (b"[1,", DeadLetterReason::NotJson),
        (
            b"{\"data\":{\"id\":\"1\",\"text\":\"\xff\"}}",
            DeadLetterReason::NotUtf8,
        ),
        (
            b"{\"data\":{\"id\":\"1\",\"text\":\"\xed\xa0\x80\"}}",
            DeadLetterReason::NotUtf8,
        ),
        (b"[{\"data\":{\"id\":\"1\"}}]", DeadLetterReason::NotAnObject),
        (b"42", DeadLetterReason::NotAnObject),
        (b"null", DeadLetterReason::NotAnObject),
        (
            b"{\"data\":{\"id\":\"1\"},\"data\":{\"id\":\"2\"}}",
            DeadLetterReason::DuplicateKey,
        ),
    ];
    for (bytes, reason) in cases {
        let split = split_bytes(bytes);
        assert_eq!(
            split.split,
            Split::dead_letter(reason),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    // Even if one of the two is null, or spelled with an escape.
    assert_eq!(
        split_text(r#"{"errors":null,"err\u006frs":[1]}"#).dead_letter,
        Some(DeadLetterReason::DuplicateKey)
    );
}

#[test]
fn objects_of_unseen_kinds_are_kept_whole() {
    for message in [
        "{}",
        r#"{"weather":{"wind":7}}"#,
        r#"{"a\u0001b":1}"#,
        r#"{"data":["id",1]}"#,
        r#"{"data":{"x":"id"}}"#,
        r#"{"data":null}"#,
        r#"{"data":[]}"#,
        r#"{"data":"text"}"#,
        r#"{"data":{"text":"no id"}}"#,
        r#"{"data":{"id":""}}"#,
        r#"{"data":{"id":null}}"#,
        r#"{"data":{"id":{"a":1}}}"#,
        r#"{"data":{"delete":{"event_at":"now"}}}"#,
        r#"{"data":{"delete":{"tweet":{"id":"1"}},"drop":{}}}"#,
        r#"{"data":{"delete":{"tweet":{"id":"1"}}},"errors":[{"title":"x"}]}"#,
        r#"{"errors":[ ]}"#,
        r#"{"errors":null,"error":null}"#,
    ] {
        let split = split_text(message);
        assert_eq!(
            (split.kind, lanes(&split).as_str()),
            ("unknown", "unknown"),
            "{message}"
        );
        assert_eq!(text(&split, Lane::Unknown), message);
        assert_eq!((key(&split), &split.verdict), (None, &Verdict::Continue));
    }
}

#[test]
fn compliance_events_are_keyed_by_what_they_concern() {
    for (data, id) in [
        (
            r#"{"delete":{"tweet":{"id":"1","author_id":"2"},"event_at":"t"}}"#,
            "1",
        ),
        (
            r#"{"withheld":{"tweet":{"id":"3"},"withheld_in_countries":["XX"],"event_at":"t"}}"#,
            "3",
        ),
        (
            r#"{"tweet_edit":{"tweet":{"id":"4"},"initial_tweet_id":"1","edit_tweet_ids":["1"],"event_at":"t"}}"#,
            "4",
        ),
        (r#"{"user_suspend":{"user":{"id":"5"},"event_at":"t"}}"#, "5"),
        (
            r#"{"scrub_geo":{"user":{"id":6},"up_to_tweet_id":"9","event_at":"t"}}"#,
            "6",
        ),
        (
            r#"{"user_profile_modification":{"user":{"id":"7"},"profile_field":"a","new_value":"b"}}"#,
            "7",
        ),
        (
            r#"{"delete":{"favorite":{"id":"8","user_id":"9"},"event_at":"t"}}"#,
            "8",
        ),
        (
            r#"{"public_tweet_notice":{"tweet":{"id":"10","author_id":"2"},"event_type":"x"}}"#,
            "10",
        ),
    ] {
        let split = split_text(&format!(r#"{{"data":{data}}}"#));
        assert_eq!(
            (split.kind, lanes(&split).as_str()),
            ("compliance", "compliance"),
            "{data}"
        );
        assert_eq!(text(&split, Lane::Compliance), data);
        assert_eq!(key(&split), Some(id));
    }
}

#[test]
fn creation_is_read_from_snowflakes_only() {
    assert_eq!(
        created_at(b"1380242611781386245").unwrap().to_string(),
        "2021-04-08T19:34:16.973Z"
    );
    for id in ["20", "0f", "99999999999999999999", "29700859247"] {
        assert_eq!(created_at(id.as_bytes()), None, "{id}");
    }
}

#[test]
fn a_post_is_a_slice_of_the_message_and_its_key_is_not() {
    let message = Bytes::from(format!(r#"{{"data":{{"id":"{ID}"}}}}"#));
    let inside = message.as_ptr_range();
    let split = split(Messages::Posts, &message);
    assert!(inside.contains(&split.value(Lane::Tweets, &message).unwrap().as_ptr()));
    assert!(!inside.contains(&split.key.unwrap().as_ptr()));
}

/// Something like JSON: members of ours with all kinds of values, in any order, whole or cut.
fn like_a_message() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just(r#"[{"title":"x"}]"#.to_owned()),
        Just(r#"{"id":"5","a":[{}]}"#.to_owned()),
        Just(r#"{"delete":{"tweet":{"id":"1"}}}"#.to_owned()),
        "[0-9]{1,25}",
        "\"[a-z\\\\u{e9}]{0,5}\"",
    ];
    let name = prop_oneof![
        Just("data"),
        Just("includes"),
        Just("errors"),
        Just("matching_rules"),
        Just("error"),
        Just("other")
    ];
    let member = (name, value).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    let whole = prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(",")));
    (whole, any::<prop::sample::Index>(), prop::bool::weighted(0.2)).prop_map(|(mut text, at, cut)| {
        if cut {
            let at = at.index(text.len());
            text.truncate((0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0));
        }
        text
    })
}

/// The members of an object: some called `id`, with strings and brackets that could mislead a scan.
fn members_of_data() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let name = prop_oneof![Just("id"), Just("type"), Just("\\ud83d")];
    let value = prop_oneof![
        "[aé\"\\\\{}\\[\\]:,]{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[1-9][0-9]{0,30}",
        Just("\"id\"".to_owned()),
        Just(r#"{"id":"9"}"#.to_owned()),
        Just(r#"["id",{"id":8}]"#.to_owned()),
    ];
    prop::collection::vec((name, value), 0..5)
}

fn check(message: &Bytes) {
    let parts = split_bytes(message);
    let text_of = |lane| super::tests::text(&parts, lane);
    assert!(MessageKind::ALL.map(MessageKind::name).contains(&parts.kind));
    assert_eq!(
        parts.dead_letter.is_some(),
        parts.kind == MessageKind::Invalid.name()
    );
    assert_eq!(
        parts.values[Lane::Responses].is_some(),
        parts.dead_letter.is_none()
    );
    let text = String::from_utf8_lossy(message).into_owned();
    for lane in parts.lanes().iter() {
        let value = text_of(lane);
        let _: &serde_json::value::RawValue = serde_json::from_str(&value).unwrap();
        let prefix = format!(
            "{{\"tweet_id\":\"{}\",\"{}\":",
            key(&parts).unwrap_or_default(),
            lane.name()
        );
        let inner = value
            .strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix('}'));
        assert!(text.contains(inner.unwrap_or(&value)));
    }
    assert_eq!(
        parts.split,
        split(Messages::Posts, message),
        "the same bytes give the same answer"
    );
}

proptest! {
    #[test]
    fn any_bytes_split(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&Bytes::from(bytes));
    }

    #[test]
    fn the_id_is_the_first_in_the_object_itself(members in members_of_data(), space in "[ \\t]?") {
        let expected = members.iter().find(|(name, _)| *name == "id").and_then(|(_, value)| {
            let inside = value.strip_prefix('"').map_or(value.as_str(), |rest| &rest[..rest.len() - 1]);
            Some(inside).filter(|inside| !inside.is_empty() && !value.starts_with(['{', '[']))
        });
        let members = members.iter().map(|(name, value)| format!("\"{name}\"{space}:{space}{value}{space}"));
        let data = members.collect::<Vec<_>>().join(",");
        let split = split_text(&format!("{{\"data\":{{{data}}}}}"));
        prop_assert_eq!(key(&split), expected);
    }

    #[test]
    fn anything_like_a_message_splits(text in like_a_message()) {
        check(&Bytes::from(text));
    }
}
