//! Topic provisioning: whether a topic exists, making it so, and how much it takes. Everything here blocks up to its deadline:
//! for blocking threads only.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::Producer;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;

use crate::error;
use crate::producer::PolledProducer;

/// What a broker knows about a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Present,
    Missing,
}

/// Asks a broker for `topic`; waits until `deadline` for one that answers, and for a topic that is just being made.
pub(crate) fn look(producer: &PolledProducer, topic: &str, deadline: Instant) -> Result<Presence, SinkError> {
    loop {
        match ask(producer, topic, deadline)? {
            None => return Ok(Presence::Present),
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => return Ok(Presence::Missing),
            Some(Code::LeaderNotAvailable) if Instant::now() < deadline => pause(),
            Some(code) => return Err(error::lane_error(code, topic)),
        }
    }
}

/// Waits until `deadline` for a topic that has been created to be known.
pub(crate) fn appears(producer: &PolledProducer, topic: &str, deadline: Instant) -> Result<(), SinkError> {
    while look(producer, topic, deadline)? == Presence::Missing {
        if Instant::now() >= deadline {
            return Err(SinkError::Unavailable(format!(
                "topic {topic} was created and is not known yet"
            )));
        }
        pause();
    }
    Ok(())
}

/// The error that the broker gives for `topic`, if any.
fn ask(producer: &PolledProducer, topic: &str, deadline: Instant) -> Result<Option<Code>, SinkError> {
    let health = &producer.context().health;
    let metadata = producer
        .base()
        .client()
        .fetch_metadata(Some(topic), left(deadline))
        .map_err(|error| {
            let text = error
                .rdkafka_error_code()
                .map_or_else(|| error.to_string(), error::text);
            health.explain(&text)
        })?;
    health.well();
    let answer = metadata.topics().iter().find(|answer| answer.name() == topic);
    Ok(answer.map_or(Some(Code::UnknownTopicOrPartition), |answer| {
        answer.error().map(Code::from)
    }))
}

/// Creates `topics`; those that exist are left alone. Gives each topic's error, if any.
pub(crate) fn create(
    config: &ClientConfig,
    topics: &[String],
    partitions: i32,
    replication: i32,
    deadline: Instant,
) -> Result<Vec<(String, Code)>, SinkError> {
    let failed =
        |error: rdkafka::error::KafkaError| SinkError::Unavailable(format!("cannot create topics: {error}"));
    let admin: AdminClient<DefaultClientContext> = config.create().map_err(failed)?;
    let wanted: Vec<_> = topics
        .iter()
        .map(|topic| NewTopic::new(topic, partitions, TopicReplication::Fixed(replication)))
        .collect();
    let options = AdminOptions::new()
        .request_timeout(Some(left(deadline)))
        .operation_timeout(Some(left(deadline)));
    let results = tokio::runtime::Handle::current()
        .block_on(admin.create_topics(&wanted, &options))
        .map_err(failed)?;
    Ok(results
        .into_iter()
        .filter_map(Result::err)
        .filter(|(_, code)| *code != Code::TopicAlreadyExists)
        .collect())
}

/// The smallest `max.message.bytes` of `topics`, as far as the broker knows them and tells us.
pub(crate) fn limit(config: &ClientConfig, topics: &[String], deadline: Instant) -> Option<usize> {
    let admin: AdminClient<DefaultClientContext> = config.create().ok()?;
    let resources: Vec<_> = topics
        .iter()
        .map(|topic| ResourceSpecifier::Topic(topic))
        .collect();
    let options = AdminOptions::new().request_timeout(Some(left(deadline)));
    let described = tokio::runtime::Handle::current()
        .block_on(admin.describe_configs(&resources, &options))
        .inspect_err(|error| tracing::warn!(%error, "Kafka does not tell how much its topics take"))
        .ok()?;
    let limits = described.iter().flatten().filter_map(|topic| {
        let limit = topic.get("max.message.bytes")?.value.as_deref()?;
        limit.parse().ok()
    });
    limits.min()
}

fn left(deadline: Instant) -> Duration {
    // Zero would mean "do not wait" in one place and "the default" in another.
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}
