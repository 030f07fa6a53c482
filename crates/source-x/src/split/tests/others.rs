//! Likes, activity, and both of X's vocabularies.

use super::*;

fn parts(messages: Messages, line: &'static str) -> (Split, Bytes) {
    let line = Bytes::from_static(line.as_bytes());
    (split(messages, &line), line)
}

#[test]
fn a_like_goes_to_its_own_lane_and_what_came_with_it_stands_beside_its_id() {
    let line =
        r#"{"data":{"id":"0a","liked_tweet_id":"7"},"includes":{"users":[]},"errors":[{"title":"t"}]}"#;
    let (split, line) = parts(Messages::Likes, line);
    assert_eq!((split.kind, split.key.as_deref()), ("like", Some(&b"0a"[..])));
    let value = |lane| {
        split
            .value(lane, &line)
            .map(|value| String::from_utf8(value.into()).unwrap())
    };
    assert_eq!(value(Lane::Likes).unwrap(), r#"{"id":"0a","liked_tweet_id":"7"}"#);
    assert_eq!(
        value(Lane::Includes).unwrap(),
        r#"{"like_id":"0a","includes":{"users":[]}}"#
    );
    assert_eq!(
        value(Lane::Errors).unwrap(),
        r#"{"like_id":"0a","errors":[{"title":"t"}]}"#
    );
    assert_eq!(value(Lane::Tweets), None);
    assert!(split.is_proof());
}

#[test]
fn an_account_event_goes_whole_to_its_lane_keyed_by_the_account() {
    let line = r#"{"data":{"event_uuid":"-3","event_type":"post.create","filter":{"user_id":"12"},"payload":{"id":"9"}}}"#;
    let (split, line) = parts(Messages::Activity, line);
    assert_eq!((split.kind, split.key.as_deref()), ("activity", Some(&b"12"[..])));
    assert_eq!(split.value(Lane::Activity, &line).unwrap(), line);
    assert!(split.is_proof());
    // News have a word for a filter, and no account.
    let (split, _) = parts(
        Messages::Activity,
        r#"{"data":{"event_type":"news.new","filter":{"keyword":"x"}}}"#,
    );
    assert_eq!((split.kind, split.key), ("activity", None));
    let (split, _) = parts(Messages::Activity, r#"{"data":{"id":"1","text":"a post"}}"#);
    assert_eq!(split.kind, "unknown");
}

#[test]
fn errors_alone_end_each_of_them() {
    let line =
        r#"{"errors":[{"disconnect_type":"OperationalDisconnect","type":"x/operational-disconnect"}]}"#;
    for messages in [Messages::Posts, Messages::Likes, Messages::Activity] {
        let (split, _) = parts(messages, line);
        assert!(matches!(split.verdict, Verdict::Disconnect(_)), "{messages:?}");
    }
}

#[test]
fn compliance_is_understood_in_both_vocabularies() {
    for (line, key) in [
        (
            r#"{"data":{"delete":{"post":{"id":"5","author_id":"6"},"event_at":"t"}}}"#,
            "5",
        ),
        (
            r#"{"data":{"tweet_edit":{"tweet":{"id":"8"},"initial_tweet_id":"7"}}}"#,
            "8",
        ),
        (
            r#"{"data":{"post_edit":{"post":{"id":"8"},"initial_post_id":"7"}}}"#,
            "8",
        ),
        (
            r#"{"data":{"delete":{"favorite":{"id":"4","user_id":"6"},"event_at":"t"}}}"#,
            "4",
        ),
        (
            r#"{"data":{"public_post_notice":{"post":{"id":"3"},"application":"apply"}}}"#,
            "3",
        ),
    ] {
        // The stream of likes' compliance brings nothing but events; the others may not hide one.
        for messages in [Messages::Posts, Messages::Likes] {
            let (split, _) = parts(messages, line);
            assert_eq!(
                (split.kind, split.key.as_deref()),
                ("compliance", Some(key.as_bytes())),
                "{line}"
            );
        }
    }
}
