//! A broker that dies, and a queue that is stuck.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use stream_core::model::Lane;
use stream_core::sink::{Outcome, Sink as _, SinkError};

use crate::common::{
    Own, Reader, assert_whole, deliver, numbered, open, queue, record, reopen, settings, settled, sink,
    within,
};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_stuck_is_noticed_and_no_other_lane_pays_for_it() {
    let broker = Own::start().await;
    let settings = settings(broker.url());
    let sink = sink(&settings);
    let mut bystander = sink.open(Lane::Errors).await.unwrap();
    let mut publisher = open(&sink).await.unwrap();
    deliver(&mut *publisher, &[numbered(0, 10)], 1, &mut BTreeSet::new())
        .await
        .unwrap();
    let process = format!("'%2F_{}'", queue(&settings));
    broker
        .control(&["eval", &format!("sys:suspend({process}).")])
        .await;

    // One that has had confirms leaves some that never come, and its channel ends nevertheless.
    let records: Vec<_> = (1..100).map(|seq| numbered(seq, 10)).collect();
    publisher.publish(&records).await.unwrap();
    let none = tokio::time::timeout(Duration::from_millis(200), settled(&mut *publisher)).await;
    assert!(none.is_err(), "the queue is not stuck: {none:?}");
    let asked = within(5, "asked", publisher.inquire()).await.unwrap_err();
    assert!(
        matches!(&asked, SinkError::Unavailable(text) if text.contains("without a leader")),
        "{asked:?}"
    );
    drop(publisher);
    let mut publisher = open(&sink).await.unwrap();

    // One that has had none gives up soon.
    publisher.publish(&records).await.unwrap();
    let error = within(10, "given up", settled(&mut *publisher))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SinkError::Unavailable(text) if text.contains("without a leader") && text.contains(&sink.shown())),
        "{error:?}"
    );
    drop(publisher);

    bystander.publish(&[record(0, "{}")]).await.unwrap();
    let done = settled(&mut *bystander)
        .await
        .expect("the connection still stands");
    assert_eq!(done[0].outcome, Outcome::Delivered);
    broker
        .control(&["eval", &format!("sys:resume({process}).")])
        .await;
    let mut publisher = reopen(&sink).await;
    deliver(&mut *publisher, &records, 100, &mut BTreeSet::new())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_under_a_publisher_is_named_when_asked() {
    let broker = Own::start().await;
    let settings = settings(broker.url());
    let sink = sink(&settings);
    let publisher = open(&sink).await.unwrap();
    broker.control(&["delete_queue", &queue(&settings)]).await;
    let asked = within(5, "asked", publisher.inquire()).await.unwrap_err();
    assert!(
        matches!(&asked, SinkError::Operator(text) if text.contains(&queue(&settings)) && text.contains("404")),
        "{asked:?}"
    );
    // That ends nothing.
    assert_eq!(*publisher.health().borrow(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_while_nothing_is_under_way_ends_its_publishers_with_one_text() {
    let broker = Own::start().await;
    let sink = sink(&settings(broker.url()));
    let mut tweets = open(&sink).await.unwrap();
    let mut errors = sink.open(Lane::Errors).await.unwrap();
    let mut health = errors.health();
    let closing = broker.control(&["close_all_connections", "maintenance"]);
    let (tweets_end, errors_end, _) = tokio::join!(settled(&mut *tweets), settled(&mut *errors), closing);
    let (tweets_end, errors_end) = (tweets_end.unwrap_err(), errors_end.unwrap_err());
    assert_eq!(tweets_end, errors_end);
    let text = tweets_end.to_string();
    assert!(
        text.contains("maintenance") && text.contains(&sink.shown()),
        "{text}"
    );
    let told = within(5, "told", health.wait_for(Option::is_some)).await.unwrap();
    assert_eq!(told.as_ref(), Some(&tweets_end));
}

#[tokio::test]
async fn a_peer_that_accepts_and_hangs_up_is_one_cause() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://guest:guest@{}", listener.local_addr().unwrap());
    let closing = tokio::spawn(async move {
        for n in 0.. {
            let (socket, _) = listener.accept().await.unwrap();
            if n % 2 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            drop(socket);
        }
    });
    let sink = sink(&settings(&url));
    let first = open(&sink).await.err().unwrap();
    assert!(
        matches!(&first, SinkError::Unavailable(text) if text.contains("hung up")),
        "{first:?}"
    );
    for _ in 0..20 {
        assert_eq!(open(&sink).await.err().unwrap(), first);
    }
    closing.abort();
}
