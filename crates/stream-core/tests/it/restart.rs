//! What a new process finds of the one before it, and what damage to the journal costs.

use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use stream_core::model::{Lane, Record};
use stream_core::pipeline::{Limits, Pipeline};
use stream_core::source::ReadError;
use stream_core::telemetry::Observer;
use stream_core::testing::memory::{MemorySink, Reach, Settling};
use stream_core::testing::scripted::scripted;

use crate::common::{PATIENCE, Rig, check_chain, firsts, plain, post, send, until};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_everything_comes_at_least_once_and_the_chain_holds() {
    let mut rig = Rig::new();
    rig.settings.limits = Limits {
        records: 50,
        bytes: 1 << 20,
    };
    rig.memory.settle(Settling::Late(Duration::from_millis(3)));
    let mut epochs = Vec::new();
    for life in 0..4 {
        let run = rig.start();
        let wire = run.script.accept();
        send(&wire, (life * 500..life * 500 + 500).map(post)).await;
        run.journaled(500).await;
        rig.memory.holds(Lane::Tweets, life * 500 + 120).await;
        rig.crash(run).await;
        epochs.push(rig.memory.stored(Lane::Tweets).last().unwrap().place.epoch);
    }
    let run = rig.start();
    run.settled().await;
    run.pipeline.drain(PATIENCE).await;
    for lane in [Lane::Tweets, Lane::Includes, Lane::Events] {
        check_chain(&rig.memory.stored(lane));
    }
    let tweets = rig.memory.stored(Lane::Tweets);
    assert_eq!(firsts(&tweets), (0..2_000).map(post).collect::<Vec<_>>());
    let repeats = tweets.len() - 2_000;
    assert!(repeats <= 4 * 50 + 4 * 50, "{repeats} repeats");
    assert!(epochs.windows(2).all(|two| two[0] <= two[1]), "{epochs:?}");
    let distinct: std::collections::HashSet<_> = tweets.iter().map(|record| record.place.epoch).collect();
    assert_eq!(distinct.len(), 4, "each life has an epoch of its own");
    let gaps = firsts(&rig.memory.stored(Lane::Events));
    let gaps = gaps.iter().filter(|event| event.starts_with(br#"{"type":"gap""#));
    assert_eq!(
        gaps.count(),
        3,
        "each life but the first and the last connects after a gap"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_drain_nothing_comes_twice() {
    let rig = Rig::new();
    for life in 0..3 {
        let run = rig.start();
        let wire = run.script.accept();
        send(&wire, (life * 100..life * 100 + 100).map(post)).await;
        run.journaled(100).await;
        let rest = run.pipeline.drain(PATIENCE).await;
        assert!(rest.status.lanes.iter().all(|lane| lane.pending == 0));
    }
    let tweets = rig.memory.stored(Lane::Tweets);
    assert_eq!(tweets.len(), 300);
    check_chain(&tweets);
}

/// The gap that `run`'s second life found: where it begins, and why.
fn gap(rig: &Rig) -> (String, String) {
    let events = firsts(&rig.memory.stored(Lane::Events));
    let gap = events
        .iter()
        .rev()
        .find(|event| event.starts_with(br#"{"type":"gap""#));
    let gap: serde_json::Value = serde_json::from_slice(gap.unwrap()).unwrap();
    let text = |name: &str| gap[name].as_str().unwrap().to_owned();
    (text("from"), text("reason"))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_the_gap_begins_where_the_stream_was_last_seen() {
    let rig = Rig::new();
    rig.memory.refuse(post(0).into(), Reach::Alone);
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, [post(0)]).await;
    run.journaled(1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    wire.end(Err(ReadError::Silence(Duration::from_secs(20)))).await;
    until("disconnected", || rig.counts.of("disconnected silence") == 1).await;
    // What is journaled after the end says nothing of the stream: its end, and the dead letter of a lane.
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.memory.come_up();
    run.settled().await;
    assert_eq!(run.lane(Lane::Tweets).dead_lettered, 1);
    rig.crash(run).await;
    let seen = rig.memory.stored(Lane::Includes)[0].received_at.to_string();
    let run = rig.start();
    let _wire = run.script.accept();
    until("connected", || run.view.status().stream.connections == 1).await;
    // It is observed before it is journaled.
    until("a gap", || {
        let events = firsts(&rig.memory.stored(Lane::Events));
        events.iter().any(|event| event.starts_with(br#"{"type":"gap""#))
    })
    .await;
    assert_eq!(gap(&rig), (seen, "restart".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connect_budget_outlives_the_process() {
    let rig = Rig::new();
    for _ in 0..3 {
        let run = rig.start();
        let _wire = run.script.accept();
        until("connected", || run.view.status().stream.connections == 1).await;
        rig.crash(run).await;
    }
    let run = rig.start();
    let _wire = run.script.accept();
    until("connected", || run.view.status().stream.connections == 1).await;
    assert_eq!(run.view.status().stream.connect_budget, 40 - 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_middle_costs_only_what_it_hit() {
    let mut rig = Rig::new();
    rig.settings.journal.segment_bytes = 50_000;
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    for portion in 0..50 {
        send(&wire, (portion * 10..portion * 10 + 10).map(|n| plain(n, 1_000))).await;
        run.journaled(portion as u64 * 10 + 10).await;
    }
    rig.crash(run).await;
    let segments = rig.segments();
    assert!(segments.len() >= 5, "{segments:?}");
    // One entry in the second segment, the beginning of the third, the whole fourth, the end of the newest but one.
    let length = |path: &std::path::PathBuf| path.metadata().unwrap().len();
    flip(&segments[1], 10_500, 1);
    flip(&segments[2], 0, 100);
    flip(&segments[3], 0, length(&segments[3]));
    let last = segments.len() - 2;
    flip(&segments[last], length(&segments[last]) - 50, 50);
    rig.memory.come_up();
    let run = rig.start();
    run.settled().await;
    let wire = run.script.accept();
    send(&wire, [post(1_000)]).await;
    run.journaled(1).await;
    until("told", || lost_events(&rig).len() >= 4).await;
    run.settled().await;
    let status = run.view.status();
    let tweets = rig.memory.stored(Lane::Tweets);
    let lost = status.journal.lost;
    assert!((4..=120).contains(&lost), "{lost} lost");
    let delivered = firsts(&tweets).len() as u64 + firsts(&rig.memory.stored(Lane::Events)).len() as u64;
    assert_eq!(delivered + lost, status.journal.end, "everything else is there");
    check_chain_but_for(&tweets, &lost_events(&rig));
    assert_eq!(firsts(&tweets).last().unwrap(), &post(1_000));
    run.pipeline.drain(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_of_another_version_is_refused_before_anything_starts() {
    let rig = Rig::new();
    let (mut appender, journal) = journal::open(rig.settings.journal.clone()).unwrap();
    let ours = journal.end();
    appender
        .append(&[journal::Entry {
            head: &[255],
            body: b"what a later birdfeed writes, or an earlier one wrote",
        }])
        .unwrap();
    drop(journal);
    appender.close().unwrap();
    let (source, _script) = scripted();
    let observer: Arc<dyn Observer> = rig.counts.clone();
    let started = Pipeline::start(&rig.settings, source, &[], &observer);
    let message = started.err().expect("refused").to_string();
    let found = format!("entry {ours} is of format 255");
    assert!(
        message.contains(&found) && message.contains("move the folder away"),
        "{message}"
    );
    assert!(
        message.contains(&rig.settings.journal.dir.display().to_string()),
        "{message}"
    );
    let (_appender, journal) = journal::open(rig.settings.journal.clone()).unwrap();
    assert_eq!(journal.end(), ours + 1, "nothing was written");
}

fn flip(path: &std::path::Path, at: u64, length: u64) {
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, at).unwrap();
    for byte in &mut bytes {
        *byte ^= 0x5a;
    }
    file.write_all_at(&bytes, at).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_lost_its_newest_entries_goes_on_behind_the_cursors() {
    let rig = Rig::new();
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..100).map(post)).await;
    run.journaled(100).await;
    run.pipeline.drain(PATIENCE).await;
    drop(run.view);
    let newest = rig.segments().pop().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&newest).unwrap();
    file.set_len(newest.metadata().unwrap().len() / 2).unwrap();
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, (100..200).map(post)).await;
    run.journaled(100).await;
    run.settled().await;
    let tweets = rig.memory.stored(Lane::Tweets);
    assert_eq!(tweets.len(), 200, "nothing twice, nothing lost");
    check_chain(&tweets);
}

/// Records of `tweets` that stand in the journal, one of which cannot be read any more: `lost{from,to}`.
fn lost_events(rig: &Rig) -> Vec<serde_json::Value> {
    let events = firsts(&rig.memory.stored(Lane::Events));
    let events = events.iter().map(|event| serde_json::from_slice(event).unwrap());
    events
        .filter(|event: &serde_json::Value| event["type"] == "lost")
        .collect()
}

/// Checks that every record names the one before it, or one that an event names as lost.
fn check_chain_but_for(records: &[Record], lost: &[serde_json::Value]) {
    let is_lost = |seq: u64| {
        let within = |event: &&serde_json::Value| {
            (event["from"].as_u64().unwrap()..event["to"].as_u64().unwrap()).contains(&seq)
        };
        lost.iter().find(within).is_some()
    };
    for two in records.windows(2) {
        let previous = two[1].previous.unwrap();
        assert!(previous == two[0].place || is_lost(previous.seq), "{two:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_under_records_in_flight_is_told_and_does_not_stop_the_process() {
    let mut rig = Rig::with_lanes([Lane::Tweets, Lane::Includes, Lane::Events]);
    rig.settings.cache_bytes = 20_000;
    rig.memory.hold(Lane::Tweets);
    let mut run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..500).map(|n| plain(n, 1_000))).await;
    run.journaled(500).await;
    rig.memory.holds(Lane::Tweets, 500).await;
    // In flight, and not confirmed; now the disk forgets some of it, and the broker resets.
    flip(&rig.segments()[0], 10_000, 700);
    rig.memory.go_down();
    rig.memory.release(Lane::Tweets);
    rig.memory.come_up();
    run.settled().await;
    until("told", || !lost_events(&rig).is_empty()).await;
    run.settled().await;
    let failed = tokio::time::timeout(Duration::from_millis(50), run.pipeline.failed()).await;
    assert!(failed.is_err(), "{failed:?}");
    let lane = run.lane(Lane::Tweets);
    assert!((1..=5).contains(&lane.lost), "{lane:?}");
    assert_eq!((lane.received, lane.delivered), (500, 500 - lane.lost));
    let events = lost_events(&rig);
    assert_eq!(events.len(), 1, "each hole is told once");
    let (from, to) = (
        events[0]["from"].as_u64().unwrap(),
        events[0]["to"].as_u64().unwrap(),
    );
    assert_eq!(to - from, lane.lost);
    let status = run.view.status();
    assert_eq!(status.journal.lost, lane.lost);
    check_chain(&rig.memory.stored(Lane::Tweets));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_before_the_first_reading_is_told_and_the_chain_shows_it() {
    let rig = Rig::with_lanes([Lane::Tweets, Lane::Events]);
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..100).map(post)).await;
    run.journaled(100).await;
    rig.crash(run).await;
    flip(&rig.segments()[0], 10_000, 700);
    rig.memory.come_up();
    let run = rig.start();
    run.settled().await;
    until("told", || !lost_events(&rig).is_empty()).await;
    run.settled().await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!(
        (lane.received, lane.delivered + lane.lost),
        (100, 100),
        "{lane:?}"
    );
    let event = lost_events(&rig).remove(0);
    let (from, to) = (event["from"].as_u64().unwrap(), event["to"].as_u64().unwrap());
    assert_eq!((to - from, lane.lost > 0), (lane.lost, true));
    let tweets = rig.memory.stored(Lane::Tweets);
    let behind = tweets.iter().find(|record| record.place.seq == to).unwrap();
    assert_eq!(behind.previous.unwrap().seq, to - 1, "it names what is lost");
    rig.crash(run).await;
    let run = rig.start();
    run.settled().await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!(
        (lane.received, lane.delivered + lane.lost),
        (100, 100),
        "{lane:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_outlive_the_process_whatever_was_in_flight() {
    let mut rig = Rig::with_lanes([Lane::Tweets, Lane::Includes]);
    rig.settings.limits.records = 20;
    rig.memory.settle(Settling::Late(Duration::from_millis(3)));
    for life in 1..=10 {
        let run = rig.start();
        assert_eq!(run.lane(Lane::Tweets).received, (life - 1) * 100);
        let wire = run.script.accept();
        send(&wire, (0..100).map(post)).await;
        run.journaled(100).await;
        for lane in run.view.status().lanes {
            assert!(lane.balances() && lane.received == life * 100, "{lane:?}");
        }
        rig.crash(run).await;
    }
    let run = rig.start();
    run.settled().await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!((lane.received, lane.delivered, lane.in_flight), (1_000, 1_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_record_names_the_same_previous_although_the_cursors_are_gone() {
    let mut rig = Rig::with_lanes([Lane::Tweets]);
    rig.settings.journal.segment_bytes = 16 << 10;
    let run = rig.start();
    let wire = run.script.accept();
    for portion in 0..30 {
        send(&wire, (portion * 10..portion * 10 + 10).map(post)).await;
        run.journaled(portion as u64 * 10 + 10).await;
    }
    run.settled().await;
    until("the journal is trimmed", || rig.segments().len() <= 2).await;
    rig.crash(run).await;
    // What a power cut leaves: the newest messages, and no cursor.
    for entry in std::fs::read_dir(&rig.settings.journal.dir).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("cursors") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let run = rig.start();
    run.settled().await;
    let tweets = rig.memory.stored(Lane::Tweets);
    assert!(tweets.len() > 300, "{} came", tweets.len());
    assert!(
        tweets[300].place.seq > 1,
        "the first that came again is not the first of all"
    );
    check_chain(&tweets);
}

#[tokio::test(flavor = "multi_thread")]
async fn sinks_and_lanes_that_are_gone_hold_up_the_journal_no_more() {
    let mut rig = Rig::with_lanes([Lane::Tweets, Lane::Includes]);
    rig.settings.journal.segment_bytes = 64 << 10;
    let second = MemorySink::new();
    second.go_down();
    rig.memory.hold(Lane::Includes);
    let run = rig.start_with(&[("memory", &rig.memory), ("second", &second)]);
    let wire = run.script.accept();
    for portion in 0..20 {
        send(&wire, (portion * 100..portion * 100 + 100).map(post)).await;
        run.journaled(portion as u64 * 100 + 100).await;
    }
    until("delivered", || run.lane(Lane::Tweets).pending == 0).await;
    rig.crash(run).await;
    assert!(rig.segments().len() > 5, "they hold it");
    rig.settings.lanes = [Lane::Tweets].into_iter().collect();
    let run = rig.start();
    run.settled().await;
    run.pipeline.drain(PATIENCE).await.journal.unwrap();
    assert_eq!(rig.segments().len(), 1);
    drop(run.view);
    let (_appender, journal) = journal::open(rig.settings.journal.clone()).unwrap();
    let left: Vec<_> = journal.cursors().into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["memory/tweets"]);
}
