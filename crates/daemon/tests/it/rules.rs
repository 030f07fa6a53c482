//! Rules beside a stream that runs: made true before it, mended, taken over from a file, and what a newcomer is told.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, lane_lines, stream};

async fn simulator() -> Simulator {
    let settings = Settings {
        rate: 50.0,
        rules_required: true,
        ..Settings::default()
    };
    Simulator::start(settings).await.unwrap()
}

fn write(dir: &Path, rules: &[(&str, &str)]) {
    let rules = rules
        .iter()
        .map(|(value, tag)| format!("[[rule]]\nvalue = \"{value}\"\ntag = \"{tag}\"\n"));
    std::fs::write(dir.join("rules.toml"), rules.collect::<String>()).unwrap();
}

fn config(dir: &Path, simulator: &Simulator, rules: &str) -> String {
    let file = dir.join("rules.toml");
    format!(
        "{}{}[rules]\nfile = {file:?}\n{rules}",
        stream(simulator),
        file_sink(dir)
    )
}

/// The rules that are stored, with their tags, in order.
fn stored(simulator: &Simulator) -> Vec<String> {
    let rules = simulator.rules().into_iter();
    let mut rules: Vec<_> = rules
        .map(|rule| format!("{} {}", rule.value, rule.tag.unwrap_or_default()))
        .collect();
    rules.sort();
    rules
}

fn events(dir: &Path, kind: &str) -> Vec<Value> {
    let lines = lane_lines(dir, "events").into_iter();
    let events = lines.map(|line| serde_json::from_slice::<Value>(&line).unwrap());
    events.filter(|event| event["type"] == kind).collect()
}

fn wait_stored(daemon: &mut Daemon, simulator: &Simulator, rules: &[&str]) {
    daemon.wait_for(&format!("the rules {rules:?}"), PATIENCE, |_| {
        (stored(simulator) == rules).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_is_told_what_to_do_and_it_helps() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    let what_to_do = "birdfeed rules add \"cats has:images\"";
    let why = daemon.wait_for("the refusal", PATIENCE, |daemon| {
        let (status, why) = daemon.get("/readyz");
        (status == 503 && why.contains("409")).then_some(why)
    });
    assert!(
        why.starts_with("X refuses us, and no retry cures it: ") && why.contains(what_to_do),
        "{why}"
    );
    let explained = birdfeed()
        .args(["explain", "--address", daemon.admin()])
        .output()
        .unwrap();
    let explained = String::from_utf8(explained.stdout).unwrap();
    for words in [
        "\n  because  HTTP 409",
        what_to_do,
        "\n  next     ",
        "birdfeed reload",
    ] {
        assert!(explained.contains(words), "no {words:?} in {explained}");
    }
    let log = daemon.log();
    let line = log
        .lines()
        .find(|line| line.contains("no stream, and no retry cures it"))
        .unwrap();
    assert!(
        line.contains("ERROR") && line.contains("birdfeed rules add"),
        "{line}"
    );
    let added = birdfeed()
        .current_dir(dir.path())
        .args(["rules", "add", "cats has:images", "--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "simulator-token")
        .status();
    assert!(added.unwrap().success());
    daemon.wait_for("the stream", PATIENCE, |daemon| {
        (daemon.get("/readyz").0 == 200).then_some(())
    });
    daemon.wait_delivered(10, PATIENCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_ends_the_wait_for_what_a_person_has_cured() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    // The second wait is 10 s: long enough to tell a connect that was due from one that was asked for.
    let refused = "birdfeed_stream_connects_total{outcome=\"refused\"}";
    let due = daemon.wait_for("the second refusal", PATIENCE, |daemon| {
        let twice = daemon.metric(refused) >= 2.0;
        let next = daemon.status()["stream"]["next_attempt"]
            .as_str()
            .map(str::to_owned);
        next.filter(|_| twice)
    });
    simulator.add_rule("cats", None);
    daemon.signal("HUP");
    let since = daemon.wait_for("the stream", PATIENCE, |daemon| {
        let stream = &daemon.status()["stream"];
        (stream["state"] == "streaming").then(|| stream["since"].as_str().unwrap().to_owned())
    });
    assert!(since < due, "connected at {since}, which was due at {due} anyway");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_in_force_before_the_first_connect_and_changes_under_the_open_stream() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    write(dir.path(), &[("cats", "cats"), ("has:media", "none")]);
    let config = config(dir.path(), &simulator, "mode = \"apply\"\n");
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(10, PATIENCE);
    assert_eq!(stored(&simulator), ["cats birdfeed:cats"]);
    assert_eq!(simulator.attempts(), 1, "no connect was spent on a 409");
    assert!(
        daemon.log().contains("a rule of the file is not in force"),
        "{}",
        daemon.log()
    );
    assert!(daemon.metric("birdfeed_rules_sync_total{outcome=\"refused\"}") >= 1.0);
    assert!((daemon.metric("birdfeed_rules_active") - 1.0).abs() < 0.1);
    // Another tag, another rule, and one less.
    simulator.add_rule("llamas", Some("theirs"));
    write(dir.path(), &[("cats", "felines"), ("dogs", "dogs")]);
    let changed = ["cats birdfeed:felines", "dogs birdfeed:dogs", "llamas theirs"];
    wait_stored(&mut daemon, &simulator, &changed);
    // A mistake changes nothing, and is told once.
    std::fs::write(dir.path().join("rules.toml"), "[[rule]]\nvalue = \"(cats\"\n").unwrap();
    daemon.wait_for("the complaint", PATIENCE, |daemon| {
        daemon.log().contains("the rules file is wrong").then_some(())
    });
    assert_eq!(stored(&simulator), changed);
    // SIGHUP: another file, by the configuration.
    let path = dir.path().join("birdfeed.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace("rules.toml", "others.toml")
        .replace("[stream]\n", "[stream]\nmax_retries = 7\n");
    std::fs::write(&path, text).unwrap();
    std::fs::write(dir.path().join("others.toml"), "[[rule]]\nvalue = \"birds\"\n").unwrap();
    daemon.signal("HUP");
    wait_stored(&mut daemon, &simulator, &["birds birdfeed:", "llamas theirs"]);
    daemon.wait_for("what needs a restart", PATIENCE, |daemon| {
        let log = daemon.log();
        let told = log.contains("\"key\":\"stream.max_retries\"") && log.contains("restart for it");
        (told && log.contains("\"changed\":\"rules.file\"")).then_some(())
    });
    // A configuration that is wrong changes nothing.
    std::fs::write(&path, "[stream]\nendpont = \"x\"\n").unwrap();
    daemon.signal("HUP");
    daemon.wait_for("the complaint", PATIENCE, |daemon| {
        daemon
            .log()
            .contains("the configuration is wrong, and stays as it was")
            .then_some(())
    });
    assert_eq!(
        daemon.status()["stream"]["connections"],
        1,
        "rules change without a reconnect"
    );
    daemon.wait_for("three events", PATIENCE, |_| {
        (events(dir.path(), "rules_changed").len() == 3).then_some(())
    });
    let causes: Vec<_> = events(dir.path(), "rules_changed")
        .iter()
        .map(|event| {
            format!(
                "{} {} {} {}",
                event["cause"], event["created"], event["deleted"], event["refused"]
            )
        })
        .collect();
    assert_eq!(causes, ["\"start\" 1 0 1", "\"file\" 2 1 0", "\"reload\" 1 2 0"]);
    assert_eq!(simulator.attempts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_a_metric_and_an_event_and_is_mended_if_asked() {
    for (mode, mended) in [("apply", true), ("check", false)] {
        let dir = tempfile::tempdir().unwrap();
        let simulator = simulator().await;
        simulator.add_rule("cats", Some("birdfeed:cats"));
        write(dir.path(), &[("cats", "cats")]);
        let config = config(
            dir.path(),
            &simulator,
            &format!("mode = {mode:?}\nevery = \"3s\"\n"),
        );
        let mut daemon = Daemon::start(dir.path(), &config);
        daemon.wait_delivered(10, PATIENCE);
        daemon.wait_for("a look", PATIENCE, |daemon| {
            (daemon.metric("birdfeed_rules_sync_total{outcome=\"in_sync\"}") >= 1.0).then_some(())
        });
        // Somebody else's is no drift, one with our prefix is.
        simulator.add_rule("llamas", Some("theirs"));
        simulator.add_rule("dogs", Some("birdfeed:dogs"));
        let outcome = if mended { "applied" } else { "drifted" };
        daemon.wait_for("the drift", Duration::from_secs(30), |daemon| {
            let found = daemon.metric(&format!("birdfeed_rules_sync_total{{outcome={outcome:?}}}")) >= 1.0;
            (found && !events(dir.path(), "rules_drift").is_empty()).then_some(())
        });
        let drift = events(dir.path(), "rules_drift").remove(0);
        assert_eq!(
            (
                &drift["missing"],
                &drift["unwanted"],
                &drift["retagged"],
                &drift["mended"]
            ),
            (&0.into(), &1.into(), &0.into(), &mended.into())
        );
        let drifted = daemon.metric("birdfeed_rules_drift");
        if mended {
            wait_stored(&mut daemon, &simulator, &["cats birdfeed:cats", "llamas theirs"]);
        } else {
            assert!((drifted - 1.0).abs() < 0.1);
            // Told once, however often it is looked.
            daemon.wait_for("another look", PATIENCE, |daemon| {
                (daemon.metric("birdfeed_rules_sync_total{outcome=\"drifted\"}") >= 2.0).then_some(())
            });
            assert_eq!(events(dir.path(), "rules_drift").len(), 1);
            assert_eq!(simulator.rules().len(), 3);
        }
        assert_eq!(daemon.status()["stream"]["connections"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_cannot_be_looked_at_keep_no_stream_away() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        rate: 50.0,
        faults: "rules 1: status 503".parse().unwrap(),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    write(dir.path(), &[("cats", "cats")]);
    let config = config(dir.path(), &simulator, "mode = \"apply\"\nevery = \"3s\"\n");
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(10, PATIENCE);
    assert!(daemon.metric("birdfeed_rules_sync_total{outcome=\"failed\"}") >= 1.0);
    assert!(
        daemon.log().contains("the rules could not be looked at"),
        "{}",
        daemon.log()
    );
}
