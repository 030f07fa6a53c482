//! `birdfeed verify` over files: what it says of what is there, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Ended, end};
use crate::support::{PATIENCE, birdfeed, end_of, signal};

const CONFIG: &str = "[lanes]\nenabled = [\"tweets\", \"includes\", \"events\"]\n[[sink]]\ntype = \"file\"\ndir = \"lanes\"\nenvelope = true\n";

/// Five posts, each with its includes but the last one; and a gap in between.
const TWEETS: [&str; 5] = [
    "1:0::tweets,includes",
    "1:1:0:tweets,includes",
    "1:3:1:tweets,includes",
    "2:4:1.3:tweets,includes",
    "2:5:4:tweets",
];
const INCLUDES: [&str; 4] = [
    "1:0::tweets,includes",
    "1:1:0:tweets,includes",
    "1:3:1:tweets,includes",
    "2:4:1.3:tweets,includes",
];
const GAP: &str = r#"{"type":"gap","stream":"main","from":"2020-01-01T00:00:01.000Z","to":"2020-01-01T00:00:03.500Z","seconds":2.5,"reason":"silence","filled":false}"#;

fn write(dir: &Path, lane: &str, headers: &[&str], value: &str) {
    let dir = dir.join("lanes").join(lane);
    std::fs::create_dir_all(&dir).unwrap();
    // In two files, of which the later one was written first: partitions and replays give no better order.
    let (one, two) = headers.split_at(headers.len() / 2);
    for (name, headers) in [("b", one), ("a", two)] {
        let lines = headers.iter().map(|header| {
            format!(
                "{{\"birdfeed\":\"{header}\",\"key\":null,\"received_at\":\"2020-01-01T00:00:00.000Z\",\"value\":{value}}}\n"
            )
        });
        std::fs::write(dir.join(format!("{name}.ndjson")), lines.collect::<String>()).unwrap();
    }
}

fn verify(dir: &Path, config: &str, args: &[&str]) -> Ended {
    std::fs::write(dir.join("birdfeed.toml"), config).unwrap();
    // Without X's token: it is not needed.
    end(birdfeed()
        .current_dir(dir)
        .args(["verify", "--config", "birdfeed.toml", "--grace", "0s"])
        .args(args))
}

fn without(headers: &[&'static str], place: &str) -> Vec<&'static str> {
    let left: Vec<_> = headers
        .iter()
        .copied()
        .filter(|header| !header.starts_with(place))
        .collect();
    assert_eq!(left.len() + 1, headers.len());
    left
}

#[test]
fn what_is_whole_ends_with_0_and_a_gap_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "tweets", &[&TWEETS[..], &TWEETS[1..2]].concat(), "{}");
    write(dir.path(), "includes", &INCLUDES, "{}");
    write(dir.path(), "events", &["1:2::events"], GAP);
    let ended = verify(dir.path(), CONFIG, &[]);
    ended.expect(0, &[]);
    for part in [
        "sink file: whole",
        "gap: main heard nothing of X from 2020-01-01T00:00:01.000Z",
    ] {
        assert!(ended.out.contains(part), "{ended:#?}");
    }
    let row = ended
        .out
        .lines()
        .find(|line| line.trim_start().starts_with("tweets"))
        .unwrap();
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!(cells, ["tweets", "5", "1", "0", "the", "start", "2:5"]);

    let ended = verify(dir.path(), CONFIG, &["--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(report["whole"], true);
    assert_eq!(report["sinks"][0]["lanes"][0]["duplicates"], 1);
    assert_eq!(report["sinks"][0]["gaps"][0]["seconds"], 2.5);
}

#[test]
fn a_record_that_is_deleted_is_named_and_ends_with_1() {
    for (tweets, includes, hole) in [
        (
            without(&TWEETS, "1:1:"),
            INCLUDES.to_vec(),
            ("tweets", "1:1", "1:0", Some("1:3")),
        ),
        (
            TWEETS.to_vec(),
            without(&INCLUDES, "1:3:"),
            ("includes", "1:3", "1:1", Some("2:4")),
        ),
        // The last one of a lane: another lane announces it.
        (
            TWEETS.to_vec(),
            without(&INCLUDES, "2:4:"),
            ("includes", "2:4", "1:3", None),
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "tweets", &tweets, "{}");
        write(dir.path(), "includes", &includes, "{}");
        let (lane, place, after, before) = hole;
        let ended = verify(dir.path(), CONFIG, &[]);
        ended.expect(1, &["not whole: there is a hole"]);
        let said = format!("  {lane}: 1 record not there ({place})");
        assert!(
            ended.out.contains(&said) && ended.out.contains("NOT WHOLE"),
            "{ended:#?}"
        );

        let ended = verify(dir.path(), CONFIG, &["--json"]);
        assert_eq!(ended.code, Some(1));
        let report: Value = serde_json::from_str(&ended.out).unwrap();
        let lanes = report["sinks"][0]["lanes"].as_array().unwrap();
        let holes: Vec<_> = lanes
            .iter()
            .flat_map(|lane| lane["holes"].as_array().unwrap())
            .collect();
        let expected = serde_json::json!({
            "cause": "missing", "from": place, "to": place, "records": 1, "after": after, "before": before
        });
        assert_eq!(holes, [&expected]);
    }
}

#[test]
fn known_losses_are_named_with_what_they_are_and_what_to_do() {
    let lost = r#"{"type":"lost","stream":"main","at":"2020-01-01T00:00:00.000Z","from":1,"to":2}"#;
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "tweets", &without(&TWEETS, "1:1:"), "{}");
    write(dir.path(), "includes", &without(&INCLUDES, "1:1:"), "{}");
    write(dir.path(), "events", &["1:2::events"], lost);
    let ended = verify(dir.path(), CONFIG, &[]);
    ended.expect(1, &["there are 2 holes"]);
    assert!(
        ended
            .out
            .contains("the journal was damaged there (event lost): look at the disk"),
        "{ended:#?}"
    );
}

#[test]
fn losses_are_listed_and_count_until_a_record_accounts_for_them() {
    let lost = |to: u64| {
        format!(r#"{{"type":"lost","stream":"main","at":"2020-01-01T00:00:00.000Z","from":2,"to":{to}}}"#)
    };
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "tweets", &TWEETS[..2], "{}");
    write(dir.path(), "includes", &INCLUDES[..2], "{}");
    write(dir.path(), "events", &["1:9::events"], &lost(4));
    let ended = verify(dir.path(), CONFIG, &[]);
    ended.expect(
        1,
        &["not whole: a loss was told, and no record shows what it took"],
    );
    let said =
        "lost: main told at 2020-01-01T00:00:00.000Z of positions 2 to 3 of the journal: no record here";
    assert!(
        ended.out.contains(said) && ended.out.contains("NOT WHOLE"),
        "{ended:#?}"
    );
    // The chains of both lanes go past it: had one of them lost a record, that would be a hole.
    write(dir.path(), "tweets", &["1:0::tweets", "1:5:0:tweets"], "{}");
    write(dir.path(), "includes", &["1:1::includes", "1:6:1:includes"], "{}");
    let ended = verify(dir.path(), CONFIG, &["--json"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let expected = serde_json::json!([{
        "cause": "lost", "stream": "main", "at": "2020-01-01T00:00:00.000Z", "from": 2, "to": 4,
        "lane": null, "records": null, "reason": null, "is_accounted_for": true
    }]);
    assert_eq!(report["sinks"][0]["losses"], expected);
}

#[test]
fn where_nothing_is_nothing_is_proven() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("lanes")).unwrap();
    let ended = verify(dir.path(), CONFIG, &[]);
    ended.expect(69, &["1 of the sinks could not be read"]);
    assert!(
        ended.out.contains("there is no record with a birdfeed header"),
        "{ended:#?}"
    );
}

#[test]
fn what_retention_took_is_said_and_not_held_against_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "tweets", &TWEETS[2..], "{}");
    write(dir.path(), "includes", &INCLUDES[3..], "{}");
    let ended = verify(dir.path(), CONFIG, &[]);
    ended.expect(0, &[]);
    for part in ["tweets: judged from 1:3 on", "includes: judged from 2:4 on"] {
        assert!(ended.out.contains(part), "{ended:#?}");
    }
}

#[test]
fn files_without_envelopes_are_a_mistake_of_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let ended = verify(dir.path(), &CONFIG.replace("envelope = true", ""), &[]);
    ended.expect(
        64,
        &["sink file: its lines hold values alone: set envelope = true"],
    );
    let ended = verify(dir.path(), CONFIG, &["--sink", "kafka"]);
    ended.expect(64, &["there is no sink \"kafka\": there are file"]);
    let ended = verify(dir.path(), "[[sink]]\ntype = \"files\"\n", &[]);
    ended.expect(64, &["birdfeed.toml:2:1: sink.0.type: "]);
}

#[test]
fn what_cannot_be_read_ends_with_69() {
    let dir = tempfile::tempdir().unwrap();
    let ended = verify(dir.path(), CONFIG, &[]);
    ended.expect(69, &["1 of the sinks could not be read"]);
    assert!(
        ended
            .out
            .contains("sink file: could not be read (lanes): lanes: "),
        "{ended:#?}"
    );
    let ended = verify(dir.path(), CONFIG, &["--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (&report["whole"], &report["sinks"][0]["whole"]),
        (&false.into(), &false.into())
    );
}

/// The value of one series at `address`, once it is `expected`.
fn wait_for(address: &str, series: &str, expected: f64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
        if line == Some(expected) {
            return;
        }
        assert!(Instant::now() < deadline, "no {series} {expected} in\n{page}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_followed_is_served_as_metrics_and_said_as_it_is_found() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "tweets", &TWEETS[..2], "{}");
    write(dir.path(), "includes", &INCLUDES[..2], "{}");
    std::fs::write(dir.path().join("birdfeed.toml"), CONFIG).unwrap();
    let mut child = birdfeed()
        .current_dir(dir.path())
        .args(["verify", "--config", "birdfeed.toml", "--follow", "--grace", "1s"])
        .args(["--metrics", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = said.next().unwrap().unwrap();
    let address = first
        .strip_prefix("metrics: http://")
        .and_then(|rest| rest.strip_suffix("/metrics"));
    let address = address.unwrap_or_else(|| panic!("{first}"));
    let series = |name: &str| format!("birdfeed_verify_{name}{{lane=\"tweets\",sink=\"file\"}} ");
    wait_for(address, &series("records_total"), 2.0);
    wait_for(address, &series("holes"), 0.0);
    // The fourth comes, and not the third; the first again.
    let more: Vec<_> = [TWEETS[0], TWEETS[3]].to_vec();
    let other = dir.path().join("more");
    write(&other, "tweets", &more, "{}");
    for name in ["a", "b"] {
        let from = other.join(format!("lanes/tweets/{name}.ndjson"));
        std::fs::copy(from, dir.path().join(format!("lanes/tweets/later-{name}.ndjson"))).unwrap();
    }
    wait_for(address, &series("records_total"), 4.0);
    wait_for(address, &series("duplicates_total"), 1.0);
    wait_for(address, &series("holes"), 1.0);
    let hole = said.next().unwrap().unwrap();
    assert!(
        hole.starts_with("sink file: tweets: 1 record not there (1:3) between 1:1 and 2:4"),
        "{hole}"
    );
    assert!(signal(&child, "INT"));
    assert_eq!(end_of(&mut child).unwrap().code(), Some(1));
}

#[test]
fn what_could_not_be_followed_ends_with_69() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("birdfeed.toml"), CONFIG).unwrap();
    let mut child = birdfeed()
        .current_dir(dir.path())
        .args(["verify", "--config", "birdfeed.toml", "--follow"])
        .args(["--metrics", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = said.nth(1).unwrap().unwrap();
    assert!(
        line.starts_with("sink file: could not be read: lanes: "),
        "{line}"
    );
    assert!(signal(&child, "INT"));
    assert_eq!(end_of(&mut child).unwrap().code(), Some(69));
}
