//! Liveness and readiness: quiet is not dead, and stuck is not ready.

use std::time::Duration;

use stream_core::model::{ConnectOutcome, StreamState};
use stream_core::telemetry::{JournalStatus, LaneStatus, Status, StreamStatus, View};

use super::causes::by_cause;
use crate::usage::UsageStatus;

/// A loop that has not beaten for this long is stuck.
const STUCK: Duration = Duration::from_secs(10);
/// A lane that has something to deliver and has got nowhere for this long is stuck.
const LANE_STUCK: Duration = Duration::from_secs(60);
/// The same, if its broker has said why.
const LANE_HELD_UP: Duration = Duration::from_secs(5);
/// X sends something every 20 s, and is back within 16 s of an outage: without a connection and a byte for this long, we are
/// blind.
const UNHEARD: Duration = Duration::from_secs(30);

/// Verdict of a probe: what speaks against it; nothing if all is well.
pub struct Health {
    /// What speaks against it, each reason a sentence for people.
    pub reasons: Vec<String>,
}

/// Liveness: whether the process should live on. Says nothing of X or the brokers: a restart would not cure them.
pub fn live(view: &View, status: &Status) -> Health {
    let reasons = view
        .stuck(STUCK)
        .into_iter()
        .filter(|name| !has_ended(name, status))
        .map(|name| format!("{name} has not moved for {STUCK:?}"));
    Health {
        reasons: reasons.collect(),
    }
}

/// Whether a loop came to its end in good order: while the lanes drain, there is no reader any more.
fn has_ended(name: &str, status: &Status) -> bool {
    name == "reader" && status.stream.state == StreamState::Stopped
}

/// Readiness: whether the process does what it is there for.
pub fn ready(view: &View, status: &Status, usage: Option<&UsageStatus>) -> Health {
    let mut health = live(view, status);
    let quiet = status.stream.heard.map(|heard| heard.elapsed());
    health.reasons.extend(stream(&status.stream, quiet, usage));
    health.reasons.extend(lanes(&status.lanes, &status.journal));
    health
}

fn stream(stream: &StreamStatus, quiet: Option<Duration>, usage: Option<&UsageStatus>) -> Vec<String> {
    let why = stream.last_error.as_deref().unwrap_or("no error so far");
    let operator = stream.failing.is_some_and(ConnectOutcome::needs_operator);
    let mut reasons = Vec::new();
    reasons.extend(match (stream.state, quiet) {
        // One connection is given the time to bring something, those after it must have.
        (StreamState::Streaming, _) if stream.unproven > 1 => Some(format!(
            "connections end before they bring a message or two keep-alives: {why}"
        )),
        (StreamState::Streaming, _) => None,
        (_, _) if stream.failing == Some(ConnectOutcome::UsageCapped) => Some(capped(stream, why, usage)),
        (_, _) if operator => Some(format!("X refuses us, and no retry cures it: {why}")),
        (_, None) => Some(format!("nothing has come from X yet: {why}")),
        (_, Some(quiet)) if quiet > UNHEARD || stream.unproven > 0 => Some(format!(
            "nothing has come from X for {} s: {why}",
            quiet.as_secs()
        )),
        _ => None,
    });
    if matches!(stream.state, StreamState::Paused | StreamState::Stopped) {
        reasons.push(format!("the stream is {}", stream.state));
    }
    if let Some(why) = &stream.journal_blocked {
        reasons.push(format!("the journal takes no messages: {why}"));
    }
    reasons
}

/// What only time or money cures: until when we wait, and what X counts.
fn capped(stream: &StreamStatus, why: &str, usage: Option<&UsageStatus>) -> String {
    let next = stream
        .next_attempt
        .map(|at| format!("; X is asked again at {at}"));
    let counted = usage.map(|usage| format!("; X counts {}", usage.words()));
    [
        Some(format!("the account's posts or credits are used up: {why}")),
        next,
        counted,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How a lane does not go on, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Standstill {
    /// The client library tries by itself, and the broker has said why in vain.
    HeldUp,
    NotConnected,
    Stuck,
}

impl Standstill {
    /// `stood` is how long the cursor has stood still with records waiting at it. Old records alone say nothing: after an outage
    /// all are, however fast they go.
    fn of(status: &LaneStatus, stood: Option<Duration>) -> Option<Self> {
        let troubled = status.last_error.is_some();
        match stood {
            Some(stood) if stood > LANE_STUCK => Some(Self::Stuck),
            _ if !status.connected && status.pending > 0 && troubled => Some(Self::NotConnected),
            Some(stood) if stood > LANE_HELD_UP && troubled => Some(Self::HeldUp),
            _ => None,
        }
    }
}

/// One cause is one reason, however many lanes of a sink it holds up.
fn lanes(all: &[LaneStatus], journal: &JournalStatus) -> Vec<String> {
    let standing = all.iter().filter_map(|status| {
        let stood = status.stands_since.map(|since| since.elapsed());
        let standstill = Standstill::of(status, stood)?;
        let why = status.last_error.as_deref().unwrap_or("nothing is confirmed");
        Some(((status.sink.as_str(), why), (status.lane.name(), standstill)))
    });
    let mut reasons = Vec::new();
    for ((sink, why), lanes) in by_cause(standing) {
        // Some may have met with it earlier than others.
        let worst = lanes.iter().map(|(_, standstill)| *standstill).max();
        let names: Vec<_> = lanes.iter().map(|(name, _)| *name).collect();
        let lanes = match names[..] {
            [name] => format!("lane {name} is"),
            _ => format!("lanes {} are", names.join(", ")),
        };
        reasons.extend(worst.map(|worst| match worst {
            Standstill::HeldUp => format!("sink {sink}: {lanes} held up: {why}"),
            Standstill::NotConnected => format!("sink {sink}: {lanes} not connected: {why}"),
            Standstill::Stuck => format!("sink {sink}: {lanes} stuck: {why}") + &room(journal),
        }));
    }
    reasons
}

/// How long what a lane holds up can still be kept.
fn room(journal: &JournalStatus) -> String {
    let lasts = journal.lasts_seconds.map(Duration::from_secs);
    lasts.map_or_else(String::new, |lasts| {
        format!(
            "; the journal has room for about {}",
            humantime::format_duration(lasts)
        )
    })
}

#[cfg(test)]
mod tests {
    use stream_core::model::{Lane, Timestamp};

    use super::*;

    fn status() -> Status {
        Status {
            name: "main".into(),
            stream: StreamStatus {
                state: StreamState::Streaming,
                ..StreamStatus::default()
            },
            lanes: vec![LaneStatus::new("kafka", Lane::Tweets)],
            journal: JournalStatus::default(),
        }
    }

    #[test]
    fn a_stream_must_be_heard_and_kept() {
        let secs = |secs| Some(Duration::from_secs(secs));
        let good = status().stream;
        assert_eq!(stream(&good, None, None), Vec::<String>::new());
        let mut full = good.clone();
        full.state = StreamState::Paused;
        full.journal_blocked = Some("full".into());
        assert_eq!(stream(&full, secs(0), None).len(), 2);
        let away = StreamStatus {
            state: StreamState::Waiting,
            last_error: Some("HTTP 503".into()),
            ..good
        };
        assert_eq!(
            stream(&away, None, None),
            ["nothing has come from X yet: HTTP 503"]
        );
        assert_eq!(stream(&away, secs(30), None), Vec::<String>::new());
        assert_eq!(
            stream(&away, secs(31), None),
            ["nothing has come from X for 31 s: HTTP 503"]
        );
    }

    #[test]
    fn what_no_retry_cures_is_told_at_once() {
        for failing in ConnectOutcome::ALL {
            let away = StreamStatus {
                state: StreamState::Waiting,
                failing: Some(failing),
                last_error: Some("expired".into()),
                ..StreamStatus::default()
            };
            let told = stream(&away, Some(Duration::from_secs(1)), None);
            assert_eq!(
                told.len(),
                usize::from(failing.needs_operator()),
                "{failing} {told:?}"
            );
        }
    }

    #[test]
    fn a_cap_says_until_when() {
        let capped = StreamStatus {
            state: StreamState::Waiting,
            failing: Some(ConnectOutcome::UsageCapped),
            next_attempt: Some(Timestamp::from_millis(3_600_000)),
            last_error: Some("HTTP 429".into()),
            ..StreamStatus::default()
        };
        let usage = UsageStatus {
            posts: Some(7),
            cap: Some(7),
            cap_reset_day: Some(3),
            at: Timestamp::from_millis(0),
        };
        assert_eq!(
            stream(&capped, None, Some(&usage)),
            [
                "the account's posts or credits are used up: HTTP 429; X is asked again at 1970-01-01T01:00:00.000Z; X counts 7 of 7 \
                 posts, X's cap_reset_day is 3 (at 1970-01-01T00:00:00.000Z)"
            ]
        );
    }

    #[test]
    fn connections_that_bring_nothing_are_not_ready() {
        for (state, unproven, ready) in [
            (StreamState::Streaming, 0, true),
            (StreamState::Streaming, 1, true),
            (StreamState::Streaming, 2, false),
            (StreamState::Waiting, 0, true),
            (StreamState::Waiting, 1, false),
        ] {
            let flapping = StreamStatus {
                state,
                unproven,
                ..StreamStatus::default()
            };
            let told = stream(&flapping, Some(Duration::from_secs(1)), None);
            assert_eq!(told.is_empty(), ready, "{state} {unproven} {told:?}");
        }
    }

    #[test]
    fn quiet_and_catching_up_are_ready_and_standing_still_is_not() {
        let lane = |connected, last_error: Option<&str>, pending| LaneStatus {
            connected,
            pending,
            last_error: last_error.map(str::to_owned),
            ..LaneStatus::new("kafka", Lane::Tweets)
        };
        let why = Some("no leader");
        for (status, stood, expected) in [
            (lane(true, None, 0), None, None),
            (lane(true, None, 9), Some(59), None),
            (lane(true, None, 9), Some(61), Some(Standstill::Stuck)),
            (lane(true, why, 9), Some(4), None),
            (lane(true, why, 9), Some(6), Some(Standstill::HeldUp)),
            (lane(false, why, 9), None, Some(Standstill::NotConnected)),
            (lane(false, why, 9), Some(61), Some(Standstill::Stuck)),
            // Nothing is there for it, whatever its broker says.
            (lane(false, why, 0), None, None),
        ] {
            let found = Standstill::of(&status, stood.map(Duration::from_secs));
            assert_eq!(found, expected, "{status:?} {stood:?}");
        }
    }

    #[test]
    fn one_cause_is_one_line() {
        let away = |sink, lane, why: &str| LaneStatus {
            pending: 1,
            last_error: Some(why.to_owned()),
            ..LaneStatus::new(sink, lane)
        };
        let all = [
            away("kafka", Lane::Tweets, "no broker"),
            away("amqp", Lane::Tweets, "no broker"),
            away("kafka", Lane::Includes, "no topic"),
            LaneStatus {
                stands_since: Some(tokio::time::Instant::now() - LANE_STUCK * 2),
                ..away("kafka", Lane::Errors, "no broker")
            },
        ];
        let journal = JournalStatus {
            lasts_seconds: Some(7_260),
            ..JournalStatus::default()
        };
        assert_eq!(
            lanes(&all, &journal),
            [
                "sink kafka: lanes tweets, errors are stuck: no broker; the journal has room for about 2h 1m",
                "sink amqp: lane tweets is not connected: no broker",
                "sink kafka: lane includes is not connected: no topic",
            ]
        );
    }

    #[test]
    fn a_reader_that_was_told_to_stop_is_not_stuck() {
        let mut draining = status();
        assert!(!has_ended("reader", &draining));
        draining.stream.state = StreamState::Stopped;
        assert!(has_ended("reader", &draining) && !has_ended("ingest", &draining));
    }
}
