//! `birdfeed status`: what a running daemon says of itself, for people.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use stream_core::telemetry::{LaneStatus, Status};

use super::say;
use crate::admin::report::Report;
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
        let report = Report::read(&body)
            .map_err(|error| CommandError::new(SysExit::Unavailable, format!("{address} is {error}")))?;
        let page = render(&report);
        if !args.watch {
            say(&page);
            return Ok(());
        }
        if !say(&format!("\x1b[2J\x1b[H{page}")) {
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
fn render(report: &Report) -> String {
    let Status {
        name,
        stream,
        lanes,
        journal,
    } = &report.status;
    let ready = if report.ready { "ready" } else { "NOT ready" };
    let mut lines = vec![format!("birdfeed {} · stream {name} · {ready}", report.version)];
    lines.extend(report.reasons.iter().map(|reason| format!("  ! {reason}")));
    let last_byte = stream.last_byte.map_or("-".to_owned(), |at| at.to_string());
    lines.extend([
        format!("stream     {} since {}", stream.state, stream.since),
        format!("last byte  {last_byte}"),
        format!(
            "messages   {} received, {} dropped",
            stream.messages, stream.dropped
        ),
        format!(
            "connects   {} accepted, {} left in the budget",
            stream.connections, stream.connect_budget
        ),
        format!("last error {}", stream.last_error.as_deref().unwrap_or("-")),
        format!("journal    {} of {} bytes", journal.bytes, journal.max_bytes),
        String::new(),
        row([
            "sink",
            "lane",
            "received",
            "delivered",
            "in flight",
            "refused",
            "pending",
        ]),
    ]);
    lines.extend(lanes.iter().map(lane_row));
    lines.join("\n")
}

fn row([sink, lane, received, delivered, in_flight, refused, pending]: [&str; 7]) -> String {
    format!("{sink:<12} {lane:<15} {received:>12} {delivered:>12} {in_flight:>9} {refused:>9} {pending:>8}")
}

fn lane_row(lane: &LaneStatus) -> String {
    let refused = lane.dead_lettered + lane.dropped;
    let counts = [
        lane.received,
        lane.delivered,
        lane.in_flight,
        refused,
        lane.pending,
    ];
    let [received, delivered, in_flight, refused, pending] = counts.map(|count| count.to_string());
    let columns = row([
        &lane.sink,
        lane.lane.name(),
        &received,
        &delivered,
        &in_flight,
        &refused,
        &pending,
    ]);
    match &lane.last_error {
        Some(error) => format!("{columns}  ! {error}"),
        None => columns,
    }
}

#[cfg(test)]
mod tests {
    use stream_core::model::{Lane, StreamState};
    use stream_core::telemetry::{JournalStatus, StreamStatus};

    use super::*;

    #[test]
    fn a_report_becomes_a_page() {
        let report = Report {
            version: "0.1.0".into(),
            ready: false,
            reasons: vec!["the stream is paused".into()],
            status: Status {
                name: "main".into(),
                stream: StreamStatus {
                    state: StreamState::Paused,
                    messages: 7,
                    ..StreamStatus::default()
                },
                lanes: vec![LaneStatus {
                    received: 7,
                    delivered: 4,
                    dead_lettered: 1,
                    in_flight: 2,
                    pending: 3,
                    last_error: Some("no broker".into()),
                    ..LaneStatus::new("kafka", Lane::Tweets)
                }],
                journal: JournalStatus {
                    bytes: 5,
                    max_bytes: 9,
                    ..JournalStatus::default()
                },
            },
        };
        let page = render(&report);
        let start = "birdfeed 0.1.0 · stream main · NOT ready\n  ! the stream is paused\n\
                     stream     paused since 1970-01-01T00:00:00.000Z\nlast byte  -\n";
        assert!(page.starts_with(start), "{page}");
        assert!(page.contains("\njournal    5 of 9 bytes\n"), "{page}");
        let lane: Vec<_> = page.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(lane.join(" "), "kafka tweets 7 4 2 1 3 ! no broker");
    }
}
