//! Topic provisioning: whether a topic exists, and what it is like. Everything here blocks up to its deadline:
//! for blocking threads only.

use std::time::{Duration, Instant};

use rdkafka::metadata::Metadata;
use rdkafka::producer::Producer as _;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;

use crate::error;
use crate::producer::PolledProducer;

/// What a broker knows about a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Present { partitions: usize },
    Missing,
}

/// Asks a broker for `topic`; waits until `deadline` for one that answers, and for a topic that is just being made.
pub(crate) fn look(producer: &PolledProducer, topic: &str, deadline: Instant) -> Result<Presence, SinkError> {
    loop {
        match ask(producer, topic, deadline)? {
            Ok(partitions) => return Ok(Presence::Present { partitions }),
            Err(Code::UnknownTopicOrPartition | Code::UnknownTopic) => return Ok(Presence::Missing),
            Err(Code::LeaderNotAvailable) if Instant::now() < deadline => pause(),
            Err(code) => return Err(error::lane_error(code, topic)),
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

/// The number of the topic's partitions, or the error that the broker gives for it.
fn ask(producer: &PolledProducer, topic: &str, deadline: Instant) -> Result<Result<usize, Code>, SinkError> {
    let metadata = metadata(producer, Some(topic), deadline)?;
    let answer = metadata.topics().iter().find(|answer| answer.name() == topic);
    Ok(match answer {
        None => Err(Code::UnknownTopicOrPartition),
        Some(answer) => match answer.error() {
            Some(error) => Err(Code::from(error)),
            None => Ok(answer.partitions().len()),
        },
    })
}

/// What a broker knows of `topic`, or of all; an error says why none answers.
pub(crate) fn metadata(
    producer: &PolledProducer,
    topic: Option<&str>,
    deadline: Instant,
) -> Result<Metadata, SinkError> {
    let answer = producer.base().client().fetch_metadata(topic, left(deadline));
    answer.map_err(|error| {
        let code = error.rdkafka_error_code();
        producer
            .context()
            .health
            .explain(&code.map_or_else(|| error.to_string(), error::text))
    })
}

fn left(deadline: Instant) -> Duration {
    // Zero would mean "do not wait".
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}
