//! Reading back: all partitions of the lanes' topics, from their beginning, by a consumer that joins no group and commits
//! nothing. Everything here blocks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};
use stream_core::model::{HEADER, Header, Lane};
use stream_core::sink::{Found, ReadBack, SinkError};

use crate::admin::Context;
use crate::client_config::client_config;
use crate::error;
use crate::health::Health;
use crate::property;
use crate::settings::Settings;

/// For each question about a topic or a partition.
const ANSWER: Duration = Duration::from_secs(10);
/// How long records that are there may not come.
const STALL: Duration = Duration::from_secs(30);
/// How long nothing comes, before each partition that is not at its last offset is asked alone whether it has ended: offsets have gaps
/// where a topic is compacted or was written to in transactions.
const IDLE: Duration = Duration::from_secs(3);
/// How many of librdkafka's words are heard when it has failed.
const HEARD: usize = 100;
/// The consumer's own properties. librdkafka wants a group's name for any assignment; of this one nobody is a member.
const CONSUMER: [(&str, &str); 7] = [
    ("group.id", "birdfeed-verify"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("auto.offset.reset", "earliest"),
    ("queued.max.messages.kbytes", "32768"),
    ("statistics.interval.ms", "0"),
];

impl ConsumerContext for Context {}

/// Reads each partition from where it was left.
pub(crate) struct TopicsReadBack {
    consumer: BaseConsumer<Context>,
    health: Arc<Health>,
    topics: HashMap<String, Lane>,
    partitions: HashMap<(Lane, i32), Partition>,
}

#[derive(Default)]
struct Partition {
    /// The offset of the next record that is read.
    next: i64,
    /// Behind the last record of this round.
    end: i64,
    /// Records before `next` are gone, which the first one that is read tells.
    is_trimmed: bool,
}

/// What librdkafka had.
enum Step {
    /// A record of this partition.
    Read((Lane, i32)),
    /// The end of a partition of this number.
    Ended(i32),
    Nothing,
}

impl Partition {
    const fn is_read(&self) -> bool {
        self.next >= self.end
    }

    /// There is no record up to the last offset.
    const fn has_ended(&mut self) {
        self.next = self.end;
    }
}

impl TopicsReadBack {
    /// A consumer of what `settings` name, as their files are now.
    pub(crate) fn open(settings: &Settings) -> Result<Self, SinkError> {
        let mut config = client_config(settings).map_err(|error| SinkError::Operator(error.to_string()))?;
        for name in property::of_producers() {
            config.remove(name);
        }
        for (name, value) in CONSUMER {
            config.set(name, value);
        }
        let health = Arc::new(Health::new(settings.bootstrap_servers.clone()));
        let consumer = config
            .create_with_context(Context(Arc::clone(&health)))
            .map_err(|error| SinkError::Operator(format!("librdkafka cannot start: {error}")))?;
        Ok(Self {
            consumer,
            health,
            topics: settings
                .lanes
                .iter()
                .map(|lane| (settings.topic(*lane), *lane))
                .collect(),
            partitions: HashMap::new(),
        })
    }

    fn read_all(&mut self, found: &mut (dyn FnMut(Found<'_>) + Send)) -> Result<(), SinkError> {
        self.look(found)?;
        let mut last = Instant::now();
        let mut behind: HashSet<_> = self
            .partitions
            .iter()
            .filter(|(_, partition)| !partition.is_read())
            .map(|(key, _)| *key)
            .collect();
        while !behind.is_empty() {
            if let Step::Read(key) = self.step(found)? {
                last = Instant::now();
                if self.partitions[&key].is_read() {
                    behind.remove(&key);
                }
            }
            if last.elapsed() > IDLE {
                for key in behind.drain() {
                    self.read_alone(key, found)?;
                }
                self.assign(&self.partitions.keys().copied().collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    /// Reads one partition and no other, so that whose end comes is known: librdkafka names its number alone.
    fn read_alone(
        &mut self,
        key: (Lane, i32),
        found: &mut (dyn FnMut(Found<'_>) + Send),
    ) -> Result<(), SinkError> {
        self.assign(&[key])?;
        let mut last = Instant::now();
        while !self.partitions[&key].is_read() {
            match self.step(found)? {
                Step::Read(_) => last = Instant::now(),
                Step::Ended(id) if id == key.1 => {
                    self.partitions.entry(key).and_modify(Partition::has_ended);
                }
                _ if last.elapsed() > STALL => {
                    return Err(self
                        .health
                        .explain(&format!("records that are there do not come for {STALL:?}")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes what librdkafka has next.
    fn step(&mut self, found: &mut (dyn FnMut(Found<'_>) + Send)) -> Result<Step, SinkError> {
        let message = match self.consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => message,
            Some(Err(KafkaError::PartitionEOF(partition))) => return Ok(Step::Ended(partition)),
            Some(Err(KafkaError::MessageConsumption(code) | KafkaError::MessageConsumptionFatal(code))) => {
                return passes(code).map(|()| Step::Nothing);
            }
            Some(Err(error)) => return Err(self.health.explain(&error.to_string())),
            None => return Ok(Step::Nothing),
        };
        let Some(lane) = self.topics.get(message.topic()) else {
            return Ok(Step::Nothing);
        };
        let key = (*lane, message.partition());
        tell(*lane, self.partitions.entry(key).or_default(), &message, found);
        Ok(Step::Read(key))
    }

    /// Reads these partitions and no others, each on from where it was left.
    fn assign(&self, keys: &[(Lane, i32)]) -> Result<(), SinkError> {
        let mut list = TopicPartitionList::new();
        for (topic, lane) in &self.topics {
            for (_, id) in keys.iter().filter(|(of, _)| of == lane) {
                let next = Offset::Offset(self.partitions[&(*lane, *id)].next);
                let offset = list.add_partition_offset(topic, *id, next);
                debug_assert!(offset.is_ok(), "an offset that the broker names is one");
            }
        }
        let assigned = self.consumer.assign(&list);
        assigned.map_err(|error| self.health.explain(&error.to_string()))
    }

    /// Finds out what partitions there are, and where each ends.
    fn look(&mut self, found: &mut (dyn FnMut(Found<'_>) + Send)) -> Result<(), SinkError> {
        let mut is_new = false;
        for (topic, lane) in &self.topics {
            for id in self.partitions_of(topic)? {
                let marks = self.consumer.fetch_watermarks(topic, id, ANSWER);
                let (low, high) = marks.map_err(|error| self.explain(topic, &error))?;
                let partition = self.partitions.entry((*lane, id)).or_insert_with(|| {
                    is_new = true;
                    Partition::default()
                });
                partition.end = high;
                if partition.next < low {
                    partition.next = low;
                    partition.is_trimmed = true;
                    // Until a record of ours comes.
                    found(Found::Trimmed {
                        lane: *lane,
                        part: id.unsigned_abs(),
                        since: None,
                    });
                }
            }
        }
        if is_new {
            self.assign(&self.partitions.keys().copied().collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// The partitions of `topic`; none if it is not there, for a lane without a record may have none.
    fn partitions_of(&self, topic: &str) -> Result<Vec<i32>, SinkError> {
        let deadline = Instant::now() + ANSWER;
        loop {
            let metadata = self.consumer.fetch_metadata(Some(topic), ANSWER);
            let metadata = metadata.map_err(|error| self.explain(topic, &error))?;
            let Some(answer) = metadata.topics().iter().find(|answer| answer.name() == topic) else {
                return Ok(Vec::new());
            };
            match answer.error().map(Code::from) {
                None => {
                    return Ok(answer
                        .partitions()
                        .iter()
                        .map(rdkafka::metadata::MetadataPartition::id)
                        .collect());
                }
                Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => return Ok(Vec::new()),
                Some(Code::LeaderNotAvailable) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Some(code) => return Err(error::lane_error(code, topic)),
            }
        }
    }

    /// Why a question about `topic` has no answer.
    fn explain(&self, topic: &str, error: &KafkaError) -> SinkError {
        // What librdkafka has met with waits to be heard. Records are of no use any more.
        for _ in 0..HEARD {
            let _ = self.consumer.poll(Duration::ZERO);
        }
        match error.rdkafka_error_code() {
            Some(
                Code::BrokerTransportFailure | Code::OperationTimedOut | Code::AllBrokersDown | Code::Resolve,
            )
            | None => self.health.explain(&error.to_string()),
            Some(code) => error::lane_error(code, topic),
        }
    }
}

impl ReadBack for TopicsReadBack {
    fn read_on<'r>(
        &'r mut self,
        found: &'r mut (dyn FnMut(Found<'_>) + Send),
    ) -> BoxFuture<'r, Result<(), SinkError>> {
        async { tokio::task::block_in_place(|| self.read_all(found)) }.boxed()
    }
}

/// Hands on what `message` is.
fn tell(
    lane: Lane,
    partition: &mut Partition,
    message: &BorrowedMessage<'_>,
    found: &mut (dyn FnMut(Found<'_>) + Send),
) {
    partition.next = message.offset() + 1;
    let Some(header) = header(message) else {
        return found(Found::Foreign { lane });
    };
    if std::mem::take(&mut partition.is_trimmed) {
        let (part, since) = (message.partition().unsigned_abs(), Some(header.place));
        found(Found::Trimmed { lane, part, since });
    }
    let value = message.payload().unwrap_or_default();
    found(Found::Record { lane, header, value });
}

fn header(message: &BorrowedMessage<'_>) -> Option<Header> {
    let headers = message.headers()?;
    let ours = headers.iter().find(|header| header.key == HEADER)?;
    Header::parse(str::from_utf8(ours.value?).ok()?)
}

/// Whether librdkafka gets over `code` by itself, or it concerns the group only, which is but a name; that nothing comes is
/// noticed elsewhere.
fn passes(code: Code) -> Result<(), SinkError> {
    match code {
        Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::SSL => Err(SinkError::Operator(format!(
            "Kafka does not let us read: {}",
            error::text(code)
        ))),
        _ => Ok(()),
    }
}
