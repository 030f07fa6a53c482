use proptest::prelude::*;
use stream_core::model::DeadLetterReason;
use stream_core::source::{ConnectErrorClass as Class, Verdict};

use super::*;

fn lanes(split: &Split) -> String {
    let rest = split.lanes().iter().filter(|lane| *lane != Lane::Responses);
    rest.collect::<stream_core::model::LaneSet>().to_string()
}

fn split_text(text: &str) -> Split {
    split(&Bytes::copy_from_slice(text.as_bytes()))
}

/// A message, its kind, its lane besides `responses`, its key.
const MESSAGES: &[(&str, &str, &str, Option<&str>)] = &[
    (
        r#"{"in_reply_to_status_id":null,"id":7,"id_str":"8","text":"a"}"#,
        "post",
        "tweets",
        Some("8"),
    ),
    (
        r#"{"text":"a","id":12345678901234567890}"#,
        "post",
        "tweets",
        Some("12345678901234567890"),
    ),
    (
        r#"{"full_text":"a","id_str":"7","delete":null}"#,
        "post",
        "tweets",
        Some("7"),
    ),
    (
        r#"{"delete":{"status":{"id":1234,"id_str":"1234","user_id":3},"timestamp_ms":"5"}}"#,
        "compliance",
        "compliance",
        Some("1234"),
    ),
    (
        r#"{"scrub_geo":{"user_id":14,"user_id_str":"14","up_to_status_id":23}}"#,
        "compliance",
        "compliance",
        Some("14"),
    ),
    (
        r#"{"status_withheld":{"id":21,"user_id":30,"withheld_in_countries":["DE","AR"]}}"#,
        "compliance",
        "compliance",
        Some("21"),
    ),
    (
        r#"{"user_withheld":{"id":31,"withheld_in_countries":["DE"]}}"#,
        "compliance",
        "compliance",
        Some("31"),
    ),
    (
        r#"{"limit":{"track":1234,"timestamp_ms":"5"}}"#,
        "limit",
        "errors",
        None,
    ),
    (
        r#"{"warning":{"code":"FALLING_BEHIND","message":"m","percent_full":60}}"#,
        "warning",
        "errors",
        None,
    ),
    (
        r#"{"warning":{"code":"FOLLOWS_OVER_LIMIT","message":"m","user_id":9}}"#,
        "warning",
        "errors",
        None,
    ),
    (
        r#"{"disconnect":{"code":4,"stream_name":"s","reason":"r"}}"#,
        "disconnect",
        "errors",
        None,
    ),
    (r#"{"friends":[1497,169686021]}"#, "unknown", "unknown", None),
    (
        r#"{"event":"favorite","target":{"id":1},"source":{"id":2}}"#,
        "unknown",
        "unknown",
        None,
    ),
    (
        r#"{"direct_message":{"id":1,"text":"a"}}"#,
        "unknown",
        "unknown",
        None,
    ),
    (
        r#"{"for_user":"1888","message":{"text":"a","id":1}}"#,
        "unknown",
        "unknown",
        None,
    ),
    (
        r#"{"control":{"control_uri":"/1.1/site/c/1"}}"#,
        "unknown",
        "unknown",
        None,
    ),
    (
        r#"{"type":"connection_metadata","datacenter":"atla","timestamp":1762557264155}"#,
        "unknown",
        "unknown",
        None,
    ),
    (r#"{"delete":{"status":{}}}"#, "unknown", "unknown", None),
    (r#"{"delete":7}"#, "unknown", "unknown", None),
    (r#"{"text":"no id"}"#, "unknown", "unknown", None),
    (
        r#"{"error":{"message":"Forced Disconnect: Too many connections. (Allowed Connections = 2)"}}"#,
        "error",
        "errors",
        None,
    ),
];

#[test]
fn each_type_of_message_has_its_lane_and_its_key() {
    for &(message, kind, lane, key) in MESSAGES {
        let split = split_text(message);
        assert_eq!((split.kind, lanes(&split).as_str()), (kind, lane), "{message}");
        assert_eq!(split.key.as_deref(), key.map(str::as_bytes), "{message}");
        let lane = split
            .lanes()
            .iter()
            .find(|lane| *lane != Lane::Responses)
            .unwrap();
        assert_eq!(
            split
                .value(lane, &Bytes::copy_from_slice(message.as_bytes()))
                .unwrap(),
            message
        );
    }
    assert_eq!(split_text(r#"{"limit":{"track":1234}}"#).undelivered, Some(1_234));
    assert_eq!(split_text(r#"{"limit":{"track":-1}}"#).undelivered, None);
    let status = split_text(r#"{"text":"a","id_str":"1380242611781386245"}"#);
    assert_eq!(status.created_at.unwrap().to_string(), "2021-04-08T19:34:16.973Z");
}

#[test]
fn each_disconnect_code_has_its_name_and_its_schedule() {
    for (number, refusal, words) in [
        (1, None, "1, shutdown: why"),
        (
            2,
            Some(Class::TooManyConnections),
            "2, duplicate stream: why (another client streams",
        ),
        (3, None, "3, control request: why"),
        (4, None, "4, stall: why"),
        (5, None, "5, normal: why"),
        (
            6,
            Some(Class::Refused),
            "6, token revoked: why (the user has taken",
        ),
        (
            7,
            Some(Class::TooManyConnections),
            "7, admin logout: why (another client streams",
        ),
        (8, None, "8, internal: why"),
        (10, None, "10, stream exception: why"),
        (11, None, "11, broker stall: why"),
        (12, None, "12, shed load: why"),
        (13, None, "13, which has no name: why"),
    ] {
        let split = split_text(&format!(
            r#"{{"disconnect":{{"code":{number},"reason":"wh\u0079"}}}}"#
        ));
        let Verdict::Disconnect(said) = split.verdict else {
            panic!("{number}")
        };
        assert_eq!(said.refusal, refusal, "{number}");
        assert!(
            said.detail.starts_with(&format!("disconnect code {words}")),
            "{}",
            said.detail
        );
    }
    let done = split_text(r#"{"disconnect":{"code":9,"reason":"backfill"}}"#).verdict;
    assert_eq!(
        done,
        Verdict::Finished("disconnect code 9, max message limit: backfill".to_owned())
    );
    for odd in [
        r#"{"disconnect":{"code":"x"}}"#,
        r#"{"disconnect":[]}"#,
        r#"{"disconnect":{"reason":"\ud83d"}}"#,
    ] {
        let Verdict::Disconnect(said) = split_text(odd).verdict else {
            panic!("{odd}")
        };
        assert_eq!(
            (said.refusal, said.detail.as_str()),
            (None, "disconnect without a code")
        );
    }
}

#[test]
fn bytes_that_are_no_message_become_dead_letters() {
    for (bytes, reason) in [
        (&b""[..], DeadLetterReason::NotJson),
        (b"{\"text\":\"cut", DeadLetterReason::NotJson),
        (b"{\"text\":\"\xff\"}", DeadLetterReason::NotUtf8),
        (b"[{\"id\":1}]", DeadLetterReason::NotAnObject),
        (
            b"{\"id\":1,\"id\":2,\"text\":\"a\"}",
            DeadLetterReason::DuplicateKey,
        ),
    ] {
        assert_eq!(split(&Bytes::from_static(bytes)), Split::dead_letter(reason));
    }
}

#[test]
fn a_list_is_its_items_each_as_it_stands() {
    let several = |text: &str| listed(&Bytes::copy_from_slice(text.as_bytes()));
    let found = several(r#" [ {"id":1, "text":"a"} ,{"id":2}, 7]"#).unwrap();
    assert_eq!(found, [r#"{"id":1, "text":"a"}"#, r#"{"id":2}"#, "7"]);
    for none in ["{}", "[]", "[ ]", "[1", "[1,]", "[1]x", "", "7"] {
        assert_eq!(several(none), None, "{none}");
    }
    assert_eq!(several(&format!("[{}1]", "1,".repeat(999))).unwrap().len(), MOST);
    assert_eq!(several(&format!("[{}1]", "1,".repeat(1_000))), None);
}

proptest! {
    #[test]
    fn any_bytes_split(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let split = split(&Bytes::from(bytes));
        prop_assert_eq!(split.dead_letter.is_some(), split.kind == MessageKind::Invalid.name());
    }

    #[test]
    fn anything_like_a_message_has_a_kind_of_the_closed_set(
        name in "delete|limit|disconnect|warning|scrub_geo|text|id|id_str|x",
        value in r#"null|7|"7"|\{"status":\{"id":1\}\}|\{"code":[0-9]{1,25}\}|\[\]"#,
    ) {
        let message = Bytes::from(format!(r#"{{"id_str":"1","{name}":{value}}}"#));
        let split = split(&message);
        prop_assert!(MessageKind::ALL.map(MessageKind::name).contains(&split.kind));
        prop_assert!(split.dead_letter.is_some() || split.values[Lane::Responses].is_some());
    }
}
