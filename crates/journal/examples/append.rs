//! How fast entries are appended and what one costs:
//! `cargo run --release -p journal --example append [bytes] [entries per batch] [durability] [dir]`.
//!
//! A consumer follows and moves a cursor, as a healthy lane does.

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
    let settings = Settings {
        durability,
        ..Settings::new(temporary.path())
    };
    let (mut appender, journal) = open(settings)?;
    journal.set_cursor("consumer", Cursor::at(0));

    let body = vec![b'x'; bytes];
    let entries = vec![
        Entry {
            head: b"0123456789abcdef",
            body: &body
        };
        batch
    ];
    let (started, cpu) = (Instant::now(), process_cpu());
    let (mut slowest, mut synced) = (Duration::ZERO, 0);
    while started.elapsed() < FOR {
        let called = Instant::now();
        let end = appender.append(&entries)?.end;
        slowest = slowest.max(called.elapsed());
        journal.set_cursor("consumer", Cursor::at(end));
        synced = synced.max(journal.stats().segments);
        if end % 1024 == 0 {
            thread::yield_now();
        }
    }
    let (took, cpu) = (started.elapsed(), process_cpu() - cpu);
    let count = journal.end() as f64;
    println!("{durability:?}, entries of {bytes} bytes, {batch} per batch");
    println!("{:>12.0} entries/s", count / took.as_secs_f64());
    println!("{:>12.2} µs CPU per entry", cpu.as_secs_f64() * 1e6 / count);
    println!("{:>12.2} ms slowest append", slowest.as_secs_f64() * 1e3);
    println!("{synced:>12} segments at most");
    appender.close()?;
    Ok(())
}

/// User and system time of all threads.
fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
