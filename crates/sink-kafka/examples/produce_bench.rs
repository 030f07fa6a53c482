//! What it costs to hand messages to Kafka, four records each, through the sink and through librdkafka alone.
//!
//! ```text
//! produce_bench SERVERS FILE [MESSAGES] [sink|bare] [minimal|cloudevents] [PROPERTY=VALUE …]
//! ```
//!
//! FILE holds v2 messages, one a line. Prints records per second and the CPU time (user and system, all threads of this
//! process) per message.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use serde_json::value::RawValue;
use sink_kafka::{KafkaSink, Settings};
use stream_core::cloudevents::Headers;
use stream_core::model::{HEADER, Lane, LaneSet, Place, Record, Timestamp};
use stream_core::sink::{Outcome, Sink as _};

const LANES: [Lane; 4] = [Lane::Tweets, Lane::Includes, Lane::Errors, Lane::MatchingRules];
const WINDOW: usize = 8_192;
const BATCH: usize = 256;

/// One message's key and values, one for each of [`LANES`].
type Parts = (Bytes, [Bytes; 4]);

struct Plan {
    parts: Vec<Parts>,
    messages: u64,
    settings: Settings,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let servers = args.next().ok_or("SERVERS?")?;
    let file = args.next().ok_or("FILE?")?;
    let messages: u64 = args.next().map_or(Ok(100_000), |n| n.parse())?;
    let bare = args.next().is_some_and(|mode| mode == "bare");
    let headers = match args.next().as_deref() {
        Some("cloudevents") => Headers::CloudEvents,
        _ => Headers::Minimal,
    };
    let properties = args.filter_map(|pair| pair.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())));
    let plan = Arc::new(Plan {
        parts: std::fs::read_to_string(file)?
            .lines()
            .map(split)
            .collect::<Result<_, _>>()?,
        messages,
        settings: settings(servers, headers, properties.collect()),
    });
    let sink = Arc::new(KafkaSink::new(plan.settings.clone())?);
    for lane in LANES {
        sink.open(lane).await?;
    }
    let (start, cpu) = (Instant::now(), cpu_time()?);
    if bare {
        run_bare(&plan).await?;
    } else {
        let lanes = LANES.map(|lane| tokio::spawn(run_lane(Arc::clone(&sink), Arc::clone(&plan), lane)));
        for lane in lanes {
            lane.await?;
        }
    }
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_time()?.saturating_sub(cpu));
    println!(
        "{} {messages} messages: {:.0} records/s, {:.2} µs CPU per message, {:.1} s",
        if bare { "bare" } else { "sink" },
        4.0 * messages as f64 / seconds,
        cpu.as_secs_f64() * 1e6 / messages as f64,
        seconds,
    );
    if !bare {
        for (time, name) in thread_times()? {
            println!("  {name} {time:?}");
        }
    }
    Ok(())
}

fn settings(bootstrap_servers: String, headers: Headers, properties: BTreeMap<String, String>) -> Settings {
    Settings {
        topic_prefix: "bench.".to_owned(),
        partitions: Some(1),
        properties,
        headers,
        event_source: "/x/search/bench".to_owned(),
        lanes: LANES.to_vec(),
        ..Settings::new(bootstrap_servers)
    }
}

fn split(line: &str) -> Result<Parts, serde_json::Error> {
    let whole: BTreeMap<&str, &RawValue> = serde_json::from_str(line)?;
    let data: BTreeMap<&str, &RawValue> =
        serde_json::from_str(whole.get("data").map_or("{}", |data| data.get()))?;
    let id = data.get("id").map_or("0", |id| id.get().trim_matches('"'));
    let part = |name: &str, absent: &str| {
        let value = whole.get(name).map_or(absent, |raw| raw.get());
        Bytes::from(format!("{{\"tweet_id\":\"{id}\",\"{name}\":{value}}}"))
    };
    let values = [
        Bytes::copy_from_slice(whole.get("data").map_or("{}", |data| data.get()).as_bytes()),
        part("includes", "{}"),
        part(
            "errors",
            r#"[{"title":"Not Found Error","resource_type":"tweet","parameter":"referenced_tweets.id"}]"#,
        ),
        part(
            "matching_rules",
            r#"[{"id":"1380242611781386245","tag":"cats with images"}]"#,
        ),
    ];
    Ok((Bytes::copy_from_slice(id.as_bytes()), values))
}

fn record(plan: &Plan, lane: Lane, column: usize, seq: u64, lanes: LaneSet) -> Record {
    let (key, values) = &plan.parts[seq as usize % plan.parts.len()];
    let place = |seq| Place {
        epoch: 1_764_000_000,
        seq,
    };
    Record {
        lane,
        place: place(seq),
        previous: seq.checked_sub(1).map(place),
        lanes,
        repeat: false,
        trace: None,
        received_at: Timestamp::from_micros(1_764_000_000_000_000 + seq * 7),
        key: Some(key.clone()),
        value: values[column].clone(),
    }
}

/// What a lane does, without a journal: hands over while the window has room, and takes in outcomes.
async fn run_lane(sink: Arc<KafkaSink>, plan: Arc<Plan>, lane: Lane) {
    let column = LANES
        .iter()
        .position(|&other| other == lane)
        .expect("one of ours");
    let lanes: LaneSet = LANES.into_iter().collect();
    let mut publisher = sink.open(lane).await.expect("opened before");
    let (mut next, mut confirmed) = (0, 0);
    let (mut batch, mut settled) = (Vec::new(), Vec::new());
    while confirmed < plan.messages {
        let room = (WINDOW - (next - confirmed) as usize).min((plan.messages - next) as usize);
        if room >= BATCH || (room > 0 && next + room as u64 == plan.messages) {
            batch.clear();
            batch.extend(
                (next..next + room.min(BATCH) as u64).map(|seq| record(&plan, lane, column, seq, lanes)),
            );
            publisher.publish(&batch).await.expect("the broker takes it");
            next += batch.len() as u64;
            continue;
        }
        settled.clear();
        publisher
            .settled(&mut settled)
            .await
            .expect("the broker is there");
        assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));
        confirmed += settled.len() as u64;
    }
    publisher.close(Duration::from_secs(1)).await;
}

struct Count(AtomicUsize);

impl ClientContext for Count {}

impl ProducerContext for Count {
    type DeliveryOpaque = usize;
    fn delivery(&self, report: &DeliveryResult<'_>, _: usize) {
        if let Err((error, _)) = report {
            eprintln!("{error}");
        }
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The same records with nothing of ours in between: the floor.
async fn run_bare(plan: &Plan) -> Result<(), Box<dyn Error>> {
    let mut config = ClientConfig::new();
    for (name, value) in [
        ("bootstrap.servers", plan.settings.bootstrap_servers.as_str()),
        ("enable.idempotence", "true"),
        ("linger.ms", "5"),
        ("batch.size", "262144"),
        ("compression.type", "lz4"),
        ("queue.buffering.max.kbytes", "65536"),
    ] {
        config.set(name, value);
    }
    for (name, value) in &plan.settings.properties {
        config.set(name, value);
    }
    let producer: ThreadedProducer<Count> = config.create_with_context(Count(AtomicUsize::new(0)))?;
    let flying = || {
        rdkafka::producer::Producer::context(&producer)
            .0
            .load(Ordering::Relaxed)
    };
    let topics = LANES.map(|lane| plan.settings.topic(lane));
    for seq in 0..plan.messages {
        while flying() > 4 * WINDOW {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        rdkafka::producer::Producer::context(&producer)
            .0
            .fetch_add(4, Ordering::Relaxed);
        let (key, values) = &plan.parts[seq as usize % plan.parts.len()];
        for (topic, value) in topics.iter().zip(values) {
            let header = Header {
                key: HEADER,
                value: Some("1764000000:12345:12344:tweets,includes,matching_rules"),
            };
            let record = BaseRecord::with_opaque_to(topic, 1)
                .key(&key[..])
                .payload(&value[..])
                .headers(OwnedHeaders::new_with_capacity(1).insert(header));
            let mut sent = producer.send(record);
            while let Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), record)) = sent {
                tokio::time::sleep(Duration::from_millis(1)).await;
                sent = producer.send(record);
            }
            sent.map_err(|(error, _)| error)?;
        }
    }
    while flying() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// User and system time of this process, in steps of 10 ms.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    Ok(ticks("/proc/self/stat")?.1)
}

/// User and system time of each thread that took any, the greatest first.
fn thread_times() -> Result<Vec<(Duration, String)>, Box<dyn Error>> {
    let mut times = Vec::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let (name, time) = ticks(&format!("{}/stat", task?.path().display()))?;
        times.push((time, name));
    }
    times.retain(|(time, _)| !time.is_zero());
    times.sort_unstable_by(|a, b| b.cmp(a));
    Ok(times)
}

fn ticks(path: &str) -> Result<(String, Duration), Box<dyn Error>> {
    let stat = std::fs::read_to_string(path)?;
    let (name, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
    let name = name.split_once('(').map_or("", |(_, name)| name);
    let used = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = used.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok((name.to_owned(), Duration::from_millis(ticks * 10)))
}
