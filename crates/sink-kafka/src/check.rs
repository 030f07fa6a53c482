//! What `run` will need of Kafka, tried without changing anything: each broker's own address, the topics as configured or the
//! right to create them. Blocks up to its deadline: for blocking threads only.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use rdkafka::metadata::MetadataBroker;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;

use crate::admin::Shape;
use crate::error;
use crate::producer::PolledProducer;
use crate::topics::{self, Presence};

/// How long one broker may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(2);

/// The longest line that is taken from X, in bytes: stream-core's `Settings::max_line`.
const LARGEST: usize = 8 << 20;

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
    reach_brokers(producer, deadline)?;
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
    notes.extend(topics::thin(producer, &present, deadline)?);
    notes.extend(smaller(&producer.admin.settings(
        &present,
        "max.message.bytes",
        deadline,
    )));
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
fn smaller(limits: &[usize]) -> Option<String> {
    let limit = limits.iter().min().filter(|limit| **limit < LARGEST)?;
    Some(format!(
        "records of more than {limit} bytes are refused by a topic's max.message.bytes and go to the dead letters; a message of X \
         may have {LARGEST}"
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
fn reach_brokers(producer: &PolledProducer, deadline: Instant) -> Result<(), SinkError> {
    let metadata = topics::metadata(producer, None, deadline)?;
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
