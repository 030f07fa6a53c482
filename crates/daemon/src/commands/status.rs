//! `birdfeed status`: what a running daemon says of itself, for people.

use stream_core::model::Timestamp;
use stream_core::telemetry::{LaneStatus, Status, StreamStatus};

use super::asked::address;
use super::say;
use crate::admin::causes::by_cause;
use crate::admin::report::{self, Report};
use crate::admin::{Address, client};
use crate::cli::StatusArgs;
use crate::exit::CommandError;
use crate::usage::UsageStatus;
use crate::words;

/// Asks the daemon and shows the answer. It is an error that the daemon is not ready.
pub fn run(args: &StatusArgs) -> Result<(), CommandError> {
    let address = address(&args.daemon)?;
    let body = client::status(&address).map_err(CommandError::unavailable)?;
    let ready = if args.json {
        say(&body);
        report::is_ready(&body)
    } else {
        let report = read(&address, &body)?;
        say(&render(&report));
        Some(report.ready)
    };
    match ready {
        Some(true) => Ok(()),
        Some(false) => Err(CommandError::unavailable("it is not ready")),
        None => Err(CommandError::unavailable(format!(
            "{address} does not say whether it is ready"
        ))),
    }
}

/// What the daemon says now, as a page of text.
pub(super) fn page(address: &Address) -> Result<String, CommandError> {
    let body = client::status(address).map_err(CommandError::unavailable)?;
    Ok(render(&read(address, &body)?))
}

fn read(address: &Address, body: &str) -> Result<Report, CommandError> {
    Report::read(body).map_err(|error| CommandError::unavailable(format!("{address} is {error}")))
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
    let configuration = report
        .reload
        .as_ref()
        .and_then(|reload| words::configuration(reload, Timestamp::now()));
    let reasons = report.reasons.iter().chain(&configuration);
    lines.extend(reasons.map(|reason| format!("  ! {reason}")));
    let last_byte = stream.last_byte.map_or("-".to_owned(), |at| at.to_string());
    lines.extend([
        format!("stream     {}", words::stream(stream, Timestamp::now())),
        format!("last byte  {last_byte}"),
        format!(
            "messages   {} received, {} dropped",
            stream.messages, stream.dropped
        ),
        format!(
            "connects   {} accepted, {} left in the budget",
            stream.connections, stream.connect_budget
        ),
        format!("last error {}", last_error(stream)),
        format!(
            "next try   {}",
            stream.next_attempt.map_or("-".to_owned(), |at| at.to_string())
        ),
        format!(
            "usage      {}",
            report.usage.as_ref().map_or("-".to_owned(), UsageStatus::words)
        ),
        format!("journal    {}", words::journal(journal)),
        String::new(),
        row([
            "sink",
            "lane",
            "received",
            "delivered",
            "in flight",
            "refused",
            "lost",
        ]),
    ]);
    lines.extend(lanes.iter().map(lane_row));
    lines.extend(errors(lanes));
    lines.join("\n")
}

fn last_error(stream: &StreamStatus) -> String {
    let at = stream
        .last_error_at
        .map_or_else(String::new, |at| format!(" (at {at})"));
    stream
        .last_error
        .as_ref()
        .map_or("-".to_owned(), |error| format!("{error}{at}"))
}

fn row([sink, lane, received, delivered, in_flight, refused, lost]: [&str; 7]) -> String {
    format!("{sink:<12} {lane:<15} {received:>12} {delivered:>12} {in_flight:>9} {refused:>9} {lost:>8}")
}

fn lane_row(lane: &LaneStatus) -> String {
    let refused = lane.dead_lettered + lane.dropped;
    let counts = [lane.received, lane.delivered, lane.in_flight, refused, lane.lost];
    let [received, delivered, in_flight, refused, lost] = counts.map(|count| count.to_string());
    row([
        &lane.sink,
        lane.lane.name(),
        &received,
        &delivered,
        &in_flight,
        &refused,
        &lost,
    ])
}

/// The lanes' last errors, each cause with when it was last met with.
fn errors(lanes: &[LaneStatus]) -> Vec<String> {
    let cause = |lane: &LaneStatus| Some((lane.sink.clone(), lane.last_error.clone()?));
    let failing = lanes
        .iter()
        .filter_map(|lane| Some((cause(lane)?, lane.lane.name())));
    let mut lines = Vec::new();
    for (known, names) in by_cause(failing) {
        let same = lanes.iter().filter(|lane| cause(lane).as_ref() == Some(&known));
        let newest = same.filter_map(|lane| lane.last_error_at).max();
        let at = newest.map_or_else(String::new, |at| format!(" (at {at})"));
        let (sink, error) = known;
        lines.push(format!("  ! sink {sink}, {}: {error}{at}", names.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use stream_core::model::{Lane, StreamState};
    use stream_core::telemetry::JournalStatus;

    use super::*;
    use crate::reload_status::ReloadStatus;

    #[test]
    fn a_report_becomes_a_page() {
        let report = Report {
            version: "0.1.0".into(),
            ready: false,
            reasons: vec!["the stream is paused".into()],
            usage: None,
            pid: 1,
            reload: Some(ReloadStatus::refused(Timestamp::from_millis(0))),
            rules: Vec::new(),
            status: Status {
                name: "main".into(),
                stream: StreamStatus {
                    state: StreamState::Paused,
                    messages: 7,
                    last_error: Some("HTTP 503".into()),
                    last_error_at: Some(Timestamp::from_millis(2_000)),
                    ..StreamStatus::default()
                },
                lanes: vec![
                    LaneStatus {
                        received: 7,
                        delivered: 4,
                        dead_lettered: 1,
                        in_flight: 2,
                        lost: 3,
                        last_error: Some("no broker".into()),
                        ..LaneStatus::new("kafka", Lane::Tweets)
                    },
                    LaneStatus {
                        last_error: Some("no broker".into()),
                        last_error_at: Some(Timestamp::from_millis(1_000)),
                        ..LaneStatus::new("kafka", Lane::Errors)
                    },
                ],
                journal: JournalStatus {
                    bytes: 5,
                    max_bytes: 9,
                    ..JournalStatus::default()
                },
            },
        };
        let page = render(&report);
        let start = "birdfeed 0.1.0 · stream main · NOT ready\n  ! the stream is paused\n  \
                     ! the configuration of 1970-01-01 00:00 UTC is refused, and the one before it goes on: birdfeed.toml:3:1: wrong\n\
                     stream     closed by us for ";
        assert!(page.starts_with(start), "{page}");
        assert!(page.contains("\njournal    5 bytes of 9 bytes\n"), "{page}");
        assert!(
            page.contains("last error HTTP 503 (at 1970-01-01T00:00:02.000Z)"),
            "{page}"
        );
        let last: Vec<_> = page.lines().rev().take(3).collect();
        assert_eq!(
            last[0],
            "  ! sink kafka, tweets, errors: no broker (at 1970-01-01T00:00:01.000Z)"
        );
        let lane: Vec<_> = last[2].split_whitespace().collect();
        assert_eq!(lane.join(" "), "kafka tweets 7 4 2 1 3");
    }
}
