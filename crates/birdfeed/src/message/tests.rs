use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use source_x::endpoint::Messages;
use source_x::split::MessageKind;

use super::*;

fn post(json: &str) -> Post {
    let message = Message::new(
        Messages::Posts,
        MessageKind::Post,
        Bytes::copy_from_slice(json.as_bytes()),
    );
    message.post().unwrap()
}

#[test]
fn a_post_has_what_came_with_it() {
    let post = post(concat!(
        r#"{"data":{"id":"12","text":"a\nb","author_id":"7","created_at":"2026-01-02T03:04:05.678Z","#,
        r#""attachments":{"media_keys":["3_1"],"poll_ids":["5"]},"geo":{"place_id":"x"},"#,
        r#""referenced_tweets":[{"type":"quoted","id":"11"}],"public_metrics":{"like_count":3},"#,
        r#""note_tweet":{"text":"a\nb and more"}},"#,
        r#""includes":{"users":[{"id":"6"},{"id":"7","name":"N","username":"n","verified":true}],"#,
        r#""media":[{"media_key":"3_1","type":"photo","width":10}],"polls":[{"id":"5","options":[{"label":"yes"}]}],"#,
        r#""places":[{"id":"x","full_name":"P"}],"tweets":[{"id":"11","author_id":"6"}]},"#,
        r#""errors":[{"title":"Not Found Error"}],"matching_rules":[{"id":1166916266197536768,"tag":null},{"id":"2","tag":"t"}]}"#
    ));
    assert_eq!((post.id().as_ref(), post.text().as_ref()), ("12", "a\nb"));
    assert_eq!(post.full_text(), "a\nb and more");
    let created = UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
    assert_eq!(post.created_at(), Some(created));
    let author = post.author().unwrap();
    assert_eq!((author.username().as_ref(), author.verified()), ("n", Some(true)));
    assert_eq!(post.media()[0].width(), Some(10));
    assert_eq!(post.polls()[0].options()[0].text("label").unwrap(), "yes");
    assert_eq!(post.place().unwrap().full_name(), "P");
    assert_eq!(post.references()[0].kind(), "quoted");
    assert_eq!(post.includes().posts()[0].author().unwrap().id(), "6");
    assert_eq!(post.public_metrics().unwrap().number("like_count"), Some(3));
    assert_eq!(post.errors()[0].text("title").unwrap(), "Not Found Error");
    let rules = post.matching_rules();
    assert_eq!(
        (rules[0].id().as_ref(), rules[0].tag()),
        ("1166916266197536768", None)
    );
    assert_eq!(rules[1].tag().unwrap(), "t");
}

#[test]
fn nothing_fails_on_what_is_missing_or_of_another_kind() {
    let post = post(
        r#"{"data":{"id":12345678901234567890,"text":7,"created_at":"yesterday","attachments":[],"geo":"","public_metrics":null,"note_tweet":{},"lang":{}},"includes":5,"errors":{},"matching_rules":[3,{}]}"#,
    );
    assert_eq!(
        (post.id().as_ref(), post.text().as_ref()),
        ("12345678901234567890", "7")
    );
    assert_eq!(
        (post.created_at(), post.lang(), post.author()),
        (None, None, None)
    );
    assert_eq!((post.full_text().as_str(), post.public_metrics()), ("7", None));
    assert!(post.media().is_empty() && post.polls().is_empty() && post.place().is_none());
    assert!(post.includes().is_empty() && post.errors().is_empty());
    assert_eq!(post.matching_rules().len(), 1);
    assert_eq!(post.matching_rules()[0].id(), "");
}

#[test]
fn half_surrogates_and_deep_nesting_are_taken() {
    let depth = 200_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let json = format!(
        r#"{{"data":{{"id":"1","text":"a\ud800b\udc00\ud83d\ude00","\ud800":1,"deep":{deep},"text":"second"}},"x":{deep}}}"#
    );
    let post = post(&json);
    assert_eq!(post.text(), "a\u{FFFD}b\u{FFFD}😀");
    assert_eq!(post.object().get("deep").unwrap().len(), deep.len());
    assert_eq!(post.object().names().nth(2), Some("\u{FFFD}"));
    assert_eq!(post.message().raw(), json.as_bytes());
}

#[test]
fn what_is_no_object_has_no_members() {
    for line in ["[1]", "nonsense", "", "\u{1}"] {
        let message = Message::new(
            Messages::Posts,
            MessageKind::Invalid,
            Bytes::copy_from_slice(line.as_bytes()),
        );
        assert!(message.post().is_none() && message.data().is_none() && message.errors().is_empty());
        assert_eq!(message.object().names().count(), 0);
    }
}

#[test]
fn a_status_is_read_as_v1_1_writes_it() {
    let json = concat!(
        r#"{"created_at":"Sat Mar 10 14:03:15 +0000 2018","id":972474975512178689,"id_str":"972474975512178688","text":"a","#,
        r#""truncated":true,"extended_tweet":{"full_text":"a and more"},"user":{"id_str":"7","screen_name":"n","#,
        r#""created_at":"Thu Jan 01 00:00:01 +0000 1970"},"in_reply_to_status_id":null,"quoted_status":{"id":5}}"#
    );
    let raw = Bytes::from_static(json.as_bytes());
    let message = Message::new(Messages::Statuses, MessageKind::Post, raw);
    assert!(message.is_v1() && message.post().is_none());
    let status = message.status().unwrap();
    assert_eq!(status.id(), "972474975512178688");
    assert_eq!(status.full_text(), "a and more");
    let created = UNIX_EPOCH + Duration::from_secs(1_520_690_595);
    assert_eq!(status.created_at(), Some(created));
    let user = status.user().unwrap();
    assert_eq!((user.id().as_ref(), user.screen_name().as_ref()), ("7", "n"));
    assert_eq!(user.created_at(), Some(UNIX_EPOCH + Duration::from_secs(1)));
    assert_eq!(
        (
            status.quoted_status().unwrap().id().as_ref(),
            status.retweeted_status()
        ),
        ("5", None)
    );
}
