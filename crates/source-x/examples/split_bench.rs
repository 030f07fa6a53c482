//! Time per message of `split` on recorded messages: `cargo run --release -p source-x --example split_bench [FILE]`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;

// Rounds of a few milliseconds: the best one was not interrupted.
const ROUNDS: usize = 500;
const PASSES: usize = 5;

fn main() -> std::io::Result<()> {
    let beside = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/v2-messages.ndjson"
    );
    let file = std::env::args().nth(1).unwrap_or_else(|| beside.to_owned());
    let text = Bytes::from(std::fs::read(&file)?);
    let messages: Vec<Bytes> = text
        .split(|byte| *byte == b'\n')
        .map(|line| text.slice_ref(line.trim_ascii_end()))
        .filter(|line| !line.is_empty())
        .collect();
    let best = (0..ROUNDS).map(|_| pass(&messages)).min().unwrap_or_default();
    let count = messages.len() * PASSES;
    let bytes: usize = messages.iter().map(Bytes::len).sum();
    let micros = best.as_secs_f64() * 1e6 / count as f64;
    let mean = bytes as f64 / messages.len() as f64;
    println!(
        "{micros:.2} µs per message of {mean:.0} bytes ({:.0} MB/s), best of {ROUNDS}",
        mean / micros
    );
    Ok(())
}

fn pass(messages: &[Bytes]) -> Duration {
    let start = Instant::now();
    for _ in 0..PASSES {
        for message in messages {
            black_box(source_x::split(black_box(message)));
        }
    }
    start.elapsed()
}
