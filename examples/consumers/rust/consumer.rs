//! birdfeed's topics with rdkafka: the records of one post together, without repeats, committed after the work is done.
//!
//! `cargo run -p sink-kafka --example consumer -- localhost:9092 my-service [seconds without a record after which it ends [WAIT]]`

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::error::Error;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

const LANES: [&str; 4] = ["tweets", "includes", "matching_rules", "events"];
const PREFIX: &str = "x.";
/// Places of whole messages: what comes again after so many others is not known for a repeat.
const REMEMBERED: usize = 100_000;
/// Messages that wait for a record at most; then the oldest goes on without it.
const HELD: usize = 10_000;
/// How long a message waits for a record: it may be a dead letter, or committed before this program was last ended. Then the
/// message goes on without it, and alone what comes later. Meanwhile nothing after it is committed.
const WAIT: Duration = Duration::from_secs(60);

type Place = (u64, u64);
type Partition = (String, i32);

/// What has come of one message.
struct Message {
    wanted: BTreeSet<String>,
    values: BTreeMap<String, Vec<u8>>,
    records: Vec<(Partition, i64)>,
    since: Instant,
}

#[derive(Default)]
struct Joined {
    /// By place: the oldest is the first.
    held: BTreeMap<Place, Message>,
    /// By place the lanes that have come.
    done: HashMap<Place, BTreeSet<String>>,
    order: VecDeque<Place>,
    /// Of each partition the records in work, and the offset after its newest.
    open: HashMap<Partition, (BTreeSet<i64>, i64)>,
    repeats: u64,
}

impl Joined {
    fn take(&mut self, record: &BorrowedMessage<'_>) -> Result<(), Box<dyn Error>> {
        let partition = (record.topic().to_owned(), record.partition());
        let (open, next) = self.open.entry(partition.clone()).or_default();
        open.insert(record.offset());
        *next = record.offset() + 1;
        let (place, lanes) = header(record)?;
        let lane = record.topic().trim_start_matches(PREFIX).to_owned();
        let value = record.payload().unwrap_or_default().to_vec();
        if let Some(come) = self.done.get_mut(&place) {
            if come.insert(lane.clone()) {
                show(place, &BTreeMap::from([(lane, value)]));
            } else {
                self.repeats += 1;
            }
            open.remove(&record.offset());
            return Ok(());
        }
        let message = self.held.entry(place).or_insert_with(|| Message {
            wanted: lanes,
            values: BTreeMap::new(),
            records: Vec::new(),
            since: Instant::now(),
        });
        self.repeats += u64::from(message.values.insert(lane, value).is_some());
        message.records.push((partition, record.offset()));
        if message
            .wanted
            .iter()
            .all(|lane| message.values.contains_key(lane))
        {
            self.finish(place);
        } else if self.held.len() > HELD
            && let Some((oldest, _)) = self.held.first_key_value()
        {
            self.finish(*oldest);
        }
        Ok(())
    }

    fn finish_late(&mut self, wait: Duration) {
        let held = self.held.iter();
        let late: Vec<_> = held
            .filter(|(_, message)| message.since.elapsed() > wait)
            .map(|(place, _)| *place)
            .collect();
        for place in late {
            self.finish(place);
        }
    }

    fn finish(&mut self, place: Place) {
        let Some(message) = self.held.remove(&place) else {
            return;
        };
        show(place, &message.values);
        let come = message.values.into_keys().collect();
        self.done.insert(place, come);
        self.order.push_back(place);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.done.remove(&oldest);
        }
        for (partition, offset) in message.records {
            self.open.entry(partition).and_modify(|(open, _)| {
                open.remove(&offset);
            });
        }
    }

    /// What may be committed: up to the first record whose message is not finished.
    fn safe(&self) -> Result<TopicPartitionList, Box<dyn Error>> {
        let mut offsets = TopicPartitionList::new();
        for ((topic, partition), (open, next)) in &self.open {
            let first = open.first().unwrap_or(next);
            offsets.add_partition_offset(topic, *partition, Offset::Offset(*first))?;
        }
        Ok(offsets)
    }
}

/// `epoch:sequence:previous:lanes`: the place, which is the same in all lanes, and those of the lanes that are read here.
fn header(record: &BorrowedMessage<'_>) -> Result<(Place, BTreeSet<String>), Box<dyn Error>> {
    let headers = record
        .headers()
        .ok_or("a record without headers is not birdfeed's")?;
    let header = headers.iter().find(|header| header.key == "birdfeed");
    let text = std::str::from_utf8(
        header
            .and_then(|header| header.value)
            .ok_or("no birdfeed header")?,
    )?;
    let [epoch, sequence, _previous, lanes] = text.splitn(4, ':').collect::<Vec<_>>()[..] else {
        return Err(format!("not a birdfeed header: {text}").into());
    };
    let read = lanes.split(',').filter(|lane| LANES.contains(lane));
    Ok((
        (epoch.parse()?, sequence.parse()?),
        read.map(str::to_owned).collect(),
    ))
}

/// Your work; only when it is done is anything committed. An event says what became of the stream: gap, disconnected.
fn show((epoch, sequence): Place, values: &BTreeMap<String, Vec<u8>>) {
    let lanes: Vec<_> = values.keys().map(String::as_str).collect();
    let event = values.get("events").map(|event| String::from_utf8_lossy(event));
    let (lanes, event) = (lanes.join("\",\""), event.as_deref().unwrap_or("null"));
    println!("{{\"place\":\"{epoch}:{sequence}\",\"lanes\":[\"{lanes}\"],\"event\":{event}}}");
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [servers, group, times @ ..] = &args[..] else {
        return Err("usage: consumer SERVERS GROUP [SECONDS [WAIT]]".into());
    };
    let seconds = |text: &String| text.parse().map(Duration::from_secs);
    let idle = times.first().map(seconds).transpose()?;
    let wait = times.get(1).map_or(Ok(WAIT), seconds)?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .create()?;
    let topics = LANES.map(|lane| format!("{PREFIX}{lane}"));
    consumer.subscribe(&topics.each_ref().map(String::as_str))?;
    let mut joined = Joined::default();
    let (mut newest, mut committed) = (Instant::now(), Instant::now());
    while idle.is_none_or(|idle| newest.elapsed() < idle) {
        if let Some(record) = consumer.poll(Duration::from_millis(500)) {
            joined.take(&record?)?;
            newest = Instant::now();
        }
        joined.finish_late(wait);
        // What is not committed when this is killed comes again, and is a repeat then.
        if !joined.open.is_empty() && committed.elapsed() > Duration::from_secs(1) {
            consumer.commit(&joined.safe()?, CommitMode::Sync)?;
            committed = Instant::now();
        }
    }
    eprintln!("{} repeats dropped", joined.repeats);
    Ok(())
}
