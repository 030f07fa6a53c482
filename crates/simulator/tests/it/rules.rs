//! The rules endpoints, in X's shapes.

use serde_json::{Value, json};
use simulator::{RuleIds, Settings, Simulator, Untagged};

use crate::client::{RULES, get_json, post_json};

async fn start(rule_cap: usize) -> Simulator {
    Simulator::start(Settings {
        rate: 0.0,
        rule_cap,
        ..Settings::default()
    })
    .await
    .unwrap()
}

fn summary(body: &Value) -> &Value {
    assert!(body["meta"]["sent"].as_str().unwrap().ends_with('Z'));
    &body["meta"]["summary"]
}

#[tokio::test]
async fn rules_are_added_listed_and_deleted() {
    let simulator = start(10).await;
    let (status, body) = get_json(simulator.addr(), RULES).await;
    assert_eq!(
        (status, body.get("data"), &body["meta"]["result_count"]),
        (200, None, &json!(0))
    );

    let add = r#"{"add":[{"value":"cat has:media","tag":"cats"},{"value":"dog"}]}"#;
    let (status, body) = post_json(simulator.addr(), RULES, add).await;
    assert_eq!(status, 201);
    assert_eq!(
        *summary(&body),
        json!({"created":2,"not_created":0,"valid":2,"invalid":0})
    );
    let ids: Vec<u64> = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids[0].abs_diff(ids[1]), 1, "ids of one request are consecutive");

    let (_, body) = get_json(simulator.addr(), RULES).await;
    assert_eq!(body["meta"]["result_count"], 2);
    assert_eq!(body["data"][0]["tag"], "cats");
    assert_eq!(body["data"][1].get("tag"), None);

    let first = body["data"][0]["id"].as_str().unwrap();
    let delete = format!(r#"{{"delete":{{"ids":["{first}"],"values":["dog","unknown"]}}}}"#);
    let (status, body) = post_json(simulator.addr(), &format!("{RULES}?dry_run=True"), &delete).await;
    assert_eq!((status, simulator.rules().len()), (200, 2));
    assert_eq!(*summary(&body), json!({"deleted":2,"not_deleted":1}));
    let (status, _) = post_json(simulator.addr(), RULES, &delete).await;
    assert_eq!((status, simulator.rules().len()), (200, 0));
}

#[tokio::test]
async fn delete_all_needs_no_body() {
    let simulator = start(10).await;
    simulator.add_rule("a", None);
    simulator.add_rule("b", None);
    let (status, body) = post_json(simulator.addr(), &format!("{RULES}?delete_all=true"), "").await;
    assert_eq!(
        (status, summary(&body)),
        (200, &json!({"deleted":2,"not_deleted":0}))
    );
    assert!(simulator.rules().is_empty());
}

#[tokio::test]
async fn a_dry_run_has_an_id_and_stores_nothing() {
    let simulator = start(10).await;
    let add = r#"{"add":[{"value":"cat"}]}"#;
    let (status, body) = post_json(simulator.addr(), &format!("{RULES}?dry_run=true"), add).await;
    assert_eq!(status, 201);
    assert!(body["data"][0]["id"].is_string());
    assert!(simulator.rules().is_empty());
}

#[tokio::test]
async fn duplicates_invalid_and_too_many() {
    let simulator = start(2).await;
    let id = simulator.add_rule("cat", None);
    let (status, body) = post_json(simulator.addr(), RULES, r#"{"add":[{"value":"cat"}]}"#).await;
    assert_eq!(status, 201, "duplicates alone are a 201");
    assert_eq!(
        *summary(&body),
        json!({"created":0,"not_created":1,"valid":0,"invalid":1})
    );
    let error = &body["errors"][0];
    assert_eq!(
        (&error["title"], &error["id"], &error["value"]),
        (&json!("DuplicateRule"), &json!(id), &json!("cat"))
    );
    assert_eq!(body.get("data"), None);

    let (status, body) = post_json(simulator.addr(), RULES, r#"{"add":[{"value":"--b"}]}"#).await;
    assert_eq!(status, 200, "an invalid rule is a 200");
    assert_eq!(body["errors"][0]["title"], "UnprocessableEntity");
    assert!(
        body["errors"][0]["details"][0]
            .as_str()
            .unwrap()
            .contains("non-negation")
    );

    let (status, body) = post_json(
        simulator.addr(),
        RULES,
        r#"{"add":[{"value":"x"},{"value":"y"}]}"#,
    )
    .await;
    assert_eq!((status, &body["title"]), (422, &json!("RulesCapExceeded")));
    assert_eq!(simulator.rules().len(), 1, "all or nothing");
}

#[tokio::test]
async fn malformed_requests_are_refused_in_xs_words() {
    let simulator = start(2).await;
    let refused = |parameter: &str, message: &str| {
        json!({
            "errors": [{"parameters": {parameter: []}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.twitter.com/2/problems/invalid-request"
        })
    };
    let (status, body) = post_json(simulator.addr(), RULES, r#"{"add":[{"values":"puppy"}]}"#).await;
    assert_eq!((status, body), (400, refused("add.value", "field is required")));
    let (status, body) = post_json(simulator.addr(), RULES, r#"{"delete":[{"ids":["1"]}]}"#).await;
    let message = "JSON doesn't match expected schema";
    assert_eq!((status, body), (400, refused("delete", message)));
    for body in [
        "",
        "[]",
        "{}",
        r#"{"add":[]}"#,
        r#"{"add":[{"value":"a"}],"delete":{}}"#,
    ] {
        assert_eq!(post_json(simulator.addr(), RULES, body).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let simulator = start(10).await;
    let ids: Vec<String> = ["a", "b", "c"]
        .map(|value| simulator.add_rule(value, None))
        .to_vec();
    let (_, page) = get_json(simulator.addr(), &format!("{RULES}?max_results=2")).await;
    assert_eq!(page["meta"]["result_count"], 2);
    let token = page["meta"]["next_token"].as_str().unwrap();
    assert_eq!(token.len(), 16);
    let (_, page) = get_json(
        simulator.addr(),
        &format!("{RULES}?max_results=2&pagination_token={token}"),
    )
    .await;
    assert_eq!(
        (page["data"][0]["value"].as_str(), page["meta"].get("next_token")),
        (Some("c"), None)
    );
    let (_, some) = get_json(simulator.addr(), &format!("{RULES}?ids={},{}", ids[0], ids[2])).await;
    assert_eq!(some["meta"]["result_count"], 2);
    assert_eq!(
        get_json(simulator.addr(), &format!("{RULES}?max_results=0"))
            .await
            .0,
        400
    );
    assert_eq!(
        get_json(simulator.addr(), &format!("{RULES}/counts")).await.1["data"]["project_rules_count"],
        3
    );
}

#[tokio::test]
async fn the_rules_can_fail_too() {
    let faults = "rules 1-2: status 503".parse().unwrap();
    let simulator = Simulator::start(Settings {
        faults,
        ..Settings::default()
    })
    .await
    .unwrap();
    for status in [503, 503, 200] {
        assert_eq!(get_json(simulator.addr(), RULES).await.0, status);
    }
    assert_eq!(simulator.faults().fired_of("status"), 2);
}

#[tokio::test]
async fn an_untagged_rule_is_spelled_as_told() {
    for (untagged, tag) in [
        (Untagged::Absent, None),
        (Untagged::Null, Some(Value::Null)),
        (Untagged::Empty, Some(json!(""))),
    ] {
        let simulator = Simulator::start(Settings {
            untagged,
            rule_ids: RuleIds::Number,
            ..Settings::default()
        })
        .await
        .unwrap();
        let (_, added) = post_json(simulator.addr(), RULES, r#"{"add":[{"value":"cat"}]}"#).await;
        let (_, listed) = get_json(simulator.addr(), RULES).await;
        for body in [added, listed] {
            assert_eq!(body["data"][0].get("tag"), tag.as_ref(), "{body}");
            assert!(body["data"][0]["id"].is_u64(), "{body}");
        }
    }
}

#[tokio::test]
async fn changes_are_limited_and_the_cap_has_the_status_that_was_told() {
    let simulator = Simulator::start(Settings {
        rule_cap: 1,
        rule_cap_status: 429,
        rule_write_limit: 2,
        ..Settings::default()
    })
    .await
    .unwrap();
    let add = r#"{"add":[{"value":"a"},{"value":"b"}]}"#;
    let (status, body) = post_json(simulator.addr(), RULES, add).await;
    assert_eq!((status, &body["title"]), (429, &json!("RulesCapExceeded")));
    let add = r#"{"add":[{"value":"a"}]}"#;
    assert_eq!(post_json(simulator.addr(), RULES, add).await.0, 201);
    let (status, body) = post_json(simulator.addr(), RULES, add).await;
    assert_eq!((status, &body["title"]), (429, &json!("Too Many Requests")));
    assert_eq!(get_json(simulator.addr(), RULES).await.0, 200, "another window");
}

#[tokio::test]
async fn an_app_outside_a_project_may_not_have_rules() {
    let simulator = Simulator::start(Settings {
        faults: "rules 1: status 403".parse().unwrap(),
        ..Settings::default()
    })
    .await
    .unwrap();
    let (status, body) = get_json(simulator.addr(), RULES).await;
    assert_eq!((status, &body["reason"]), (403, &json!("client-not-enrolled")));
}
