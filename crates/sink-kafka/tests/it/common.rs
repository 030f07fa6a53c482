//! What the tests share: settings, records, and a plain consumer.

#![allow(dead_code, reason = "each test program uses its part")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _, Timestamp as KafkaTimestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use sink_kafka::{KafkaSink, Settings};
use stream_core::model::{Lane, Place, Record, Timestamp};
use stream_core::sink::{Publisher, Settled, SinkError};
use test_brokers::unique;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn settings(servers: &str) -> Settings {
    Settings {
        topic_prefix: format!("{}.", unique("t")),
        partitions: Some(1),
        event_source: "/x/search/main".to_owned(),
        lanes: vec![Lane::Tweets],
        ..Settings::new(servers)
    }
}

pub(crate) fn sink(settings: &Settings) -> KafkaSink {
    KafkaSink::new(settings.clone()).expect("good settings")
}

pub(crate) fn record(lane: Lane, seq: u64, key: &str, value: impl Into<Bytes>) -> Record {
    let place = |seq| Place {
        epoch: 1_764_000_000,
        seq,
    };
    Record {
        lane,
        place: place(seq),
        previous: seq.checked_sub(1).map(place),
        lanes: [Lane::Tweets, Lane::Includes].into_iter().collect(),
        repeat: false,
        trace: None,
        received_at: Timestamp::from_millis(1_764_000_000_000 + seq),
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: value.into(),
    }
}

/// Outcomes until `count` have come or the publisher has failed.
pub(crate) async fn outcomes(publisher: &mut dyn Publisher, count: usize) -> Result<Vec<Settled>, SinkError> {
    let (mut all, mut some) = (Vec::new(), Vec::new());
    while all.len() < count {
        let settled = tokio::time::timeout(PATIENCE, publisher.settled(&mut some)).await;
        settled.expect("an outcome in time")?;
        all.append(&mut some);
    }
    Ok(all)
}

/// Text that no compression makes small.
pub(crate) fn noise(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'!' + (state % 90) as u8
    };
    let text: Vec<u8> = std::iter::repeat_with(letter).take(length).collect();
    Bytes::from(text)
}

fn admin(servers: &str) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers);
    config.create().expect("an admin client")
}

/// Creates `topic`, with one partition.
pub(crate) async fn create_topic(servers: &str, topic: &str, properties: &[(&str, &str)]) {
    let wanted = NewTopic::new(topic, 1, TopicReplication::Fixed(-1));
    let wanted = properties
        .iter()
        .fold(wanted, |wanted, (name, value)| wanted.set(name, value));
    let created = admin(servers)
        .create_topics(&[wanted], &AdminOptions::new())
        .await;
    for topic in created.expect("an answer") {
        topic.expect("created");
    }
}

/// Gives `topic` a new `max.message.bytes`.
pub(crate) async fn lower_limit(servers: &str, topic: &str, bytes: &str) {
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set("max.message.bytes", bytes);
    let altered = admin(servers)
        .alter_configs(&[change], &AdminOptions::new())
        .await;
    for topic in altered.expect("an answer") {
        topic.expect("altered");
    }
}

/// A record as Kafka gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) partition: i32,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) millis: Option<i64>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Read {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map(|headers| {
            headers
                .iter()
                .map(|header| {
                    let value = header.value.unwrap_or_default();
                    (header.key.to_owned(), String::from_utf8_lossy(value).into_owned())
                })
                .collect()
        });
        Self {
            partition: message.partition(),
            key: message.key().map(Bytes::copy_from_slice),
            value: message.payload().map(Bytes::copy_from_slice),
            millis: match message.timestamp() {
                KafkaTimestamp::CreateTime(millis) => Some(millis),
                _ => None,
            },
            headers: headers.unwrap_or_default(),
        }
    }

    /// The sequence that the `birdfeed` header names.
    pub(crate) fn seq(&self) -> u64 {
        let (_, value) = self
            .headers
            .iter()
            .find(|(name, _)| name == "birdfeed")
            .expect("the header");
        value
            .split(':')
            .nth(1)
            .and_then(|seq| seq.parse().ok())
            .expect("a sequence")
    }
}

/// Everything in `topic`, each partition in order, once at least `at_least` records are there (or after [`PATIENCE`]).
pub(crate) async fn read_topic(servers: &str, topic: &str, at_least: usize) -> Vec<Read> {
    let (servers, topic) = (servers.to_owned(), topic.to_owned());
    tokio::task::spawn_blocking(move || read_blocking(&servers, &topic, at_least))
        .await
        .expect("the reader does not panic")
}

fn read_blocking(servers: &str, topic: &str, at_least: usize) -> Vec<Read> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", "reader")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    let deadline = Instant::now() + PATIENCE;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions(&consumer, topic) {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .expect("a partition");
    }
    consumer.assign(&assignment).expect("an assignment");
    let mut read = Vec::new();
    loop {
        match consumer.poll(Duration::from_millis(500)) {
            Some(Ok(message)) => read.push(Read::of(&message)),
            // While a broker comes back.
            Some(Err(_)) if Instant::now() < deadline => {}
            None if read.len() < at_least && Instant::now() < deadline => {}
            _ => return read,
        }
    }
}

pub(crate) fn partitions(consumer: &BaseConsumer, topic: &str) -> i32 {
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
    i32::try_from(metadata.topics()[0].partitions().len()).expect("few partitions")
}

/// How many records the first partition of `topic` has at this moment.
pub(crate) async fn count_of(servers: &str, topic: &str) -> i64 {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .create()
        .expect("a consumer");
    let topic = topic.to_owned();
    tokio::task::spawn_blocking(move || consumer.fetch_watermarks(&topic, 0, PATIENCE))
        .await
        .expect("no panic")
        .expect("watermarks")
        .1
}

/// How many partitions `topic` has.
pub(crate) async fn partitions_of(servers: &str, topic: &str) -> i32 {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .create()
        .expect("a consumer");
    let topic = topic.to_owned();
    tokio::task::spawn_blocking(move || partitions(&consumer, &topic))
        .await
        .expect("no panic")
}

/// Whether the first occurrences of `seqs` come in ascending order.
pub(crate) fn in_order(seqs: impl IntoIterator<Item = u64>) -> bool {
    let mut highest = None;
    let mut seen = std::collections::HashSet::new();
    seqs.into_iter().filter(|seq| seen.insert(*seq)).all(|seq| {
        let ascends = highest.is_none_or(|highest| seq > highest);
        highest = Some(seq);
        ascends
    })
}

/// Takes the records before `offset` out of a topic's first partition, as retention does.
pub(crate) async fn delete_before(servers: &str, topic: &str, offset: i64) {
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset(topic, 0, Offset::Offset(offset))
        .expect("a partition and its offset");
    let deleted = admin(servers)
        .delete_records(&offsets, &AdminOptions::new())
        .await;
    deleted.expect("records deleted");
}
