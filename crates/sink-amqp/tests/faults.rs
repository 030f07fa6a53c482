//! A broker that dies, and one that blocks.

#![allow(clippy::unwrap_used, clippy::too_many_lines, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::{
    Own, Reader, assert_whole, deliver, numbered, open, queue, reopen, settings, settled, sink, within,
};
use stream_core::sink::{Outcome, SinkError};

const WINDOW: usize = 2_048;

/// Publishes everything with reopening and replay, as a lane does.
async fn deliver_all(sink: &sink_amqp::AmqpSink, count: u64) -> usize {
    let records: Vec<_> = (0..count).map(|seq| numbered(seq, 200)).collect();
    let (mut delivered, mut resets, mut cursor) = (BTreeSet::new(), 0, 0);
    while cursor < records.len() {
        let mut publisher = reopen(sink).await;
        if let Err(error) = deliver(&mut *publisher, &records[cursor..], WINDOW, &mut delivered).await {
            assert!(matches!(error, SinkError::Unavailable(_)), "{error:?}");
            eprintln!("{:?} {error:?} {}", std::time::SystemTime::now(), delivered.len());
            resets += 1;
        }
        cursor = (cursor..records.len())
            .find(|seq| !delivered.contains(&(*seq as u64)))
            .unwrap_or(records.len());
    }
    resets
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_loses_nothing_and_is_found_again() {
    const COUNT: u64 = 60_000;
    let broker = Own::start().await;
    let settings = settings(broker.url());
    let work = {
        let sink = sink(&settings);
        tokio::spawn(async move { deliver_all(&sink, COUNT).await })
    };
    // In the middle of it: once the queue is there and fills.
    let reader = Reader::new(broker.url()).await;
    within(20, "messages", async {
        while !matches!(reader.try_waiting(&queue(&settings)).await, Some(1_000..)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    broker.kill().await;
    broker.up().await;
    let resets = within(60, "all delivered", work).await.unwrap();
    assert!(
        resets >= 1,
        "the broker died after everything was delivered: the test shows nothing"
    );
    let seqs = Reader::new(broker.url()).await.seqs(&queue(&settings)).await;
    assert_whole(&seqs, COUNT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_fails_what_is_pending_at_once_and_is_published_to_soon_after() {
    let broker = Own::start().await;
    let sink = sink(&settings(broker.url()));
    let mut publisher = open(&sink).await.unwrap();
    let records: Vec<_> = (0..WINDOW as u64).map(|seq| numbered(seq, 4_000)).collect();
    publisher.publish(&records).await.unwrap();
    broker.kill().await;
    let error = within(5, "the end", async {
        loop {
            if let Err(error) = settled(&mut *publisher).await {
                return error;
            }
        }
    })
    .await;
    assert!(matches!(error, SinkError::Unavailable(_)), "{error:?}");
    drop(publisher);
    // While it is away, each attempt ends by itself, with a reason.
    let error = open(&sink).await.err().unwrap();
    assert!(
        matches!(&error, SinkError::Unavailable(text) if text.contains(&sink.shown())),
        "{error:?}"
    );

    let looking = tokio::spawn(async move {
        deliver_all(&sink, 1).await;
        Instant::now()
    });
    broker.up().await;
    let listening = Instant::now();
    let published = looking.await.unwrap();
    assert!(published.saturating_duration_since(listening) < Duration::from_secs(5));
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_stops_publishing_without_a_reset_and_memory_stays_bounded() {
    let broker = Own::start().await;
    let settings = settings(broker.url());
    let sink = sink(&settings);
    let mut publisher = open(&sink).await.unwrap();
    let mut seqs = 0..;
    let mut next = |count| {
        seqs.by_ref()
            .take(count)
            .map(|seq| numbered(seq, 4_000))
            .collect::<Vec<_>>()
    };
    deliver(&mut *publisher, &next(WINDOW), WINDOW, &mut BTreeSet::new())
        .await
        .unwrap();

    broker.control(&["set_vm_memory_high_watermark", "0"]).await;
    // RabbitMQ blocks a connection when it publishes under an alarm.
    publisher.publish(&next(1)).await.unwrap();
    let mut into = Vec::new();
    let reason = within(10, "blocked", async {
        loop {
            let outcome = tokio::time::timeout(Duration::from_millis(20), publisher.settled(&mut into)).await;
            assert!(!matches!(outcome, Ok(Err(_))), "{outcome:?}");
            if let Some(reason) = sink.blocked() {
                return reason;
            }
        }
    })
    .await;
    assert!(reason.contains("memory"), "{reason}");

    // A window of a lane: 4,096 records, 16 MiB.
    let records = next(4_096);
    let mut owed: BTreeSet<u64> = records.iter().map(|record| record.place.seq).collect();
    let before = resident();
    publisher.publish(&records).await.unwrap();
    for _ in 0..10 {
        let outcome = tokio::time::timeout(Duration::from_millis(200), publisher.settled(&mut into)).await;
        assert!(!matches!(outcome, Ok(Err(_))), "{outcome:?}");
    }
    let grown = resident().saturating_sub(before);
    assert!(
        grown < 8 << 20,
        "the records are shared, yet memory grew by {grown}"
    );
    // Another lane cannot be opened now, and says why.
    let error = stream_core::sink::Sink::open(&sink, stream_core::lane::Lane::Errors)
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&error, SinkError::Unavailable(text) if text.contains("memory")),
        "{error:?}"
    );

    broker.control(&["set_vm_memory_high_watermark", "0.4"]).await;
    within(20, "resumed", async {
        while !owed.is_empty() {
            for done in settled(&mut *publisher).await.unwrap() {
                assert_eq!(done.outcome, Outcome::Delivered);
                owed.remove(&done.seq);
            }
        }
    })
    .await;
    assert_eq!(sink.blocked(), None);
    publisher.close(Duration::from_secs(5)).await;
    let seqs = Reader::new(broker.url()).await.seqs(&queue(&settings)).await;
    assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>());
    assert_eq!(seqs.len(), WINDOW + 1 + 4_096);
}
