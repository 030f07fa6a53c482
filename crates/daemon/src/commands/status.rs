//! `birdfeed status`: what a running daemon says of itself, for people.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::say;
use crate::cli::StatusArgs;
use crate::components;
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

const DEADLINE: Duration = Duration::from_secs(5);
/// The most that is read of an answer.
const MOST: u64 = 4 << 20;

/// Asks the daemon and shows the answer; with `--watch` every second, until interrupted or nobody reads.
pub fn run(args: &StatusArgs) -> Result<(), CommandError> {
    let address = address(args)?;
    loop {
        let body = fetch(address).map_err(|error| {
            CommandError::new(
                SysExit::Unavailable,
                format!(
                    "no daemon answers at {address} ({error}); is it running, and is `admin.listen` the same?"
                ),
            )
        })?;
        if args.json {
            say(&body);
            return Ok(());
        }
        let report: Value = serde_json::from_str(&body).map_err(|error| {
            CommandError::new(
                SysExit::Unavailable,
                format!("{address} is not birdfeed's: {error}"),
            )
        })?;
        let page = render(&report);
        if !args.watch {
            say(page.trim_end());
            return Ok(());
        }
        if !say(&format!("\x1b[2J\x1b[H{}", page.trim_end())) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn address(args: &StatusArgs) -> Result<SocketAddr, CommandError> {
    if let Some(address) = args.address {
        return Ok(address);
    }
    components::load_admin(args.config.config.as_deref(), &environment())?
        .ok_or_else(|| CommandError::new(SysExit::Usage, "the configuration switches the admin server off"))
}

fn fetch(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    // HTTP/1.0: the answer comes unchunked and ends with the connection.
    write!(stream, "GET /status HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| std::io::Error::other("not an HTTP answer"))?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        status => Err(std::io::Error::other(format!(
            "status {}",
            status.unwrap_or("missing")
        ))),
    }
}

/// The report as a page of text.
fn render(report: &Value) -> String {
    let text = |pointer: &str| match report.pointer(pointer) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let mut page = String::new();
    let mut line = |line: String| {
        let written = writeln!(page, "{line}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    };
    let ready = if report["ready"] == Value::Bool(true) {
        "ready"
    } else {
        "NOT ready"
    };
    line(format!(
        "birdfeed {} · stream {} · {ready}",
        text("/version"),
        text("/name")
    ));
    for reason in report["reasons"].as_array().into_iter().flatten() {
        line(format!("  ! {}", reason.as_str().unwrap_or_default()));
    }
    line(format!(
        "stream     {} since {}",
        text("/stream/state"),
        text("/stream/since")
    ));
    line(format!("last byte  {}", text("/stream/last_byte")));
    line(format!(
        "messages   {} received, {} dropped",
        text("/stream/messages"),
        text("/stream/dropped")
    ));
    line(format!(
        "connects   {} accepted, {} left in the budget",
        text("/stream/connections"),
        text("/stream/connect_budget")
    ));
    line(format!("last error {}", text("/stream/last_error")));
    line(format!(
        "journal    {} of {} bytes",
        text("/journal/bytes"),
        text("/journal/max_bytes")
    ));
    line(String::new());
    line(row([
        "sink",
        "lane",
        "received",
        "delivered",
        "in flight",
        "refused",
        "pending",
    ]));
    for lane in report["lanes"].as_array().into_iter().flatten() {
        line(lane_row(lane));
    }
    page
}

fn row([sink, lane, received, delivered, in_flight, refused, pending]: [&str; 7]) -> String {
    format!("{sink:<12} {lane:<15} {received:>12} {delivered:>12} {in_flight:>9} {refused:>9} {pending:>8}")
}

fn lane_row(lane: &Value) -> String {
    let text = |name: &str| lane[name].as_str().unwrap_or_default();
    let number = |name: &str| lane[name].as_u64().unwrap_or_default();
    let refused = (number("dead_lettered") + number("dropped")).to_string();
    let [received, delivered, in_flight, pending] =
        ["received", "delivered", "in_flight", "pending"].map(|name| number(name).to_string());
    let error = lane["last_error"]
        .as_str()
        .map_or(String::new(), |error| format!("  ! {error}"));
    row([
        text("sink"),
        text("lane"),
        &received,
        &delivered,
        &in_flight,
        &refused,
        &pending,
    ]) + &error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_becomes_a_page() {
        let report = serde_json::json!({
            "version": "0.1.0", "ready": false, "reasons": ["the stream is paused"], "name": "main",
            "stream": {"state": "paused", "since": "2026-01-01T00:00:00.000Z", "messages": 7, "last_error": null},
            "journal": {"bytes": 5, "max_bytes": 9},
            "lanes": [{"sink": "kafka", "lane": "tweets", "received": 7, "delivered": 4, "dead_lettered": 1,
                       "dropped": 0, "in_flight": 2, "pending": 3, "last_error": "no broker"}],
        });
        let page = render(&report);
        assert!(
            page.contains("birdfeed 0.1.0 · stream main · NOT ready\n  ! the stream is paused\n"),
            "{page}"
        );
        let lane = page
            .lines()
            .last()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(lane, "kafka tweets 7 4 2 1 3 ! no broker");
    }
}
