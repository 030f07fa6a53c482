//! Time per message of `split`: `cargo run --release -p source-x --example split_bench [FILE [ROUNDS]]`, where FILE has a
//! message on each line; without it, or with `-`, on posts of the simulator.
//!
//! Instructions, which other programs do not disturb: run it under `valgrind --tool=callgrind` with two numbers of rounds, and
//! divide the difference by the messages between them.

mod support;

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use source_x::endpoint::Messages;

// Rounds of a few milliseconds: the best one was not interrupted.
const ROUNDS: &str = "500";
const PASSES: usize = 5;
/// Posts of the simulator.
const POSTS: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let messages = match arguments.next() {
        Some(file) if file != "-" => lines(&Bytes::from(std::fs::read(file)?)),
        _ => support::posts(POSTS).await?,
    };
    let rounds: usize = arguments.next().as_deref().unwrap_or(ROUNDS).parse()?;
    let best = (0..rounds).map(|_| pass(&messages)).min().unwrap_or_default();
    let count = messages.len() * PASSES;
    let bytes: usize = messages.iter().map(Bytes::len).sum();
    let micros = best.as_secs_f64() * 1e6 / count as f64;
    let mean = bytes as f64 / messages.len() as f64;
    println!(
        "{micros:.2} µs per message of {mean:.0} bytes ({:.0} MB/s), best of {rounds}",
        mean / micros
    );
    Ok(())
}

fn lines(text: &Bytes) -> Vec<Bytes> {
    text.split(|byte| *byte == b'\n')
        .map(|line| text.slice_ref(line.trim_ascii_end()))
        .filter(|line| !line.is_empty())
        .collect()
}

fn pass(messages: &[Bytes]) -> Duration {
    let start = Instant::now();
    for _ in 0..PASSES {
        for message in messages {
            black_box(source_x::split(Messages::Posts, black_box(message)));
        }
    }
    start.elapsed()
}
