//! The account's usage and its connections, in X's shapes.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{At, Fault, FaultPlan, Garbage, Moment, Settings, Simulator, Status, Step};

use crate::client::{Ending, SAMPLE, SEARCH, TOKEN, connect, get, get_json, send};

const USAGE: &str = "/2/usage/tweets";
const CONNECTIONS: &str = "/2/connections";
const ALL_FIELDS: &str =
    "connection.fields=client_ip,connected_at,disconnect_reason,disconnected_at,endpoint_name,id";

async fn start(settings: Settings) -> Simulator {
    Simulator::start(settings).await.unwrap()
}

async fn delete(simulator: &Simulator, target: &str, body: &str) -> (u16, Value) {
    let reply = send(connect(simulator.addr()).await, "DELETE", target, TOKEN, body).await;
    reply.unwrap().into_json().await
}

async fn listed(simulator: &Simulator, query: &str) -> Vec<Value> {
    let (status, body) = get_json(simulator.addr(), &format!("{CONNECTIONS}?{ALL_FIELDS}&{query}")).await;
    assert_eq!(status, 200, "{body}");
    body["data"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn usage_is_what_the_ledger_says_and_its_cap_refuses_streams() {
    let settings = Settings {
        rate: 500.0,
        posts: Some(20),
        usage_cap: Some(20),
        ..Settings::default()
    };
    let simulator = start(settings).await;
    let (_, before) = get_json(simulator.addr(), USAGE).await;
    assert_eq!(
        before,
        json!({"data": {"cap_reset_day": 12, "project_cap": "20", "project_id": "1595000000000000000", "project_usage": "0"}})
    );
    let stream = get(simulator.addr(), SEARCH).await;
    simulator
        .ledger()
        .wait_for(|totals| totals.whole_posts == 20)
        .await;
    drop(stream);
    let daily =
        format!("{USAGE}?days=3&usage.fields=daily_project_usage,daily_client_app_usage,project_usage");
    let (_, after) = get_json(simulator.addr(), &daily).await;
    assert_eq!(after["data"]["project_usage"], "20");
    assert_eq!(after["data"]["project_cap"], Value::Null);
    assert_eq!(after["data"]["daily_project_usage"]["usage"][0]["usage"], "20");
    assert_eq!(
        after["data"]["daily_client_app_usage"][0]["usage"][0]["usage"],
        "20"
    );
    let (status, refusal) = get_json(simulator.addr(), SAMPLE).await;
    assert_eq!((status, &refusal["title"]), (429, &json!("UsageCapExceeded")));
}

#[tokio::test]
async fn wrong_parameters_are_refused_by_name() {
    let simulator = start(Settings::default()).await;
    for (target, name) in [
        ("/2/usage/tweets?days=91", "days"),
        ("/2/usage/tweets?usage.fields=money", "usage.fields"),
        ("/2/usage/tweets?weeks=1", "weeks"),
        ("/2/connections?status=dead", "status"),
        ("/2/connections?max_results=101", "max_results"),
        ("/2/connections?endpoints=firehoses", "endpoints"),
        ("/2/connections?connection.fields=colour", "connection.fields"),
        ("/2/connections?pagination_token=2", "pagination_token"),
        ("/2/connections?limit=2", "limit"),
    ] {
        let (status, body) = get_json(simulator.addr(), target).await;
        assert_eq!(status, 400, "{target}");
        assert!(body["errors"][0]["parameters"][name].is_array(), "{body}");
    }
    for (target, body) in [
        ("/2/connections", ""),
        ("/2/connections", r#"{"uuids":[]}"#),
        ("/2/connections/firehoses", ""),
    ] {
        assert_eq!(delete(&simulator, target, body).await.0, 400, "{target} {body}");
    }
}

#[tokio::test]
async fn a_ghost_is_listed_until_it_is_closed_and_the_slot_is_free() {
    let ghost_slot = Duration::from_secs(3_600);
    let simulator = start(Settings {
        ghost_slot,
        rate: 0.0,
        ..Settings::default()
    })
    .await;
    drop(get(simulator.addr(), SEARCH).await);
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    assert_eq!(get(simulator.addr(), SEARCH).await.status, 429);
    let ghost = &listed(&simulator, "endpoints=filtered_stream").await[0];
    assert_eq!(ghost["endpoint_name"], "filtered_stream");
    assert_eq!(
        (&ghost["client_ip"], &ghost["disconnected_at"]),
        (&json!("127.0.0.1"), &Value::Null)
    );
    assert_eq!(
        listed(&simulator, "endpoints=sample_stream").await,
        [] as [Value; 0]
    );
    let (id, stranger) = (
        ghost["id"].as_str().unwrap(),
        "00000000-0000-0000-0000-000000000000",
    );
    let (status, killed) = delete(
        &simulator,
        CONNECTIONS,
        &json!({"uuids": [id, stranger]}).to_string(),
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            &killed["data"]["successful_kills"],
            &killed["data"]["failed_kills"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(killed["data"]["results"][0], json!({"uuid": id, "success": true}));
    assert!(killed["data"]["results"][1]["error_message"].is_string());
    assert_eq!(get(simulator.addr(), SEARCH).await.status, 200);
    let gone = &listed(&simulator, "status=inactive").await[0];
    assert_eq!(gone["id"], id);
    assert!(gone["disconnected_at"].is_string());
}

#[tokio::test]
async fn whoever_is_closed_is_told_and_disconnected() {
    let simulator = start(Settings {
        slots: 2,
        ..Settings::default()
    })
    .await;
    let open = [SEARCH, SEARCH, SAMPLE].map(|target| get(simulator.addr(), target));
    let [first, second, sample] = open;
    let (first, second, sample) = (first.await, second.await, sample.await);
    assert_eq!(
        get(simulator.addr(), SEARCH).await.status,
        429,
        "two slots, and no third"
    );
    assert_eq!(
        delete(&simulator, "/2/connections/filtered_stream", "").await.1["data"]["successful_kills"],
        2
    );
    for mut reply in [first, second] {
        assert_eq!(reply.end().await, Ending::Clean);
        assert!(String::from_utf8_lossy(&reply.body).contains("ForceDisconnect"));
    }
    assert_eq!(
        listed(&simulator, "status=active").await.len(),
        1,
        "the sample goes on"
    );
    assert_eq!(
        delete(&simulator, "/2/connections/all", "").await.1["data"]["successful_kills"],
        1
    );
    drop(sample);
    let inactive = listed(&simulator, "status=inactive&max_results=100").await;
    let reasons = inactive
        .iter()
        .map(|known| known["disconnect_reason"].as_str().unwrap());
    assert_eq!(reasons.collect::<Vec<_>>(), ["operator_disconnect"; 3]);
    let (_, page) = get_json(simulator.addr(), "/2/connections?status=all&max_results=2").await;
    let next = page["meta"]["next_token"].as_str().unwrap();
    let next = format!("/2/connections?status=all&max_results=2&pagination_token={next}");
    let (_, rest) = get_json(simulator.addr(), &next).await;
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);
    assert_eq!(rest["meta"].get("next_token"), None);
}

#[tokio::test]
async fn faults_strike_the_account_and_its_windows_end() {
    let step = |number, fault| Step {
        at: At::Account(number..=number),
        moment: Moment::Start,
        fault,
    };
    let faults = FaultPlan::new([
        step(1, Fault::Status(Status::Forbidden)),
        step(2, Fault::Garbage(Garbage::NotJson)),
    ]);
    let simulator = start(Settings {
        faults,
        ..Settings::default()
    })
    .await;
    assert_eq!(get(simulator.addr(), USAGE).await.status, 403);
    let mut garbage = get(simulator.addr(), USAGE).await;
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_str::<Value>(&garbage.text().await).is_err());
    for _ in 2..50 {
        assert_eq!(get(simulator.addr(), USAGE).await.status, 200);
    }
    assert_eq!(get(simulator.addr(), USAGE).await.status, 429);
    assert_eq!(
        delete(&simulator, "/2/connections/all", "").await.0,
        200,
        "ends have a window of their own"
    );
    assert_eq!(simulator.attempts(), 0);
}
