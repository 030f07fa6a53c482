//! How fast entries are appended and what one costs:
//! `cargo run --release -p journal --example append [bytes] [per batch] [durability] [dir] [rate] [entries]`.
//!
//! Flat out without a rate, or with `inf`; for five seconds, or so many entries, of which nothing is said. A cursor follows at
//! once, as that of a healthy lane does.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use journal::{Cursor, Durability, Entry, Settings, open};
use rustix::time::{ClockId, clock_gettime};

const FOR: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let bytes: usize = arguments.next().map_or(Ok(3000), |it| it.parse())?;
    let batch: usize = arguments.next().map_or(Ok(1), |it| it.parse())?;
    let durability = match arguments.next().as_deref() {
        None | Some("adaptive") => Durability::Adaptive,
        Some("process") => Durability::Process,
        Some("strict") => Durability::Strict,
        Some(other) => return Err(format!("no durability: {other}").into()),
    };
    let temporary = tempfile::tempdir_in(arguments.next().unwrap_or_else(|| ".".into()))?;
    let rate: f64 = arguments.next().map_or(Ok(f64::INFINITY), |it| it.parse())?;
    let entries_wanted: Option<u64> = arguments.next().map(|it| it.parse()).transpose()?;

    let (mut appender, journal) = open(Settings {
        durability,
        ..Settings::new(temporary.path())
    })?;
    let body = vec![b'x'; bytes];
    let entries = vec![
        Entry {
            head: b"0123456789abcdef",
            body: &body
        };
        batch
    ];
    let started = Instant::now();
    let mut slowest = Duration::ZERO;
    let done = || match entries_wanted {
        Some(wanted) => journal.end() >= wanted,
        None => started.elapsed() >= FOR,
    };
    while !done() {
        if journal.end() as f64 > rate * started.elapsed().as_secs_f64() {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        let called = Instant::now();
        let end = appender.append(&entries)?.end;
        slowest = slowest.max(called.elapsed());
        journal.set_cursor("consumer", Cursor::at(end));
    }
    if entries_wanted.is_some() {
        // For valgrind, under which the clock below does not work.
        appender.close()?;
        return Ok(());
    }
    let (took, cpu) = (started.elapsed().as_secs_f64(), process_cpu());
    let count = journal.end() as f64;
    println!("{durability:?}, entries of {bytes} bytes, {batch} per batch");
    println!("{:>12.0} entries/s", count / took);
    println!("{:>12.2} µs CPU per entry", cpu * 1e6 / count);
    println!("{:>12.2} ms slowest append", slowest.as_secs_f64() * 1e3);
    appender.close()?;
    Ok(())
}

/// Seconds of user and system time, of all threads.
fn process_cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
