//! The account while the daemon runs: its usage, its cap, and the ghosts that keep its slots.

use std::time::Duration;

use simulator::{Settings, Simulator};

use crate::support::{Daemon, PATIENCE, file_sink, stream};

/// The least that the configuration takes.
const EVERY: &str = "usage_every = \"20s\"\n";

async fn start(settings: Settings) -> Simulator {
    Simulator::start(settings).await.unwrap()
}

fn config(simulator: &Simulator, more: &str, dir: &std::path::Path) -> String {
    [&stream(simulator), more, &file_sink(dir)].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ghost_of_a_killed_daemon_is_closed_and_the_stream_is_back_within_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = start(Settings {
        rate: 200.0,
        ghost_slot: Duration::from_secs(3_600),
        ..Settings::default()
    })
    .await;
    let config = config(&simulator, "too_many_connections = \"close\"\n", dir.path());
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(20, PATIENCE);
    daemon.kill();
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    let mut daemon = Daemon::start(dir.path(), &config);
    let started = std::time::Instant::now();
    daemon.wait_for("the stream", PATIENCE, |daemon| {
        (daemon.status()["stream"]["connections"] == 1).then_some(())
    });
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}: the ladder of 429",
        started.elapsed()
    );
    let refused = daemon.metric("birdfeed_stream_connects_total{outcome=\"too_many_connections\"}");
    assert!((refused - 1.0).abs() < f64::EPSILON, "{refused}");
    assert!(
        daemon.log().contains("closed 1 by X's Connections API"),
        "{}",
        daemon.log()
    );
    daemon.wait_delivered(20, PATIENCE);
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_is_told_with_its_end_and_not_hammered() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = start(Settings {
        usage_cap: Some(0),
        ..Settings::default()
    })
    .await;
    let mut daemon = Daemon::start(dir.path(), &config(&simulator, EVERY, dir.path()));
    daemon.wait_for("the refusal", PATIENCE, |daemon| {
        (daemon.metric("birdfeed_usage_capped") > 0.0).then_some(())
    });
    let next = daemon.wait_for("the next try", PATIENCE, |daemon| {
        Some(daemon.status()["stream"]["next_attempt"].as_str()?.to_owned())
    });
    let (code, ready) = daemon.get("/readyz");
    assert_eq!(code, 503);
    assert!(
        ready.contains("the account's posts or credits are used up: HTTP 429: UsageCapExceeded"),
        "{ready}"
    );
    assert!(
        ready.contains(&format!("; X is asked again at {next}")),
        "{ready}"
    );
    let log = daemon.log();
    assert!(
        log.contains("\"class\":\"usage_capped\"") && log.contains("\"until\":\""),
        "{log}"
    );
    // X's own count comes with the first answer.
    daemon.wait_for("the usage", PATIENCE, |daemon| {
        daemon
            .get("/readyz")
            .1
            .contains("; X counts 0 of 0 posts, X's cap_reset_day is 12")
            .then_some(())
    });
    assert_eq!(daemon.status()["usage"]["cap_reset_day"], 12);
    assert_eq!(simulator.attempts(), 1, "a minute is the first wait");
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_asked_for_slowly_and_its_failures_are_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let script = "account 1-2: status 403\n";
    let simulator = start(Settings {
        rate: 10.0,
        faults: script.parse().unwrap(),
        ..Settings::default()
    })
    .await;
    let mut daemon = Daemon::start(dir.path(), &config(&simulator, EVERY, dir.path()));
    daemon.wait_for("two refusals", 2 * PATIENCE, |daemon| {
        (daemon.metric("birdfeed_usage_failures_total") > 1.0).then_some(())
    });
    assert!(daemon.metric("birdfeed_usage_timestamp_seconds") < 1.0);
    assert_eq!(
        daemon
            .log()
            .matches("X does not tell the account's usage")
            .count(),
        1
    );
    assert_eq!(daemon.get("/readyz").0, 200, "the stream does not need it");
    daemon.wait_for("an answer", PATIENCE, |daemon| {
        (daemon.metric("birdfeed_usage_posts") > 0.0).then_some(())
    });
    assert!((daemon.metric("birdfeed_usage_cap_posts") - 2e6).abs() < 1.0);
    assert!(
        daemon.log().contains("\"message\":\"the account's usage\""),
        "{}",
        daemon.log()
    );
    assert!(daemon.terminate().success());
}
