//! What the tests share: records, a lane's loop in small, and a consumer that is not our code.
#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use sink_amqp::{AmqpSink, Settings, Url};
use stream_core::model::{Lane, Place, Record, Timestamp};
use stream_core::sink::{Outcome, Publisher, Settled, Sink as _, SinkError};

pub(crate) const EPOCH: u64 = 1_764_000_000;

/// Settings for an exchange and queues of their own, so that tests may share a broker.
pub(crate) fn settings(url: &str) -> Settings {
    let own = test_brokers::unique("t");
    Settings {
        exchange: own.clone(),
        prefix: format!("{own}."),
        event_source: "/x/search/main".into(),
        ..Settings::new(Url::from(url))
    }
}

pub(crate) fn sink(settings: &Settings) -> AmqpSink {
    AmqpSink::new(settings.clone()).unwrap()
}

pub(crate) fn queue(settings: &Settings) -> String {
    format!("{}tweets", settings.prefix)
}

pub(crate) fn record(seq: u64, value: impl Into<Bytes>) -> Record {
    Record {
        lane: Lane::Tweets,
        place: Place { epoch: EPOCH, seq },
        previous: seq.checked_sub(1).map(|seq| Place { epoch: EPOCH, seq }),
        lanes: [Lane::Tweets, Lane::Includes].into_iter().collect(),
        repeat: false,
        trace: None,
        received_at: Timestamp::from_millis(1_764_000_123_456),
        key: Some("1990000000000000001".into()),
        value: value.into(),
    }
}

/// A record that says its own number, padded to `size`.
pub(crate) fn numbered(seq: u64, size: usize) -> Record {
    record(seq, format!("{{\"seq\":{seq},\"pad\":\"{}\"}}", "x".repeat(size)))
}

pub(crate) async fn within<T>(seconds: u64, what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), work)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {seconds} s"))
}

pub(crate) async fn open(sink: &AmqpSink) -> Result<Box<dyn Publisher>, SinkError> {
    within(30, "open", sink.open(Lane::Tweets)).await
}

/// Opens until it works.
pub(crate) async fn reopen(sink: &AmqpSink) -> Box<dyn Publisher> {
    within(60, "reopen", async {
        loop {
            match open(sink).await {
                Ok(publisher) => return publisher,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    })
    .await
}

/// One `settled`, under a deadline.
pub(crate) async fn settled(publisher: &mut dyn Publisher) -> Result<Vec<Settled>, SinkError> {
    let mut into = Vec::new();
    within(45, "settled", publisher.settled(&mut into)).await?;
    assert!(!into.is_empty(), "settled without an outcome");
    Ok(into)
}

/// Publishes `records` with at most `window` in flight, noting in `delivered` what is; ends with all of them or an error.
/// A record that settles twice, or was never sent, is a failure of the test.
pub(crate) async fn deliver(
    publisher: &mut dyn Publisher,
    records: &[Record],
    window: usize,
    delivered: &mut BTreeSet<u64>,
) -> Result<(), SinkError> {
    let (mut rest, mut flying) = (records, BTreeSet::new());
    while !(rest.is_empty() && flying.is_empty()) {
        let (now, later) = rest.split_at(rest.len().min(window - flying.len()));
        flying.extend(now.iter().map(|record| record.place.seq));
        within(5, "publish", publisher.publish(now)).await?;
        rest = later;
        for Settled { seq, outcome } in settled(publisher).await? {
            assert!(flying.remove(&seq), "{seq} settled without being in flight");
            assert_eq!(outcome, Outcome::Delivered);
            delivered.insert(seq);
        }
    }
    Ok(())
}

/// A consumer's connection; kept open by whoever holds it.
pub(crate) struct Reader {
    connection: Connection,
    pub(crate) channel: Channel,
}

impl Reader {
    pub(crate) async fn new(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { connection, channel }
    }

    /// Everything that is in the queue, in order.
    pub(crate) async fn all(&self, queue: &str) -> Vec<Delivery> {
        let (mut found, options) = (
            Vec::new(),
            BasicConsumeOptions {
                no_ack: true,
                ..Default::default()
            },
        );
        let waiting = self.waiting(queue).await;
        let channel = self.connection.create_channel().await.unwrap();
        let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let mut consumer = consumer.await.unwrap();
        while (found.len() as u32) < waiting {
            found.push(within(10, "a message", consumer.next()).await.unwrap().unwrap());
        }
        channel.close(200, "OK".into()).await.unwrap();
        let get = self
            .channel
            .basic_get(queue.into(), BasicGetOptions { no_ack: true })
            .await
            .unwrap();
        assert!(get.is_none(), "more than the queue said");
        found
    }

    /// How many messages the queue holds.
    pub(crate) async fn waiting(&self, queue: &str) -> u32 {
        self.try_waiting(queue).await.unwrap()
    }

    /// How many messages the queue holds, if it stands.
    pub(crate) async fn try_waiting(&self, queue: &str) -> Option<u32> {
        // Asking for a queue that is not there ends the channel.
        let channel = self.connection.create_channel().await.unwrap();
        let options = QueueDeclareOptions {
            passive: true,
            ..Default::default()
        };
        let queue = channel
            .queue_declare(queue.into(), options, FieldTable::default())
            .await
            .ok()?;
        Some(queue.message_count())
    }

    /// The `seq` of everything that is in the queue, in order, from the message ids.
    pub(crate) async fn seqs(&self, queue: &str) -> Vec<u64> {
        self.all(queue).await.iter().map(seq_of).collect()
    }
}

pub(crate) fn seq_of(message: &Delivery) -> u64 {
    let id = message.properties.message_id().as_ref().unwrap().as_str();
    let parts: Vec<_> = id.split(':').collect();
    assert_eq!((parts[0], parts[2]), (EPOCH.to_string().as_str(), "tweets"));
    parts[1].parse().unwrap()
}

/// Whether the first occurrences come in order, without a hole, from 0 to `count`.
pub(crate) fn assert_whole(seqs: &[u64], count: u64) {
    let mut next = 0;
    for seq in seqs {
        assert!(*seq <= next, "{seq} came before {next}");
        next = next.max(seq + 1);
    }
    assert_eq!(next, count);
}

/// The broker that tests share.
pub(crate) async fn shared() -> String {
    let url = tokio::task::spawn_blocking(|| test_brokers::amqp().url.clone());
    url.await.unwrap()
}

/// A broker of a test's own.
#[derive(Clone)]
pub(crate) struct Own(Arc<test_brokers::Broker>);

impl Own {
    pub(crate) async fn start() -> Self {
        Self::from(test_brokers::own_amqp).await
    }

    pub(crate) async fn secure() -> Self {
        Self::from(test_brokers::secure_amqp).await
    }

    async fn from(start: fn() -> test_brokers::Broker) -> Self {
        Self(Arc::new(tokio::task::spawn_blocking(start).await.unwrap()))
    }

    pub(crate) fn broker(&self) -> &test_brokers::Broker {
        &self.0
    }

    pub(crate) fn url(&self) -> &str {
        self.0.address()
    }

    pub(crate) async fn kill(&self) {
        self.blocking(test_brokers::Broker::kill).await;
    }

    pub(crate) async fn up(&self) {
        self.blocking(test_brokers::Broker::up).await;
    }

    pub(crate) async fn demand_certificates(&self) {
        self.blocking(test_brokers::Broker::demand_certificates).await;
    }

    pub(crate) async fn control(&self, args: &[&str]) -> String {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        self.blocking(move |broker| {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            broker.rabbitmqctl(&args)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&test_brokers::Broker) -> T + Send + 'static,
    ) -> T {
        let broker = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&broker)).await.unwrap()
    }
}
