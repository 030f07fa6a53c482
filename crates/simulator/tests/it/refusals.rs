//! Refusals equal those that were recorded, ids and dates aside.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{At, Fault, FaultPlan, Moment, Settings, Simulator, Status, Step};

use crate::client::{RULES, SAMPLE, SEARCH, connect, get, get_json, send};

async fn quiet(settings: Settings) -> Simulator {
    Simulator::start(Settings {
        rate: 0.0,
        ..settings
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_wrong_token_gets_the_recorded_401() {
    let simulator = quiet(Settings::default()).await;
    for target in [SEARCH, RULES, "/nowhere"] {
        let mut reply = send(connect(simulator.addr()).await, "GET", target, "wrong", "")
            .await
            .unwrap();
        assert_eq!(reply.status, 401);
        assert!(reply.head.starts_with("HTTP/1.1 401 Authorization Required\r\n"));
        assert!(!reply.head.contains("x-rate-limit"));
        assert!(reply.head.contains("date: "));
        let body: Value = serde_json::from_str(&reply.text().await).unwrap();
        let recorded =
            json!({"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"});
        assert_eq!(body, recorded);
    }
}

#[tokio::test]
async fn an_unknown_path_is_a_404() {
    let simulator = quiet(Settings::default()).await;
    assert_eq!(get(simulator.addr(), "/2/tweets/nothing").await.status, 404);
}

#[tokio::test]
async fn a_filtered_stream_without_rules_is_a_409() {
    let simulator = quiet(Settings {
        rules_required: true,
        ..Settings::default()
    })
    .await;
    let (status, body) = get_json(simulator.addr(), SEARCH).await;
    assert_eq!(status, 409);
    assert_eq!(body["connection_issue"], "RuleConfigurationIssue");
    assert_eq!(
        body["type"],
        "https://api.twitter.com/2/problems/streaming-connection"
    );
    simulator.add_rule("cats", None);
    assert_eq!(get(simulator.addr(), SEARCH).await.status, 200);
}

#[tokio::test]
async fn a_second_connection_gets_the_recorded_429_with_rate_limit_left() {
    let simulator = quiet(Settings::default()).await;
    let first = get(simulator.addr(), SEARCH).await;
    assert_eq!(first.status, 200);
    let mut second = get(simulator.addr(), SEARCH).await;
    assert_eq!(second.status, 429);
    assert_eq!(second.header("x-rate-limit-limit"), Some("50"));
    assert_eq!(second.header("x-rate-limit-remaining"), Some("48"));
    assert_eq!(second.header("retry-after"), None);
    let recorded = json!({
        "title": "ConnectionException",
        "detail": "This stream is currently at the maximum allowed connection limit.",
        "connection_issue": "TooManyConnections",
        "type": "https://api.twitter.com/2/problems/streaming-connection"
    });
    assert_eq!(
        serde_json::from_str::<Value>(&second.text().await).unwrap(),
        recorded
    );
    assert_eq!(
        get(simulator.addr(), SAMPLE).await.status,
        200,
        "the sample has a slot of its own"
    );
}

#[tokio::test]
async fn a_ghost_keeps_the_slot_for_a_while() {
    let ghost_slot = Duration::from_secs(4);
    let simulator = quiet(Settings {
        ghost_slot,
        connect_limit: 1000,
        ..Settings::default()
    })
    .await;
    drop(get(simulator.addr(), SEARCH).await);
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    let gone = Instant::now();
    assert_eq!(get(simulator.addr(), SEARCH).await.status, 429);
    while get(simulator.addr(), SEARCH).await.status == 429 {
        assert!(gone.elapsed() < Duration::from_secs(20), "the ghost stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(gone.elapsed() >= ghost_slot / 2);
}

#[tokio::test]
async fn the_slot_is_free_at_once_after_our_own_end() {
    let faults = FaultPlan::once(1, Fault::CleanEnd);
    let ghost_slot = Duration::from_secs(60);
    let simulator = quiet(Settings {
        faults,
        ghost_slot,
        ..Settings::default()
    })
    .await;
    let _ = get(simulator.addr(), SEARCH).await.end().await;
    assert_eq!(get(simulator.addr(), SEARCH).await.status, 200);
}

#[tokio::test]
async fn connects_are_limited_until_the_window_ends() {
    let window = Duration::from_secs(6);
    let simulator = quiet(Settings {
        connect_limit: 3,
        window,
        ..Settings::default()
    })
    .await;
    let start = Instant::now();
    let _first = get(simulator.addr(), SEARCH).await;
    for _ in 0..2 {
        assert_eq!(
            get_json(simulator.addr(), SEARCH).await.1["connection_issue"],
            "TooManyConnections"
        );
    }
    let mut refused = get(simulator.addr(), SEARCH).await;
    assert!(
        start.elapsed() < window,
        "this machine is too slow for a window of {window:?}"
    );
    assert_eq!(
        (refused.status, refused.header("x-rate-limit-remaining")),
        (429, Some("0"))
    );
    let body: Value = serde_json::from_str(&refused.text().await).unwrap();
    assert_eq!(
        body,
        json!({"title":"Too Many Requests","type":"about:blank","status":429,"detail":"Too Many Requests"})
    );
    tokio::time::sleep_until((start + window + Duration::from_millis(200)).into()).await;
    assert_eq!(
        get_json(simulator.addr(), SEARCH).await.1["connection_issue"],
        "TooManyConnections"
    );
}

#[tokio::test]
async fn every_planned_status_is_answered() {
    let reset = Duration::from_secs(7);
    let cases = [
        (Status::Unauthorized, 401, "Unauthorized"),
        (Status::Credits, 402, "CreditsDepleted"),
        (Status::Forbidden, 403, "client-not-enrolled"),
        (Status::NotFound, 404, "Not Found"),
        (Status::Conflict, 409, "RuleConfigurationIssue"),
        (Status::TooManyConnections, 429, "TooManyConnections"),
        (Status::RateLimited { reset }, 429, "about:blank"),
        (Status::RateLimitedText { reset }, 429, "Rate limit exceeded\n"),
        (Status::UsageCap, 429, "UsageCapExceeded"),
        (Status::Provisioning, 429, "ProvisioningSubscription"),
        (Status::Unavailable, 503, "Service Unavailable"),
        (Status::Envoy, 503, "upstream connect error"),
        (Status::Html, 500, "<html>"),
        (Status::Redirect, 302, ""),
    ];
    let step = |(at, case): (usize, &(Status, u16, &str))| Step {
        at: At::connection(at as u32 + 1),
        moment: Moment::Start,
        fault: Fault::Status(case.0),
    };
    let faults = FaultPlan::new(cases.iter().enumerate().map(step));
    let simulator = quiet(Settings {
        faults,
        ..Settings::default()
    })
    .await;
    for (_, status, text) in cases {
        let mut reply = get(simulator.addr(), SEARCH).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("retry-after"), None);
        assert!(reply.text().await.contains(text), "{text}");
        assert_eq!(reply.header("location").is_some(), status == 302);
    }
    assert_eq!(simulator.faults().fired_of("status"), cases.len() as u64);
    assert_eq!(simulator.attempts() as usize, cases.len());
}

#[tokio::test]
async fn a_planned_rate_limit_says_when_it_ends() {
    let faults = "connection 1: status 429-rate-text 100s".parse().unwrap();
    let simulator = quiet(Settings {
        faults,
        ..Settings::default()
    })
    .await;
    let reply = get(simulator.addr(), SEARCH).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let reset: u64 = reply.header("x-rate-limit-reset").unwrap().parse().unwrap();
    assert!((now + 90..=now + 101).contains(&reset));
    assert_eq!(reply.header("x-rate-limit-remaining"), Some("0"));
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
}

#[tokio::test]
async fn a_bad_parameter_is_a_400_that_names_it() {
    let simulator = quiet(Settings::default()).await;
    let (status, body) = get_json(simulator.addr(), &format!("{SEARCH}?tweet.fields=id,nonsense")).await;
    assert_eq!(status, 400);
    assert_eq!(body["title"], "Invalid Request");
    assert_eq!(
        body["errors"][0]["parameters"]["tweet.fields"],
        json!(["nonsense"])
    );
    let (status, body) = get_json(simulator.addr(), &format!("{SEARCH}?backfill_minutes=1")).await;
    assert_eq!(
        (status, &body["errors"][0]["parameters"]["backfill_minutes"]),
        (400, &json!(["1"]))
    );
}

#[tokio::test]
async fn what_is_no_request_ends_the_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let simulator = quiet(Settings::default()).await;
    for request in [b"\x16\x03\x01garbage\r\n\r\n".to_vec(), vec![b'a'; 100_000]] {
        let mut socket = connect(simulator.addr()).await;
        // The simulator may close before it has all of it.
        let _ = socket.write_all(&request).await;
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        assert!(answer.is_empty());
    }
    assert_eq!(get(simulator.addr(), SEARCH).await.status, 200);
}
