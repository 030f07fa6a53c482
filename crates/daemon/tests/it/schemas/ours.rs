//! Records that are ours (events, dead letters, envelopes): their schemas take what the code writes, and nothing that differs from it.

use serde_json::{Value, json};
use stream_core::model::{
    ConnectOutcome, DeadLetter, DeadLetterReason, DisconnectReason, DropReason, GapCause, Lane, Refused,
    Repair, StreamEvent, Timestamp,
};

use super::{Schema, document};

const STREAM: &str = "main";

/// An event of each kind, every member set. A new kind does not compile until it is in [`place`], and is missed until it is here.
fn events() -> Vec<Value> {
    let (stream, sink, at) = (STREAM, "kafka", Timestamp::from_millis(1_595_000_000_123));
    let (from, to) = (at, at);
    let (detail, first_post) = ("said so", "7");
    let (connection, created, deleted, refused, records) = (1, 1, 2, 3, 4);
    let (missing, unwanted, retagged, mended) = (1, 2, 3, true);
    #[rustfmt::skip]
    let all = [
        StreamEvent::Connected { stream, at, connection },
        StreamEvent::ConnectFailed { stream, at, outcome: ConnectOutcome::Http, status: Some(503), detail },
        StreamEvent::Disconnected { stream, at, connection, reason: DisconnectReason::Silence, detail },
        StreamEvent::Gap {
            stream, from, to, seconds: 2.5, reason: GapCause::Restart, filled: false, last_post: Some("7"),
            repair: Repair::None, remains_seconds: 2.5,
        },
        StreamEvent::GapResumed { stream, from, to, first_post },
        StreamEvent::Recovered { stream, at, from, to, whole: false, messages: Some(7), detail: Some(detail) },
        StreamEvent::Lost { stream, at, from: 7, to: 9 },
        StreamEvent::RulesChanged { stream, at, cause: "drift", created, deleted, refused },
        StreamEvent::RulesDrift { stream, at, missing, unwanted, retagged, mended },
        StreamEvent::Dropped {
            stream, at, sink, lane: Lane::Tweets, from: 7, to: 9, records, reason: DropReason::Stuck.name(),
        },
    ];
    let places: Vec<_> = all.iter().map(place).collect();
    assert!(places.iter().copied().eq(0..all.len()), "{places:?}");
    let json = |event: &StreamEvent<'_>| serde_json::from_slice(&event.to_json()).unwrap();
    all.iter().map(json).collect()
}

/// Where a kind of event stands in [`events`].
fn place(event: &StreamEvent<'_>) -> usize {
    match event {
        StreamEvent::Connected { .. } => 0,
        StreamEvent::ConnectFailed { .. } => 1,
        StreamEvent::Disconnected { .. } => 2,
        StreamEvent::Gap { .. } => 3,
        StreamEvent::GapResumed { .. } => 4,
        StreamEvent::Recovered { .. } => 5,
        StreamEvent::Lost { .. } => 6,
        StreamEvent::RulesChanged { .. } => 7,
        StreamEvent::RulesDrift { .. } => 8,
        StreamEvent::Dropped { .. } => 9,
    }
}

fn letter() -> Value {
    let refused = Refused {
        sink: "kafka",
        record: "1764000000:7:tweets".to_owned(),
        detail: "too large",
    };
    let letter = DeadLetter::refused(Timestamp::from_millis(0), b"abc", refused);
    serde_json::from_slice(&letter.to_json()).unwrap()
}

/// Nothing may be missing, nothing added, and nothing of another kind.
fn assert_exact(schema: &Schema, about: &str, value: &Value, optional: &[&str]) {
    schema.assert_takes(about, value);
    let mut more = value.clone();
    more["colour"] = json!("red");
    schema.assert_refuses(about, &more);
    for name in value.as_object().unwrap().keys() {
        let mut less = value.clone();
        less.as_object_mut().unwrap().remove(name);
        if optional.contains(&name.as_str()) {
            schema.assert_takes(about, &less);
        } else {
            schema.assert_refuses(about, &less);
        }
        for other in [json!([]), json!({}), json!(true), json!(-1), json!("~")] {
            let mut wrong = value.clone();
            wrong[name].clone_from(&other);
            let free = free(&value[name], &other);
            assert!(
                free || schema.complaint(&wrong).is_some(),
                "{about} takes {wrong}"
            );
        }
    }
}

/// Whether `other` may stand in the place of `value`: a text without a form, a flag, a number of seconds, any value in an envelope.
fn free(value: &Value, other: &Value) -> bool {
    let known = value
        .as_str()
        .is_some_and(|text| text == STREAM || text.contains(' ') || text == "kafka" || text == "7");
    (known && other.is_string())
        || (value.is_boolean() && other.is_boolean())
        || (value.is_f64() && other.is_number())
        || (value.is_object() && other.is_object())
}

#[test]
fn events_are_what_the_schema_says_and_nothing_else() {
    let schema = Schema::of("events");
    let events = events();
    for event in &events {
        assert_exact(&schema, "events", event, &[]);
    }
    let kinds = document("events")["oneOf"].as_array().unwrap().clone();
    let described: Vec<_> = kinds
        .iter()
        .map(|kind| &kind["properties"]["type"]["const"])
        .collect();
    assert_eq!(
        described,
        events.iter().map(|event| &event["type"]).collect::<Vec<_>>()
    );
    for nothing in ["status", "last_post", "messages"] {
        let mut event = events
            .iter()
            .find(|event| event.get(nothing).is_some())
            .unwrap()
            .clone();
        event[nothing] = Value::Null;
        schema.assert_takes("events", &event);
    }
}

#[test]
fn dead_letters_are_what_the_schema_says_and_nothing_else() {
    let schema = Schema::of("dead_letter");
    assert_exact(&schema, "dead_letter", &letter(), &["refused"]);
    for name in ["sink", "record", "detail"] {
        let mut less = letter();
        less["refused"].as_object_mut().unwrap().remove(name);
        schema.assert_refuses("dead_letter", &less);
    }
    let mut other = letter();
    other["reason"] = json!("not_json");
    schema.assert_refuses("a refusal for another reason", &other);
    other = letter();
    other["refused"]["record"] = json!("1:2:colours");
    schema.assert_refuses("a lane that there is not", &other);
}

#[test]
fn envelopes_are_what_the_schema_says_and_nothing_else() {
    let line = json!({
        "birdfeed": "1764000000:7::tweets,includes", "key": "7", "received_at": "1970-01-01T00:00:00.000Z",
        "repeat": true, "value": {},
    });
    let schema = Schema::of("envelope");
    assert_exact(&schema, "envelope", &line, &["repeat"]);
    for header in [
        "1:2",
        "1:2::",
        "a:2::tweets",
        "1:2:3.x:tweets",
        "1:2::colours",
        "1:2::tweets,",
    ] {
        let mut wrong = line.clone();
        wrong["birdfeed"] = json!(header);
        schema.assert_refuses("envelope", &wrong);
    }
}

/// The values of a closed set in a schema.
fn listed(name: &str, pointer: &str) -> Vec<String> {
    let document = document(name);
    let list = document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{name}: {pointer}"));
    serde_json::from_value(list.clone()).unwrap()
}

#[test]
fn closed_sets_are_those_of_the_code() {
    let lanes = Lane::ALL.map(Lane::name);
    let event = |at: usize, member: &str| format!("/oneOf/{at}/properties/{member}/enum");
    assert_eq!(
        listed("events", &event(1, "outcome")),
        ConnectOutcome::ALL.map(ConnectOutcome::name)
    );
    assert_eq!(
        listed("events", "/definitions/disconnect/enum"),
        DisconnectReason::ALL.map(DisconnectReason::name)
    );
    assert_eq!(
        listed("events", &event(3, "repair")),
        Repair::ALL.map(Repair::name)
    );
    assert_eq!(listed("events", &event(9, "lane")), lanes);
    assert_eq!(
        listed("events", &event(9, "reason")),
        DropReason::ALL.map(DropReason::name)
    );
    assert_eq!(
        listed("dead_letter", "/properties/reason/enum"),
        DeadLetterReason::ALL.map(DeadLetterReason::name)
    );
    let lanes = lanes.join("|");
    let header = &document("envelope")["properties"]["birdfeed"]["pattern"];
    assert!(
        header
            .as_str()
            .unwrap()
            .contains(&format!("({lanes})(,({lanes}))*")),
        "{header}"
    );
}
