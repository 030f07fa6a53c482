//! Why records wait: what librdkafka retries without a word, asked of the broker. Blocks up to its deadline: for blocking
//! threads only.

use std::time::{Duration, Instant};

use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;

use crate::error;
use crate::producer::PolledProducer;
use crate::statistics::Hindrances;
use crate::topics;

/// How long the broker may take for each answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// How a partition is, as the broker tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Partition {
    id: i32,
    has_leader: bool,
    replicas: usize,
    in_sync: usize,
}

/// Says what keeps the records for `topic` waiting. The words name no topic: it is the lane's, and others wait for the same.
pub(crate) fn inquire(producer: &PolledProducer, topic: &str) -> SinkError {
    let metadata = match topics::metadata(producer, Some(topic), Instant::now() + PATIENCE) {
        Ok(metadata) => metadata,
        Err(error) => return error,
    };
    let answer = metadata.topics().iter().find(|answer| answer.name() == topic);
    let Some(answer) = answer else {
        return error::missing(topic);
    };
    if let Some(code) = answer.error().map(Code::from)
        && code != Code::LeaderNotAvailable
    {
        return error::lane_error(code, topic);
    }
    let partitions: Vec<_> = answer.partitions().iter().map(Partition::of).collect();
    // What a broker does not tell is taken for what it is unless somebody says otherwise.
    let topics = [topic.to_owned()];
    let least = producer
        .admin
        .settings(&topics, "min.insync.replicas", Instant::now() + PATIENCE);
    judge(
        &partitions,
        least.into_values().max().unwrap_or(1),
        &producer.context().health.hindrances(),
    )
}

impl Partition {
    fn of(partition: &MetadataPartition) -> Self {
        Self {
            id: partition.id(),
            has_leader: partition.leader() >= 0,
            replicas: partition.replicas().len(),
            in_sync: partition.isr().len(),
        }
    }
}

/// The same of a topic that nobody publishes to yet, of which `least` is the `min.insync.replicas`: what would keep its records
/// waiting is an error; gives what would not everywhere, and should be known.
pub(crate) fn foresee(topic: &MetadataTopic, least: usize) -> Result<Option<String>, SinkError> {
    let partitions: Vec<_> = topic.partitions().iter().map(Partition::of).collect();
    match shortage(&partitions, least) {
        Some(error) => Err(error),
        None => Ok(too_few(&partitions, least).map(|error| error.to_string())),
    }
}

/// The first of the known reasons that fits.
fn judge(partitions: &[Partition], least: usize, hindrances: &Hindrances) -> SinkError {
    if let Some(error) = shortage(partitions, least) {
        return error;
    }
    if let Some(state) = &hindrances.numberless {
        return SinkError::Unavailable(format!(
            "Kafka gives the producer no number, which it must have to keep the order (librdkafka's state: {state})"
        ));
    }
    if let Some(address) = &hindrances.throttling {
        return SinkError::Unavailable(format!(
            "the broker at {address} throttles us: a quota is used up"
        ));
    }
    if let Some(error) = too_few(partitions, least) {
        return error;
    }
    SinkError::Unavailable(
        "Kafka has confirmed nothing for seconds, although leaders and replicas are there: it is slow, or the way to it"
            .to_owned(),
    )
}

/// What brokers that are away keep from working.
fn shortage(partitions: &[Partition], least: usize) -> Option<SinkError> {
    if let Some(partition) = partitions.iter().find(|partition| !partition.has_leader) {
        return Some(SinkError::Unavailable(format!(
            "Kafka takes no records: partition {} has no leader, the brokers that hold it are away",
            partition.id
        )));
    }
    // Kafka asks for no more replicas than there are.
    let is_short = |partition: &&Partition| partition.in_sync < least.min(partition.replicas);
    let partition = partitions.iter().find(is_short)?;
    let (noun, verb) = counted(partition.in_sync);
    Some(SinkError::Unavailable(format!(
        "Kafka refuses records: {} {noun} of partition {} {verb} in sync, and min.insync.replicas is {least}: brokers are \
         away or behind",
        partition.in_sync, partition.id
    )))
}

/// What is wrong for some brokers, and no broker's coming back cures.
fn too_few(partitions: &[Partition], least: usize) -> Option<SinkError> {
    let partition = partitions.iter().find(|partition| partition.replicas < least)?;
    let (noun, verb) = counted(partition.replicas);
    Some(SinkError::Operator(format!(
        "there {verb} {} {noun} of partition {}, and min.insync.replicas is {least}: brokers before Kafka 3.7 refuse records for \
         that",
        partition.replicas, partition.id
    )))
}

fn counted(replicas: usize) -> (&'static str, &'static str) {
    if replicas == 1 {
        ("replica", "is")
    } else {
        ("replicas", "are")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Partition = Partition {
        id: 0,
        has_leader: true,
        replicas: 3,
        in_sync: 3,
    };

    fn judged(second: Partition, least: usize) -> SinkError {
        judge(&[WELL, second], least, &Hindrances::default())
    }

    #[test]
    fn each_reason_has_its_words() {
        let leaderless = Partition {
            id: 1,
            has_leader: false,
            ..WELL
        };
        assert!(
            judged(leaderless, 2)
                .to_string()
                .contains("partition 1 has no leader")
        );
        let behind = Partition {
            id: 1,
            in_sync: 1,
            ..WELL
        };
        let SinkError::Unavailable(text) = judged(behind, 2) else {
            panic!("brokers may come back")
        };
        assert!(
            text.contains("1 replica of partition 1 is in sync, and min.insync.replicas is 2"),
            "{text}"
        );
        let few = Partition {
            replicas: 1,
            ..behind
        };
        assert!(
            matches!(judged(few, 2), SinkError::Operator(_)),
            "nothing cures this by itself"
        );
        assert!(judged(behind, 1).to_string().contains("slow"));
        let throttled = Hindrances {
            throttling: Some("k:9092".to_owned()),
            numberless: None,
        };
        assert!(
            judge(&[WELL], 1, &throttled)
                .to_string()
                .contains("k:9092 throttles")
        );
        let numberless = Hindrances {
            throttling: None,
            numberless: Some("WaitPID".to_owned()),
        };
        assert!(judge(&[WELL], 1, &numberless).to_string().contains("WaitPID"));
    }
}
