//! `birdfeed verify` on real brokers: what a daemon has published is whole, also after `kill -9`; and what is not is named.
//!
//! `BIRDFEED_TEST_MESSAGES` sets how many records the brokers get, `BIRDFEED_TEST_KILLS` how often the daemon is killed.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use simulator::{Chunking, Settings, Simulator};
use sink_amqp::AmqpSink;
use sink_kafka::KafkaSink;
use stream_core::model::{Lane, Place, Record, Timestamp};
use stream_core::sink::Sink;
use test_brokers::unique;

use crate::support::{Daemon, PATIENCE, birdfeed, stream};

fn messages() -> u64 {
    std::env::var("BIRDFEED_TEST_MESSAGES").map_or(5_000, |text| text.parse().unwrap())
}

/// The exit code, and what `--json` says.
fn verify(dir: &Path, config: &str, grace: &str) -> (Option<i32>, Value) {
    let file = dir.join("verify.toml");
    std::fs::write(&file, config).unwrap();
    let output = birdfeed()
        .args(["verify", "--json", "--grace", grace, "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{:?}", output.stderr));
    (output.status.code(), report)
}

fn kafka(prefix: &str) -> String {
    let bootstrap = &test_brokers::kafka().bootstrap;
    format!(
        "[lanes]\nprefix = \"{prefix}\"\n[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"{bootstrap}\"\npartitions = 3\n"
    )
}

fn amqp(exchange: &str) -> String {
    let url = &test_brokers::amqp().url;
    format!(
        "[[sink]]\ntype = \"amqp\"\nurl = \"{url}\"\nexchange = \"{exchange}\"\nverify_bytes = \"1GiB\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_daemon_publishes_is_whole_in_every_sink_also_after_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let kills: u64 = std::env::var("BIRDFEED_TEST_KILLS").map_or(3, |text| text.parse().unwrap());
    let posts = messages();
    let settings = Settings {
        posts: Some(posts),
        rate: 500.0_f64.max(posts as f64 / 100.0),
        chunking: Chunking::Random,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let files = format!(
        "[[sink]]\ntype = \"file\"\ndir = {:?}\nenvelope = true\n",
        dir.path().join("lanes")
    );
    let sinks = [kafka(&format!("{}.", unique("v"))), amqp(&unique("v")), files].concat();
    let config = format!("{}{sinks}", stream(&simulator));
    for _ in 0..kills {
        let mut daemon = Daemon::start(dir.path(), &config);
        let before = daemon.status()["stream"]["messages"].as_u64().unwrap();
        daemon.wait_for("messages", PATIENCE, |daemon| {
            (daemon.status()["stream"]["messages"].as_u64()? >= before + posts / (kills + 2)).then_some(())
        });
        daemon.kill();
    }
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(1, 4 * PATIENCE);
    let began = Instant::now();
    let (code, report) = verify(dir.path(), &sinks, "30s");
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["whole"], true);
    eprintln!("verified in {:?}: {report:#}", began.elapsed());
    for sink in report["sinks"].as_array().unwrap() {
        let tweets = &sink["lanes"][0];
        assert!(tweets["records"].as_u64().unwrap() >= posts / 2, "{tweets:#}");
        assert_eq!(tweets["from_the_start"], true);
        assert!(
            !sink["gaps"].as_array().unwrap().is_empty(),
            "three kills and no gap"
        );
    }
    assert!(daemon.terminate().success());
}

/// Publishes records of `tweets`, all but the one with the number `skipped`.
async fn publish(sink: &dyn Sink, count: u64, skipped: u64) {
    let mut publisher = sink.open(Lane::Tweets).await.unwrap();
    let place = |seq| Place { epoch: 7, seq };
    let (mut settled, mut under_way) = (Vec::new(), 0);
    for seq in (0..count).filter(|seq| *seq != skipped) {
        let record = Record {
            lane: Lane::Tweets,
            place: place(seq),
            previous: seq.checked_sub(1).map(place),
            lanes: [Lane::Tweets].into_iter().collect(),
            repeat: false,
            trace: None,
            received_at: Timestamp::now(),
            key: Some(Bytes::from(seq.to_string())),
            value: Bytes::from_static(b"{\"id\":\"1\",\"text\":\"a bird\"}"),
        };
        publisher.publish(&[record]).await.unwrap();
        under_way += 1;
        while under_way >= 1_000 || (seq + 1 == count && under_way > 0) {
            settled.clear();
            publisher.settled(&mut settled).await.unwrap();
            under_way -= settled.len();
        }
    }
}

/// That `skipped` is the only hole in the one sink of `config`.
fn assert_named(config: &str, count: u64, skipped: u64) {
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let (code, report) = verify(dir.path(), config, "0s");
    eprintln!("{count} records verified in {:?}", began.elapsed());
    assert_eq!(code, Some(1), "{report:#}");
    let tweets = &report["sinks"][0]["lanes"][0];
    assert_eq!(tweets["records"], count - 1);
    let place = |seq| format!("7:{seq}");
    let hole = serde_json::json!([{
        "cause": "missing", "from": place(skipped), "to": place(skipped), "records": 1,
        "after": place(skipped - 1), "before": place(skipped + 1)
    }]);
    assert_eq!(tweets["holes"], hole);
    // Nothing was taken: a second look finds the same.
    assert_eq!(verify(dir.path(), config, "0s"), (code, report));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_that_a_topic_lacks_is_named() {
    let prefix = format!("{}.", unique("v"));
    let settings = sink_kafka::Settings {
        topic_prefix: prefix.clone(),
        partitions: Some(3),
        lanes: vec![Lane::Tweets],
        ..sink_kafka::Settings::new(&test_brokers::kafka().bootstrap)
    };
    publish(&KafkaSink::new(settings).unwrap(), messages(), 1_234).await;
    assert_named(&kafka(&prefix), messages(), 1_234);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_that_a_queue_lacks_is_named() {
    let exchange = unique("v");
    let settings = sink_amqp::Settings {
        exchange: exchange.clone(),
        prefix: format!("{exchange}."),
        lanes: vec![Lane::Tweets],
        verify_bytes: Some(1 << 30),
        ..sink_amqp::Settings::new(test_brokers::amqp().url.as_str().into())
    };
    publish(&AmqpSink::new(settings).unwrap(), messages(), 1_234).await;
    let lanes = format!("[lanes]\nprefix = \"{exchange}.\"\n");
    assert_named(&format!("{lanes}{}", amqp(&exchange)), messages(), 1_234);
}

#[test]
fn brokers_that_are_away_end_with_69() {
    let dir = tempfile::tempdir().unwrap();
    for sink in [
        "[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"127.0.0.1:1\"\n",
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqp://127.0.0.1:1\"\nverify_bytes = \"1GiB\"\n",
    ] {
        let began = Instant::now();
        let (code, report) = verify(dir.path(), sink, "0s");
        assert_eq!(code, Some(69), "{report:#}");
        assert!(
            report["sinks"][0]["error"]
                .as_str()
                .unwrap()
                .contains("127.0.0.1:1"),
            "{report:#}"
        );
        assert!(began.elapsed() < Duration::from_secs(40));
    }
}
