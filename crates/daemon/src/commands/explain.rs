//! `birdfeed explain`: why it is not connected, or not delivering; what happens next and when; and what there is to do.

use stream_core::model::{ConnectOutcome, StreamState, Timestamp, WaitClass};
use stream_core::telemetry::{JournalStatus, LaneStatus, Status, StreamStatus};

use super::asked::address;
use super::say;
use crate::admin::causes::by_cause;
use crate::admin::client;
use crate::admin::report::Report;
use crate::cli::DaemonArgs;
use crate::exit::CommandError;
use crate::reload_status::{ReloadResult, ReloadStatus};
use crate::words;

/// Something that stands, or goes, and what follows from it.
struct Matter {
    what: String,
    /// In the peer's own words.
    because: Option<String>,
    next: String,
    you: &'static str,
}

/// Asks the daemon and explains how it stands.
pub fn run(args: &DaemonArgs) -> Result<(), CommandError> {
    let address = address(args)?;
    let body = client::status(&address).map_err(CommandError::unavailable)?;
    let report =
        Report::read(&body).map_err(|error| CommandError::unavailable(format!("{address} is {error}")))?;
    say(&explained(
        &report.status,
        report.reload.as_ref(),
        Timestamp::now(),
    ));
    Ok(())
}

fn explained(status: &Status, reload: Option<&ReloadStatus>, now: Timestamp) -> String {
    let Status {
        stream,
        lanes,
        journal,
        ..
    } = status;
    let matters = [of_stream(stream, now)]
        .into_iter()
        .chain(of_lanes(lanes, journal))
        .chain(reload.and_then(|reload| of_configuration(reload, now)));
    let told: Vec<_> = matters.map(|matter| matter.told()).collect();
    told.join("\n\n")
}

impl Matter {
    fn told(&self) -> String {
        let Self {
            what,
            because,
            next,
            you,
        } = self;
        let because = because.iter().map(|why| format!("  because  {why}\n"));
        let because: String = because.collect();
        format!("{what}\n{because}  next     {next}\n  you      {you}")
    }
}

fn of_stream(stream: &StreamStatus, now: Timestamp) -> Matter {
    let next = match (stream.state, stream.next_attempt) {
        (StreamState::Streaming, _) => {
            "it reads on; when the stream breaks, it connects by itself".to_owned()
        }
        (StreamState::Connecting, _) => "an answer, or another attempt, within seconds".to_owned(),
        (StreamState::Waiting, Some(at)) => format!(
            "it connects by itself in {}, at {}; {}",
            words::span(at.since(now)),
            words::clock(at, now),
            words::connects(stream)
        ),
        (StreamState::Waiting, None) => "it connects by itself".to_owned(),
        (StreamState::Paused, _) => "it connects by itself as soon as the journal has room".to_owned(),
        (StreamState::Stopped, _) => "it ends".to_owned(),
    };
    let because = match stream.state {
        StreamState::Streaming => None,
        StreamState::Paused => stream.journal_blocked.clone(),
        _ => stream.last_error.clone(),
    };
    Matter {
        what: format!("the stream is {}", words::stream(stream, now)),
        because,
        next,
        you: advice(stream),
    }
}

/// What a person can do about the stream.
fn advice(stream: &StreamStatus) -> &'static str {
    match (stream.state, stream.failing, stream.wait_class) {
        (StreamState::Streaming | StreamState::Connecting, ..) => "nothing",
        (StreamState::Stopped, ..) => "start it again if it was not meant to end; its log says why it has",
        (StreamState::Paused, ..) => {
            "bring back the broker that keeps records from going (below), or give journal.max_bytes more"
        }
        (_, Some(ConnectOutcome::TooManyConnections), _) => {
            "birdfeed connections list shows who has them; birdfeed connections close frees a ghost's"
        }
        (_, Some(ConnectOutcome::UsageCapped), _) => {
            "buy more, or wait: birdfeed usage shows what X counts (docs/account.md)"
        }
        (_, Some(ConnectOutcome::Certificate), _) => {
            "is the address X's? is there a proxy that opens TLS? stream.ca_file names an authority of your own"
        }
        (_, Some(ConnectOutcome::Refused), _) | (_, _, Some(WaitClass::Operator)) => {
            "do what X's words ask for, then birdfeed reload: it connects at once; birdfeed check --connect tries all of it"
        }
        (_, _, Some(WaitClass::RateLimited | WaitClass::Budget)) => {
            "nothing: it ends by itself, and a restart does not shorten it"
        }
        (_, _, Some(WaitClass::UsageCapped)) => "buy more, or wait (docs/account.md)",
        (_, _, Some(WaitClass::Network | WaitClass::Http | WaitClass::Immediate) | None) => {
            "nothing at first; if it lasts, look at network, proxy and name resolution: birdfeed check --connect"
        }
    }
}

/// One cause is one matter, however many lanes it holds up.
fn of_lanes(lanes: &[LaneStatus], journal: &JournalStatus) -> Vec<Matter> {
    let troubled = lanes.iter().filter_map(|lane| {
        let why = lane.last_error.clone()?;
        Some(((lane.sink.as_str(), why), lane))
    });
    let matters = by_cause(troubled).into_iter().map(|((sink, why), lanes)| {
        let names: Vec<_> = lanes.iter().map(|lane| lane.lane.name()).collect();
        let waiting = lanes.iter().map(|lane| lane.pending).max().unwrap_or_default();
        let operator = lanes.iter().any(|lane| lane.errors_operator > 0);
        Matter {
            what: format!("sink {sink} does not take {}: {waiting} messages wait", names.join(", ")),
            because: Some(why),
            next: format!(
                "it is tried again by itself; the journal keeps them: {}",
                words::journal(journal)
            ),
            you: if operator {
                "do what the broker's words ask for: it is asked again all the time, nothing is to be restarted"
            } else {
                "see that the broker runs and can be reached from here: birdfeed check --connect"
            },
        }
    });
    matters.collect()
}

/// A changed configuration of which something is not in force.
fn of_configuration(reload: &ReloadStatus, now: Timestamp) -> Option<Matter> {
    let what = words::configuration(reload, now)?;
    let (next, you) = match reload.result {
        ReloadResult::Refused => (
            "it is read again when the file changes, and at birdfeed reload",
            "mend it: birdfeed check shows every mistake; a restart would fail until then",
        ),
        _ => (
            "the rest of it is in force",
            "restart birdfeed when it suits: nothing is lost by that",
        ),
    };
    Some(Matter {
        what,
        because: reload
            .problems
            .as_ref()
            .map(|problems| problems.replace('\n', "\n           ")),
        next: next.to_owned(),
        you,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stream_core::model::Lane;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_595_001_840_000)
    }

    fn waiting(wait_class: WaitClass, failing: Option<ConnectOutcome>) -> StreamStatus {
        StreamStatus {
            state: StreamState::Waiting,
            since: now(),
            next_attempt: Some(now().plus(Duration::from_secs(41))),
            wait_class: Some(wait_class),
            failing,
            last_error: Some("HTTP 429: Too Many Requests".to_owned()),
            connect_budget: 38,
            ..StreamStatus::default()
        }
    }

    #[test]
    fn a_wait_says_why_until_when_and_what_to_do() {
        let status = Status {
            stream: waiting(WaitClass::RateLimited, Some(ConnectOutcome::RateLimited)),
            ..Status::default()
        };
        assert_eq!(
            explained(&status, None, now()),
            "the stream is waiting 41 s: rate limited until 16:04 UTC\n  \
               because  HTTP 429: Too Many Requests\n  \
               next     it connects by itself in 41 s, at 16:04 UTC; 38 connects left in 15 minutes\n  \
               you      nothing: it ends by itself, and a restart does not shorten it"
        );
    }

    #[test]
    fn who_can_act_is_told_how_and_who_cannot_is_told_that() {
        for (class, failing, says) in [
            (
                WaitClass::Operator,
                Some(ConnectOutcome::Refused),
                "birdfeed reload",
            ),
            (
                WaitClass::Operator,
                Some(ConnectOutcome::Certificate),
                "stream.ca_file",
            ),
            (
                WaitClass::UsageCapped,
                Some(ConnectOutcome::UsageCapped),
                "birdfeed usage",
            ),
            (
                WaitClass::RateLimited,
                Some(ConnectOutcome::TooManyConnections),
                "birdfeed connections",
            ),
            (WaitClass::Budget, None, "ends by itself"),
            (
                WaitClass::Network,
                Some(ConnectOutcome::Network),
                "name resolution",
            ),
            (WaitClass::Http, Some(ConnectOutcome::Http), "check --connect"),
        ] {
            let advice = advice(&waiting(class, failing));
            assert!(advice.contains(says), "{class:?} {failing:?}: {advice}");
        }
    }

    #[test]
    fn a_configuration_that_is_refused_is_a_matter_too() {
        let reload = ReloadStatus::refused(now());
        let told = explained(&Status::default(), Some(&reload), now());
        let matter = "the configuration of 16:04 UTC is refused, and the one before it goes on: birdfeed.toml:3:1: wrong\n  \
                      because  birdfeed.toml:3:1: wrong\n           1 problem\n";
        assert!(told.contains(matter) && told.contains("birdfeed check"), "{told}");
        let applied = ReloadStatus {
            result: ReloadResult::Applied,
            ..reload
        };
        assert!(!explained(&Status::default(), Some(&applied), now()).contains("configuration"));
    }

    #[test]
    fn one_cause_is_one_matter() {
        let lane = |name, error: &str| LaneStatus {
            last_error: Some(error.to_owned()),
            pending: 7,
            ..LaneStatus::new("kafka", name)
        };
        let refused = LaneStatus {
            errors_operator: 1,
            ..lane(Lane::Errors, "no leave to write")
        };
        let status = Status {
            lanes: vec![
                lane(Lane::Tweets, "kafka:9092: Connection refused"),
                lane(Lane::Includes, "kafka:9092: Connection refused"),
                refused,
                LaneStatus::new("file", Lane::Tweets),
            ],
            ..Status::default()
        };
        let told = explained(&status, None, now());
        assert_eq!(told.matches("sink ").count(), 2, "{told}");
        assert!(told.contains("sink kafka does not take tweets, includes: 7 messages wait\n  because  kafka:9092: Connection refused\n"), "{told}");
        assert!(
            told.contains("see that the broker runs") && told.contains("the broker's words"),
            "{told}"
        );
    }
}
