//! After a gap, with the real binary: the world goes on while nobody is connected, and every post of its ledger is in the lanes once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use simulator::{Absence, At, Fault, FaultPlan, Moment, Settings, Simulator, Status, Step};

use crate::support::{Daemon, PATIENCE, file_sink, lane_lines, stream};

/// A world of so many posts a second that goes on, with these faults.
async fn world(rate: f64, backfill_allowed: bool, faults: impl IntoIterator<Item = Step>) -> Simulator {
    let settings = Settings {
        rate,
        absence: Absence::GoesOn,
        backfill_allowed,
        rules_required: false,
        faults: FaultPlan::new(faults),
        ..Settings::default()
    };
    Simulator::start(settings).await.unwrap()
}

/// The first stream ends after 200 posts, and the next attempt is refused.
fn away(refusal: Status) -> [Step; 2] {
    [
        Step {
            at: At::connection(1),
            moment: Moment::AfterPosts(200),
            fault: Fault::CleanEnd,
        },
        Step {
            at: At::connection(2),
            moment: Moment::Start,
            fault: Fault::Status(refusal),
        },
    ]
}

fn start(dir: &Path, simulator: &Simulator, keys: &str) -> Daemon {
    let config = [&stream(simulator), keys, "\n", &file_sink(dir)].concat();
    Daemon::start(dir, &config)
}

/// How often each post is in the lane.
fn counted(dir: &Path) -> BTreeMap<String, u32> {
    let mut counted = BTreeMap::new();
    for line in lane_lines(dir, "tweets") {
        let post: Value = serde_json::from_slice(&line).unwrap();
        *counted
            .entry(post["id"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    counted
}

fn events(dir: &Path, kind: &str) -> Vec<Value> {
    let lines = lane_lines(dir, "events");
    let all = lines
        .iter()
        .map(|line| serde_json::from_slice::<Value>(line).unwrap());
    all.filter(|event| event["type"] == kind).collect()
}

/// Waits until all that the simulator has written is delivered, and says that each post of its ledger is there once.
async fn assert_each_once(dir: &Path, simulator: &Simulator, daemon: &mut Daemon) {
    simulator.pause();
    simulator.at_rest().await;
    let ledger: BTreeMap<_, _> = simulator
        .ledger()
        .posts()
        .into_iter()
        .map(|post| (post.id, 1))
        .collect();
    daemon.wait_for("every post", PATIENCE, |_| {
        (counted(dir).len() == ledger.len()).then_some(())
    });
    assert_eq!(counted(dir), ledger);
}

fn connected(daemon: &mut Daemon, many: u64, patience: Duration) {
    daemon.wait_for("the connection", patience, |daemon| {
        (daemon.status()["stream"]["connections"].as_u64()? >= many).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn backfill_fills_a_gap_exactly_and_every_post_comes_once() {
    // Five seconds, by the schedule for a server in trouble.
    let simulator = world(200.0, true, away(Status::Unavailable)).await;
    goes_away_and_comes_back(&simulator, Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_and_a_half_away_is_filled_as_well() {
    let span = Duration::from_secs(90);
    let simulator = world(50.0, true, away(Status::RateLimited { reset: span })).await;
    goes_away_and_comes_back(&simulator, span).await;
}

/// The stream breaks and comes back; then the daemon is killed, and started again after `pause`.
async fn goes_away_and_comes_back(simulator: &Simulator, pause: Duration) {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = start(dir.path(), simulator, "");
    connected(&mut daemon, 2, PATIENCE + pause);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_each_once(dir.path(), simulator, &mut daemon).await;
    let repeats = daemon.metric("birdfeed_duplicates_suppressed_total");
    assert!(repeats >= 200.0, "{repeats}");
    let filled = daemon.metric("birdfeed_stream_gap_seconds_total{filled=\"true\"}");
    assert!(filled >= 4.0 && filled + 1.0 >= pause.as_secs_f64(), "{filled}");
    let gap = &daemon.status()["stream"]["gaps"][0];
    assert_eq!(
        (&gap["repair"], &gap["remains_seconds"]),
        (&"backfill".into(), &0.0.into())
    );
    assert!(gap["first_post"].as_str() > gap["last_post"].as_str(), "{gap}");
    // A restart is a gap like any other.
    daemon.kill();
    simulator.resume();
    tokio::time::sleep(pause).await;
    let mut daemon = start(dir.path(), simulator, "");
    connected(&mut daemon, 1, PATIENCE);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_each_once(dir.path(), simulator, &mut daemon).await;
    let told = events(dir.path(), "gap");
    let reasons: Vec<_> = told
        .iter()
        .map(|gap| (gap["reason"].clone(), gap["filled"].clone()))
        .collect();
    assert_eq!(
        reasons,
        [("clean_end".into(), true.into()), ("restart".into(), true.into())]
    );
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_backfill_is_asked_once_and_its_gaps_are_told() {
    let end = |connection| Step {
        at: At::connection(connection),
        moment: Moment::AfterPosts(50),
        fault: Fault::CleanEnd,
    };
    // The second attempt is the one that asks for the past.
    let simulator = world(200.0, false, [end(1), end(3)]).await;
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = start(dir.path(), &simulator, "");
    connected(&mut daemon, 3, PATIENCE);
    assert_eq!(simulator.attempts(), 4);
    let log = daemon.log();
    let told = "the server takes no backfill of this account";
    assert_eq!(log.matches(told).count(), 1, "{log}");
    assert!(!log.contains("\"ERROR\""), "{log}");
    daemon.wait_for("the gaps", PATIENCE, |_| {
        (events(dir.path(), "gap").len() == 2).then_some(())
    });
    for gap in events(dir.path(), "gap") {
        assert_eq!((&gap["filled"], &gap["repair"]), (&false.into(), &"none".into()));
    }
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_brings_what_was_missed_on_a_connection_of_its_own() {
    let simulator = world(200.0, true, away(Status::Unavailable)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = start(dir.path(), &simulator, "backfill = \"off\"\nrecovery = \"on\"");
    daemon.wait_for("the recovery", PATIENCE, |_| {
        events(dir.path(), "recovered").pop()
    });
    assert_each_once(dir.path(), &simulator, &mut daemon).await;
    let recovered = &events(dir.path(), "recovered")[0];
    assert_eq!(recovered["whole"], true, "{recovered}");
    assert!(recovered["messages"].as_u64().unwrap() > 500, "{recovered}");
    let gap = &daemon.status()["stream"]["gaps"][0];
    assert_eq!(
        (&gap["repair"], &gap["remains_seconds"]),
        (&"recovery".into(), &0.0.into())
    );
    assert!(daemon.metric("birdfeed_stream_gap_seconds_total{filled=\"true\"}") >= 4.0);
    assert!(daemon.terminate().success());
}
