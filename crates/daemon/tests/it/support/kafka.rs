//! Reads topics back, from their beginning to their end.

use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::oracle::Consumed;

const DEADLINE: Duration = Duration::from_secs(60);

/// All records of `topic`, by partition.
pub fn read(bootstrap: &str, topic: &str) -> Vec<Vec<Consumed>> {
    let mut partitions = Vec::new();
    read_with(bootstrap, topic, |partition, message| {
        let at = usize::try_from(partition).unwrap();
        if partitions.len() <= at {
            partitions.resize(at + 1, Vec::new());
        }
        partitions[at].push(consumed(message));
    });
    partitions
}

/// Shows every record of `topic` to `see`.
pub fn read_with(bootstrap: &str, topic: &str, mut see: impl FnMut(i32, &BorrowedMessage<'_>)) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "not-used")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), DEADLINE).unwrap();
    let mut assignment = TopicPartitionList::new();
    let mut left = 0;
    for partition in metadata.topics()[0].partitions() {
        let (low, high) = consumer
            .fetch_watermarks(topic, partition.id(), DEADLINE)
            .unwrap();
        left += high - low;
        assignment
            .add_partition_offset(topic, partition.id(), Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let deadline = Instant::now() + DEADLINE;
    while left > 0 {
        assert!(Instant::now() < deadline, "{topic}: {left} records do not come");
        // The broker may have just come back: errors pass.
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(200)) {
            see(message.partition(), &message);
            left -= 1;
        }
    }
}

/// The value of a header.
pub fn header(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let headers = message.headers()?;
    let found = headers.iter().find(|header| header.key == name)?;
    Some(String::from_utf8(found.value?.to_vec()).unwrap())
}

fn consumed(message: &BorrowedMessage<'_>) -> Consumed {
    Consumed {
        key: String::from_utf8(message.key().unwrap_or_default().to_vec()).unwrap(),
        value: message.payload().unwrap().to_vec(),
        header: header(message, "birdfeed").unwrap(),
    }
}
