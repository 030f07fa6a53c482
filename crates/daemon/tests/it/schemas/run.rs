//! Real runs of every kind of endpoint: each record of each lane is by its schema, and each lane has some.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use simulator::{
    At, Disconnect, Fault, FaultPlan, Garbage, Moment, Notice, OAuthKeys, Settings, Simulator, Socket,
    Status, Step,
};
use stream_core::model::Lane;

use super::{Schema, at};
use crate::support::{Daemon, PATIENCE, file_sink, lane_lines, stream};

/// What becomes of a stream in a run: garbage of every kind that a `Value` can hold, repeats, a goodbye, a refusal.
fn troubles() -> Vec<Step> {
    let garbage = Garbage::ALL
        .into_iter()
        .filter(|kind| !matches!(kind, Garbage::DeepNesting | Garbage::LoneSurrogate));
    let mut faults: Vec<_> = garbage.map(Fault::Garbage).collect();
    faults.extend([Fault::Oversize(9_000_000), Fault::Duplicate(5)]);
    let step = |after: usize, fault| Step {
        at: At::connection(1),
        moment: Moment::AfterPosts(after as u64),
        fault,
    };
    let mut steps: Vec<_> = faults
        .into_iter()
        .enumerate()
        .map(|(at, fault)| step(at + 1, fault))
        .collect();
    steps.push(step(
        50,
        Fault::Disconnect(Disconnect::Operational, Socket::Closed),
    ));
    steps.push(Step {
        at: At::connection(2),
        moment: Moment::Start,
        fault: Fault::Status(Status::Unavailable),
    });
    steps
}

/// Runs a daemon with `endpoint` until so many posts or events were delivered, and gives what stands in its files.
async fn published(endpoint: &str, keys: &str, steps: Vec<Step>, posts: u64) -> BTreeMap<Lane, Vec<Value>> {
    let settings = Settings {
        posts: Some(posts),
        rate: 500.0,
        faults: FaultPlan::new(steps),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let rules = "[[rule]]\nvalue = \"bird\"\ntag = \"birds\"\n[[rule]]\nvalue = \"harbour\"\n";
    std::fs::write(dir.path().join("rules.toml"), rules).unwrap();
    let lanes = Lane::ALL.map(Lane::name);
    let config = format!(
        "{}endpoint = {endpoint:?}\n{keys}\n{}envelope = true\n[lanes]\nenabled = {lanes:?}\n",
        stream(&simulator),
        file_sink(dir.path()),
    );
    let oauth = OAuthKeys::default();
    let environment = [
        ("X_CONSUMER_KEY", oauth.consumer_key),
        ("X_CONSUMER_SECRET", oauth.consumer_secret),
        ("X_ACCESS_TOKEN", oauth.access_token),
        ("X_ACCESS_TOKEN_SECRET", oauth.access_token_secret),
    ];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let config = config.replace("RULES", dir.path().join("rules.toml").to_str().unwrap());
    let mut daemon = Daemon::start_with(dir.path(), &config, &environment);
    daemon.wait_delivered(posts, PATIENCE);
    assert!(daemon.terminate().success());
    let of = |lane: Lane| (lane, lines(dir.path(), lane));
    Lane::ALL.map(of).into()
}

fn lines(dir: &Path, lane: Lane) -> Vec<Value> {
    let lines = lane_lines(dir, lane.name());
    lines
        .iter()
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// Judges a run, and adds to the counts.
fn judge(about: &str, published: &BTreeMap<Lane, Vec<Value>>, counts: &mut BTreeMap<Lane, usize>) {
    let envelope = Schema::of("envelope");
    for (lane, records) in published {
        let schema = Schema::of(lane.name());
        let about = format!("{about}: {lane}");
        for record in records {
            envelope.assert_takes(&about, record);
            schema.assert_takes(&about, &record["value"]);
        }
        *counts.entry(*lane).or_default() += records.len();
    }
}

fn kinds(records: &[Value], member: &str) -> Vec<String> {
    let mut kinds: Vec<_> = records
        .iter()
        .map(|record| record["value"][member].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_of_every_lane_is_by_its_schema() {
    let mut counts = BTreeMap::new();
    let keys = "dedupe = \"mark\"\n[rules]\nfile = \"RULES\"\nmode = \"apply\"";
    let search = published("search", keys, troubles(), 300).await;
    judge("search", &search, &mut counts);
    let told = kinds(&search[&Lane::Events], "type");
    assert_eq!(
        told,
        [
            "connect_failed",
            "connected",
            "disconnected",
            "gap",
            "gap_resumed",
            "rules_changed"
        ]
    );
    let dead = kinds(&search[&Lane::DeadLetter], "reason");
    assert_eq!(
        dead,
        [
            "duplicate_key",
            "not_an_object",
            "not_json",
            "not_utf8",
            "oversize"
        ]
    );
    assert!(
        search[&Lane::Tweets]
            .iter()
            .any(|record| record["repeat"] == true)
    );

    let notices = Notice::ALL.map(|notice| Step {
        at: At::EveryConnection,
        moment: Moment::AfterPosts(10),
        fault: Fault::Notice(notice),
    });
    let code = Step {
        at: At::connection(1),
        moment: Moment::AfterPosts(20),
        fault: Fault::Code(1, Socket::Closed),
    };
    let steps = notices.into_iter().chain([code]).collect();
    judge(
        "v1.1",
        &published("v1-filter", "[stream.filter]\ntrack = [\"harbour\"]", steps, 40).await,
        &mut counts,
    );
    for (endpoint, keys) in [
        ("powerstream", ""),
        ("tweets-compliance", "partition = 1"),
        ("users-compliance", "partition = 1"),
        ("likes-compliance", ""),
        ("labels", ""),
        ("likes-firehose", "partition = 1"),
        ("activity", ""),
    ] {
        judge(
            endpoint,
            &published(endpoint, keys, Vec::new(), 40).await,
            &mut counts,
        );
    }
    for (lane, count) in counts {
        assert!(count > 0, "no record of the lane {lane} was judged");
    }
}

#[test]
fn real_statuses_are_by_the_schema() {
    let tweets = Schema::of("tweets");
    let recorded = std::fs::read_to_string(at("crates/daemon/tests/data/v11-messages.ndjson")).unwrap();
    for line in recorded.lines() {
        tweets.assert_takes("a status of 2018", &serde_json::from_str(line).unwrap());
    }
}

#[test]
fn records_that_cannot_be_are_refused() {
    for (lane, wrong) in [
        ("tweets", json!({ "text": "no id" })),
        ("tweets", json!({ "id": "7", "text": 7 })),
        ("tweets", json!({ "id_str": "7", "created_at": "of nothing" })),
        ("includes", json!({ "users": [] })),
        ("includes", json!({ "tweet_id": 7, "includes": {} })),
        (
            "includes",
            json!({ "tweet_id": "7", "includes": { "users": {} } }),
        ),
        ("includes", json!({ "tweet_id": "7", "includes": {}, "more": 1 })),
        ("errors", json!({ "tweet_id": "7" })),
        ("errors", json!({ "tweet_id": "7", "errors": "none" })),
        ("errors", json!({ "weather": {} })),
        ("errors", json!({ "limit": { "track": "7" } })),
        (
            "matching_rules",
            json!({ "tweet_id": "7", "matching_rules": [{ "tag": "birds" }] }),
        ),
        ("matching_rules", json!({ "like_id": "7", "matching_rules": [] })),
        ("compliance", json!({ "delete": {} })),
        (
            "compliance",
            json!({ "delete": { "tweet": { "id": "7" } }, "drop": { "tweet": { "id": "7" } } }),
        ),
        ("compliance", json!({ "repaint": { "tweet": { "id": "7" } } })),
        (
            "compliance",
            json!({ "user_withheld": { "withheld_in_countries": ["DE"] } }),
        ),
        ("likes", json!({ "liked_tweet_id": "7" })),
        ("activity", json!({ "data": { "payload": {} } })),
    ] {
        Schema::of(lane).assert_refuses(lane, &wrong);
    }
}

/// X's kinds of compliance are a closed set in `source-x`: what it does not know goes to the lane `unknown`.
#[test]
fn kinds_of_compliance_are_those_that_are_split() {
    let document = super::document("compliance");
    let kinds = document["definitions"]["v2"]["propertyNames"]["enum"]
        .as_array()
        .unwrap();
    for kind in kinds {
        let message = json!({ "data": { kind.as_str().unwrap(): { "tweet": { "id": "7" } } } });
        let message = message.to_string().into_bytes().into();
        let split = source_x::split(source_x::endpoint::Messages::Posts, &message);
        assert!(split.value(Lane::Compliance, &message).is_some(), "{kind}");
    }
}
