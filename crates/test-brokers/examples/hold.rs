//! Holds a Kafka and a RabbitMQ for whoever started it: prints their addresses as `NAME=value` and the line
//! `ready`, then waits until its standard input ends, and stops what it started. Exit code 69 without brokers.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::thread;

use test_brokers::{AMQP_VARIABLE, KAFKA_VARIABLE, start_amqp, start_kafka};

const EX_UNAVAILABLE: u8 = 69;

fn main() -> ExitCode {
    match hold() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(EX_UNAVAILABLE)
        }
    }
}

fn hold() -> Result<(), String> {
    // Both at once: together they are ready as soon as the slower one is.
    let kafka = thread::spawn(start_kafka);
    let amqp = start_amqp();
    let kafka = kafka
        .join()
        .map_err(|_| "the thread that starts Kafka panicked")??;
    let amqp = amqp?;
    let mut out = io::stdout();
    writeln!(
        out,
        "{KAFKA_VARIABLE}={}\n{AMQP_VARIABLE}={}\nready",
        kafka.bootstrap, amqp.url
    )
    .and_then(|()| out.flush())
    .map_err(|why| format!("nobody reads the addresses: {why}"))?;
    let mut ignored = Vec::new();
    // An error here ends the wait just as the end of the input does.
    let _ = io::stdin().lock().read_to_end(&mut ignored);
    Ok(())
}
