//! What `run` will need of Kafka, tried without changing anything: each broker's own address, the topics as configured or the
//! right to create them. Blocks up to its deadline: for blocking threads only.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use rdkafka::metadata::{Metadata, MetadataBroker, MetadataTopic};
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::pipeline::MAX_LINE;
use stream_core::sink::SinkError;

use crate::admin::Shape;
use crate::error;
use crate::inquiry;
use crate::producer::PolledProducer;
use crate::topics::{self, Presence};

/// How long one broker may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(2);

/// What is to be there.
pub(crate) struct Needs {
    pub(crate) topics: Vec<String>,
    /// What missing topics are created like, if they may be.
    pub(crate) create: Option<Shape>,
    pub(crate) partitions: Option<i32>,
}

/// Tries it all; the error names the first thing that `run` would fail for. Gives what works and should be known.
pub(crate) fn check(
    producer: &PolledProducer,
    needs: &Needs,
    deadline: Instant,
) -> Result<Vec<String>, SinkError> {
    let metadata = topics::metadata(producer, None, deadline)?;
    reach_brokers(&metadata)?;
    let (mut missing, mut present, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for topic in &needs.topics {
        match topics::look(producer, topic, deadline)? {
            Presence::Missing => missing.push(topic.clone()),
            Presence::Present { partitions } => {
                present.push(topic.clone());
                notes.extend(other_partitions(topic, partitions, needs.partitions));
            }
        }
    }
    if !present.is_empty() {
        let least = producer.admin.settings(&present, "min.insync.replicas", deadline);
        for topic in metadata.topics() {
            if let Some(least) = least.get(topic.name()) {
                let note = inquiry::foresee(topic, *least)?;
                notes.extend(note.map(|note| format!("topic {}: {note}", topic.name())));
            }
        }
        notes.extend(single(&metadata, &present));
        let limits = producer.admin.settings(&present, "max.message.bytes", deadline);
        notes.extend(smaller(limits.into_values().min()));
    }
    match needs.create {
        _ if missing.is_empty() => Ok(notes),
        None => Err(error::missing(&missing.join(", "))),
        Some(shape) => {
            let failures = producer.admin.create(&missing, shape, true, deadline)?;
            failures
                .into_iter()
                .next()
                .map_or(Ok(notes), |(topic, code)| Err(not_creatable(&topic, code)))
        }
    }
}

/// What to say if topics take less than a message of X may have.
fn smaller(limit: Option<usize>) -> Option<String> {
    let limit = limit.filter(|limit| *limit < MAX_LINE)?;
    Some(format!(
        "records of more than {limit} bytes are refused by a topic's max.message.bytes and go to the dead letters; a message of X \
         may have {MAX_LINE}"
    ))
}

/// What to say of the first of `topics` that has one copy although there are more brokers.
fn single(metadata: &Metadata, topics: &[String]) -> Option<String> {
    let brokers = metadata.brokers().len();
    let has_one = |topic: &&MetadataTopic| topic.partitions().iter().any(|one| one.replicas().len() == 1);
    let ours = metadata
        .topics()
        .iter()
        .filter(|topic| topics.iter().any(|name| name == topic.name()));
    let topic = ours.filter(|_| brokers > 1).find(has_one)?.name();
    Some(format!(
        "topic {topic} has one copy, and there are {brokers} brokers: with its broker it is gone"
    ))
}

/// A topic is missing, and Kafka will not create it.
pub(crate) fn not_creatable(topic: &str, code: Code) -> SinkError {
    SinkError::Operator(format!(
        "topic {topic} does not exist and cannot be created: {}",
        error::text(code)
    ))
}

/// What to say of a topic that has other partitions than the settings want.
pub(crate) fn other_partitions(topic: &str, partitions: usize, wanted: Option<i32>) -> Option<String> {
    let wanted = usize::try_from(wanted?).ok()?;
    (partitions != wanted).then(|| {
        format!(
            "topic {topic} has {partitions} partitions and not the {wanted} of the configuration, which are for topics that \
             are created"
        )
    })
}

/// librdkafka finds the brokers by the bootstrap servers and then uses the addresses that they give for themselves.
fn reach_brokers(metadata: &Metadata) -> Result<(), SinkError> {
    metadata.brokers().iter().try_for_each(|broker| {
        reach(broker).map_err(|why| {
            SinkError::Unavailable(format!(
                "Kafka does not answer at {}:{}: {why} (the address that broker {} names for itself: see its \
                 advertised.listeners)",
                broker.host(),
                broker.port(),
                broker.id()
            ))
        })
    })
}

fn reach(broker: &MetadataBroker) -> Result<(), String> {
    let port = u16::try_from(broker.port()).map_err(|error| error.to_string())?;
    let addresses = (broker.host(), port)
        .to_socket_addrs()
        .map_err(|error| error.to_string())?;
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECTING) {
            Ok(_) => return Ok(()),
            Err(error) => why = words(&error),
        }
    }
    Err(why)
}

/// The system's words, without its number for them.
fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_partitions_are_worth_a_word() {
        assert_eq!(other_partitions("x.tweets", 3, None), None);
        assert_eq!(other_partitions("x.tweets", 3, Some(3)), None);
        let warning = other_partitions("x.tweets", 1, Some(3)).unwrap();
        assert!(
            warning.contains("x.tweets has 1 partitions and not the 3"),
            "{warning}"
        );
    }
}
