//! What a message costs from the socket to the confirmation, without a socket and without a broker: a scripted source, a real
//! journal, four lanes into a sink in memory. `cargo run --release -p stream-core --example lane_loop [messages]`.
//!
//! Instructions, which other programs do not disturb: run it under `valgrind --tool=callgrind` with two numbers of messages, and
//! divide the difference by the messages between them (`scripts/instructions`).

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stream_core::model::{Lane, LaneSet};
use stream_core::pipeline::{NamedSink, Pipeline, Settings};
use stream_core::telemetry::Observer;
use stream_core::testing::counts::Counts;
use stream_core::testing::memory::MemorySink;
use stream_core::testing::scripted::scripted;

const LANES: [Lane; 4] = [Lane::Tweets, Lane::Includes, Lane::Errors, Lane::MatchingRules];
/// About what X sends.
const BYTES: usize = 4_000;
/// Messages in one chunk, which are confirmed before the next is sent: so each run wakes everything equally often.
const CHUNK: usize = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let messages: usize = std::env::args().nth(1).map_or(Ok(100_000), |it| it.parse())?;
    let folder = tempfile::tempdir_in(".")?;
    let mut journal = journal::Settings::new(folder.path());
    // Syncs come by the clock, which says nothing about a message.
    journal.durability = journal::Durability::Process;
    let lanes: LaneSet = LANES.into_iter().collect();
    let sink = MemorySink::new();
    let named = NamedSink {
        name: "memory".to_owned(),
        sink: Arc::new(sink.clone()),
    };
    let (source, script) = scripted();
    let wire = script.accept();
    let observer: Arc<dyn Observer> = Arc::new(Counts::default());
    let settings = Settings::new("bench", lanes, journal);
    let pipeline = Pipeline::start(&settings, source, &[named], &observer)?;

    let started = Instant::now();
    let mut sent = 0;
    while sent < messages {
        let chunk = CHUNK.min(messages - sent);
        wire.lines((sent..sent + chunk).map(line)).await;
        sent += chunk;
        for lane in LANES {
            sink.holds(lane, sent).await;
        }
    }
    let took = started.elapsed();
    pipeline.drain(Duration::from_secs(10)).await.journal?;
    println!("{:.2} µs per message", took.as_secs_f64() * 1e6 / sent as f64);
    Ok(())
}

fn line(number: usize) -> String {
    let head = format!(r#"{{"key":"{number}","also":"includes,errors,matching_rules","text":""#);
    format!("{head}{}\"}}", "x".repeat(BYTES - head.len()))
}
