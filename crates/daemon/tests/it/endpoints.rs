//! Every endpoint with the real binary: it connects, and what it brings lands where the table of `docs/endpoints.md` says, under the
//! key that it says; a parameter that X would refuse is refused before anything connects.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use serde_json::value::RawValue;
use simulator::{OAuthKeys, Post, Settings, Simulator};
use source_x::Endpoint;

use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, lane_lines, stream};

const DOCS: &str = include_str!("../../../../docs/endpoints.md");

/// Every lane that may have what an endpoint is asked for.
const LANES: [&str; 4] = ["tweets", "compliance", "likes", "activity"];

const MESSAGES: usize = 60;

/// A row of the table.
struct Documented {
    path: String,
    partitions: Option<u8>,
    fields: String,
    lane: String,
    key: String,
}

impl Documented {
    fn of(endpoint: Endpoint) -> Self {
        let start = format!("| `{}` |", endpoint.name());
        let row = DOCS.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("docs/endpoints.md has no row for {}", endpoint.name()));
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let partitions = cells[3].strip_prefix("1–").map(|most| most.parse().unwrap());
        Self {
            path: cells[2].to_owned(),
            partitions,
            fields: cells[4].to_owned(),
            lane: cells[6].to_owned(),
            key: cells[7].to_owned(),
        }
    }

    /// The key of a message's record, by the words of the table.
    fn key_of(&self, data: &Value) -> Option<String> {
        let id = match self.key.as_str() {
            "post id" | "like id" => &data["id"],
            "status id" => &data["id_str"],
            "user's id" => &data["filter"]["user_id"],
            "id concerned" => {
                let event = data.as_object().unwrap().values().next().unwrap();
                let kinds = ["tweet", "post", "user", "favorite"];
                &kinds.iter().find_map(|kind| event.get(kind)).unwrap()["id"]
            }
            other => panic!("nobody knows the key {other:?}"),
        };
        id.as_str().map(str::to_owned)
    }
}

fn command(dir: &Path, name: &str, endpoint: Endpoint, simulator: &Simulator, keys: &str) -> Command {
    let file = dir.join("birdfeed.toml");
    let config = format!(
        "{}endpoint = {:?}\n{keys}\n{}envelope = true\n[admin]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\n[journal]\ndir = {:?}\n",
        stream(simulator),
        endpoint.name(),
        file_sink(dir),
        dir.join("journal"),
    );
    std::fs::write(&file, config).unwrap();
    let mut command = birdfeed();
    let oauth = OAuthKeys::default();
    command
        .args([name, "--config"])
        .arg(&file)
        .env("X_BEARER_TOKEN", "simulator-token")
        .env("X_CONSUMER_KEY", oauth.consumer_key)
        .env("X_CONSUMER_SECRET", oauth.consumer_secret)
        .env("X_ACCESS_TOKEN", oauth.access_token)
        .env("X_ACCESS_TOKEN_SECRET", oauth.access_token_secret);
    command
}

/// What an endpoint cannot do without.
fn needed(endpoint: Endpoint, documented: &Documented) -> String {
    match documented.partitions {
        Some(most) => format!("partition = {most}"),
        None if endpoint == Endpoint::V1Filter => "[stream.filter]\ntrack = [\"harbour\"]".to_owned(),
        None => String::new(),
    }
}

/// Key and value of each record of a lane.
fn records(dir: &Path, lane: &str) -> Vec<(Option<String>, Vec<u8>)> {
    #[derive(serde::Deserialize)]
    struct Record<'a> {
        key: Option<String>,
        #[serde(borrow)]
        value: &'a RawValue,
    }
    let lines = lane_lines(dir, lane);
    let record = |line: &Vec<u8>| {
        let record: Record<'_> = serde_json::from_slice(line).unwrap();
        (record.key, record.value.get().as_bytes().to_vec())
    };
    lines.iter().map(record).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_endpoint_brings_lands_in_its_lane_under_its_key() {
    for endpoint in Endpoint::ALL {
        let documented = Documented::of(endpoint);
        assert_eq!(endpoint.path(), documented.path);
        let simulator = Simulator::start(Settings {
            rate: 1_000.0,
            posts: Some(MESSAGES as u64),
            ..Settings::default()
        });
        let simulator = simulator.await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let keys = needed(endpoint, &documented);
        let mut run = command(dir.path(), "run", endpoint, &simulator, &keys);
        let mut daemon = Daemon::spawn(dir.path(), &mut run);
        daemon.wait_delivered(MESSAGES as u64, PATIENCE);
        assert!(daemon.terminate().success());
        landed(dir.path(), endpoint, &documented, &simulator.ledger().posts());
    }
}

fn landed(dir: &Path, endpoint: Endpoint, documented: &Documented, sent: &[Post]) {
    let name = endpoint.name();
    let expected = |post: &Post| {
        let data = post.data();
        let key = documented.key_of(&serde_json::from_slice(&data).unwrap());
        let value = if documented.lane == "activity" {
            &post.line
        } else {
            &data
        };
        (key, value.to_vec())
    };
    let expected: Vec<_> = sent.iter().map(expected).collect();
    assert_eq!(expected.len(), MESSAGES, "{name}");
    for lane in LANES {
        let records = records(dir, lane);
        if lane == documented.lane {
            assert!(records == expected, "{name}: {lane} has {records:?}");
        } else {
            assert!(records.is_empty(), "{name}: {lane} has {records:?}");
        }
    }
    let beside = |lane: &str, part: fn(&Post) -> bool| {
        let keys = sent.iter().zip(&expected).filter(|(post, _)| part(post));
        let keys: Vec<_> = keys.map(|(_, (key, _))| key.clone()).collect();
        let found: Vec<_> = records(dir, lane).into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, keys, "{name}: {lane}");
    };
    beside("includes", |post| post.includes.is_some());
    beside("errors", |post| post.errors.is_some());
    beside("matching_rules", |post| post.matching_rules.is_some());
    for lane in ["unknown", "dead_letter"] {
        assert!(lane_lines(dir, lane).is_empty(), "{name}: {lane}");
    }
}

/// Parameters that X would refuse there, each with what has to be said of it.
fn wrong(documented: &Documented, is_v1: bool) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    match documented.partitions {
        Some(most) => {
            wrong.push((format!("partition = {}", most + 1), format!("1 to {most}")));
            wrong.push(("partition = 0".to_owned(), format!("1 to {most}")));
            wrong.push((String::new(), format!("1 to {most}")));
        }
        None => wrong.push(("partition = 1".to_owned(), "partition".to_owned())),
    }
    if !is_v1 {
        wrong.push(("backfill = 6".to_owned(), "5".to_owned()));
    }
    if documented.fields != "posts" {
        wrong.push(("[stream.fields]\npoll = [\"id\"]".to_owned(), "poll".to_owned()));
    }
    if documented.fields != "likes" {
        wrong.push(("[stream.fields]\nlike = [\"id\"]".to_owned(), "like".to_owned()));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_is_refused_before_connecting() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    for endpoint in Endpoint::ALL {
        let documented = Documented::of(endpoint);
        let ask = |name: &str, keys: &str| -> Output {
            command(dir.path(), name, endpoint, &simulator, keys)
                .output()
                .unwrap()
        };
        let good = ask("check", &needed(endpoint, &documented));
        assert!(good.status.success(), "{}: {good:?}", endpoint.name());
        for (keys, words) in wrong(&documented, endpoint.path().starts_with("/1.1/")) {
            for name in ["check", "run"] {
                let refused = ask(name, &keys);
                let said = String::from_utf8(refused.stderr).unwrap();
                let about = format!("{name} {} with {keys}: {said}", endpoint.name());
                assert_eq!(refused.status.code(), Some(64), "{about}");
                assert!(said.contains(&words), "{about}");
            }
        }
    }
    assert_eq!(simulator.ledger().totals().connections, 0);
    simulator.shutdown().await;
}
