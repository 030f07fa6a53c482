//! A broker that takes no messages. Alone in its program, because it measures the process's memory.

#![allow(clippy::unwrap_used, clippy::too_many_lines, reason = "a test may panic")]

#[path = "it/common.rs"]
mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use sink_amqp::{AmqpSink, Settings};
use stream_core::model::{Lane, Record};
use stream_core::sink::{Outcome, Publisher, Sink as _, SinkError};

use crate::common::{Own, Reader, deliver, numbered, open, queue, reopen, settings, settled, sink, within};

/// A lane's windows.
const SMALL: usize = 2_048;
const LARGE: usize = 4_096;

#[tokio::test(flavor = "multi_thread")]
async fn alarms() {
    let broker = Own::start().await;
    let settings = settings(broker.url());
    stops_publishing_without_a_reset_and_memory_stays_bounded(&broker, &settings).await;
    does_not_hide_that_the_broker_dies(&broker, &settings).await;
}

async fn stops_publishing_without_a_reset_and_memory_stays_bounded(broker: &Own, settings: &Settings) {
    let sink = sink(settings);
    let mut publisher = open(&sink).await.unwrap();
    deliver(&mut *publisher, &records(0, SMALL), SMALL, &mut BTreeSet::new())
        .await
        .unwrap();
    let mut health = publisher.health();
    assert_eq!(*health.borrow(), None);
    let _other = blocked(broker, &sink).await;
    let trouble = within(5, "told", health.wait_for(Option::is_some))
        .await
        .unwrap()
        .clone();
    assert!(
        matches!(&trouble, Some(SinkError::Unavailable(text)) if text.contains("memory") && text.contains(&sink.shown())),
        "{trouble:?}"
    );

    let records = records(SMALL, LARGE);
    let before = resident();
    publisher.publish(&records).await.unwrap();
    nothing_settles(&mut *publisher).await;
    let grown = resident().saturating_sub(before);
    assert!(
        grown < 8 << 20,
        "the records are shared, yet memory grew by {grown}"
    );

    broker.control(&["set_vm_memory_high_watermark", "0.4"]).await;
    within(5, "over", health.wait_for(Option::is_none)).await.unwrap();
    let mut owed: BTreeSet<u64> = records.iter().map(|record| record.place.seq).collect();
    within(20, "resumed", async {
        while !owed.is_empty() {
            for done in settled(&mut *publisher).await.unwrap() {
                assert_eq!(done.outcome, Outcome::Delivered);
                owed.remove(&done.seq);
            }
        }
    })
    .await;
    publisher.close(Duration::from_secs(5)).await;
    let seqs = Reader::new(broker.url()).await.seqs(&queue(settings)).await;
    assert_eq!(seqs, (0..(SMALL + LARGE) as u64).collect::<Vec<_>>());
}

async fn does_not_hide_that_the_broker_dies(broker: &Own, settings: &Settings) {
    let sink = sink(settings);
    let mut publisher = open(&sink).await.unwrap();
    let other = blocked(broker, &sink).await;
    let records = records(0, SMALL);
    publisher.publish(&records).await.unwrap();
    nothing_settles(&mut *publisher).await;

    broker.kill().await;
    let error = settled(&mut *publisher).await.unwrap_err();
    assert!(matches!(error, SinkError::Unavailable(_)), "{error:?}");
    drop((publisher, other));
    broker.up().await;
    let mut publisher = reopen(&sink).await;
    deliver(&mut *publisher, &records, SMALL, &mut BTreeSet::new())
        .await
        .unwrap();
}

/// `count` records of 4,000 bytes, from number `first` on.
fn records(first: usize, count: usize) -> Vec<Record> {
    (first..first + count)
        .map(|seq| numbered(seq as u64, 4_000))
        .collect()
}

/// Sets the alarm off. RabbitMQ blocks a connection once it publishes, so another lane does that: its record is out and
/// unconfirmed. No further lane can be opened then, and the error says why.
async fn blocked(broker: &Own, sink: &AmqpSink) -> Box<dyn Publisher> {
    let mut other = sink.open(Lane::Errors).await.unwrap();
    broker.control(&["set_vm_memory_high_watermark", "0"]).await;
    other.publish(&records(0, 1)).await.unwrap();
    within(30, "blocked", async {
        let state = ["-q", "list_connections", "state"];
        while !broker.control(&state).await.contains("blocked") {}
    })
    .await;
    let error = sink.open(Lane::Includes).await.err().unwrap();
    assert!(
        matches!(&error, SinkError::Unavailable(text) if text.contains("memory")),
        "{error:?}"
    );
    other
}

/// Settles for two seconds, now and then given up.
async fn nothing_settles(publisher: &mut dyn Publisher) {
    let mut into = Vec::new();
    for _ in 0..10 {
        let outcome = tokio::time::timeout(Duration::from_millis(200), publisher.settled(&mut into)).await;
        assert!(outcome.is_err(), "{outcome:?} {into:?}");
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}
