use std::time::Duration;

use prometheus::proto::MetricFamily;
use source_x::rules::SyncOutcome;
use source_x::split::MessageKind;
use stream_core::model::{
    ConnectOutcome, DeadLetterReason, DisconnectReason, DropReason, FrameKind, HttpStatusLabel,
    SinkErrorClass, StreamState, WaitClass,
};
use stream_core::telemetry::{JournalStatus, LaneStatus, Status, StreamStatus};

use super::*;

fn metrics() -> Metrics {
    Metrics::new(&[("file".to_owned(), Lane::Tweets)]).unwrap()
}

fn status() -> Status {
    Status {
        name: "main".into(),
        stream: StreamStatus {
            state: StreamState::Paused,
            ..StreamStatus::default()
        },
        lanes: vec![LaneStatus {
            errors_operator: 3,
            ..LaneStatus::new("file", Lane::Tweets)
        }],
        journal: JournalStatus {
            cursor_failures: 2,
            ..JournalStatus::default()
        },
    }
}

fn page(families: &[MetricFamily]) -> String {
    TextEncoder::new().encode_to_string(families).unwrap()
}

/// All series, without their values.
fn series(families: &[MetricFamily]) -> Vec<String> {
    let page = page(families);
    let series = page.lines().filter(|line| !line.starts_with('#'));
    let names = series.filter_map(|line| line.rsplit_once(' '));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// Asserts that `family` has a series for each of `values` of `label`, and no other.
fn assert_each<const N: usize>(series: &[String], family: &str, label: &str, values: [&str; N]) {
    let mut expected = values.map(|value| format!("birdfeed_{family}{{{label}=\"{value}\"}}"));
    expected.sort();
    let start = format!("birdfeed_{family}{{");
    let mut found: Vec<_> = series.iter().filter(|name| name.starts_with(&start)).collect();
    found.sort();
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
}

#[test]
fn every_series_is_there_from_the_start() {
    let found = series(&metrics().registry.gather());
    let outcomes = ConnectOutcome::ALL.map(ConnectOutcome::name);
    assert_each(&found, "stream_connects_total", "outcome", outcomes);
    let outcomes = SyncOutcome::ALL.map(SyncOutcome::name);
    assert_each(&found, "rules_sync_total", "outcome", outcomes);
    let reasons = DisconnectReason::ALL.map(DisconnectReason::name);
    assert_each(&found, "stream_disconnects_total", "reason", reasons);
    let classes = WaitClass::ALL.map(WaitClass::name);
    assert_each(&found, "stream_retries_total", "class", classes);
    let kinds = FrameKind::ALL.map(FrameKind::name);
    assert_each(&found, "stream_frames_total", "kind", kinds);
    let kinds = MessageKind::ALL.map(MessageKind::name);
    assert_each(&found, "stream_messages_total", "kind", kinds);
    let statuses = HttpStatusLabel::ALL.map(HttpStatusLabel::name);
    assert_each(&found, "stream_http_errors_total", "status", statuses);
    assert_each(&found, "stream_gap_seconds_total", "filled", ["false", "true"]);
    let reasons = DropReason::ALL.map(DropReason::name);
    assert_each(&found, "messages_dropped_total", "reason", reasons);
    let reasons = DeadLetterReason::ALL.map(DeadLetterReason::name);
    assert_each(&found, "dead_letters_total", "reason", reasons);
    let histogram = "birdfeed_lane_confirm_seconds_count{lane=\"tweets\",sink=\"file\"}".to_owned();
    assert!(found.contains(&histogram), "{found:#?}");
}

#[test]
fn what_happens_is_counted_and_adds_no_series() {
    let metrics = metrics();
    let before = series(&metrics.registry.gather());
    for outcome in ConnectOutcome::ALL {
        let http_error = Some(HttpStatusLabel::Other);
        metrics.on(Observation::Connect { outcome, http_error });
    }
    for reason in DisconnectReason::ALL {
        metrics.on(Observation::Disconnected { reason });
    }
    for reason in DropReason::ALL {
        metrics.on(Observation::Dropped { reason, messages: 2 });
    }
    for reason in DeadLetterReason::ALL {
        metrics.on(Observation::DeadLetter { reason });
    }
    for kind in MessageKind::ALL.map(MessageKind::name) {
        metrics.on(Observation::Message {
            kind,
            lag: None,
            matching_rules: None,
        });
    }
    for class in WaitClass::ALL {
        let wait = Duration::from_secs(5);
        metrics.on(Observation::Waiting { class, wait });
    }
    for kind in FrameKind::ALL {
        metrics.on(Observation::Frame(kind));
    }
    let length = Duration::from_millis(1_500);
    let filled = Duration::from_secs(1);
    metrics.on(Observation::Gap { length, filled });
    metrics.on(Observation::Suppressed { messages: 2 });
    let (lane, latency) = (Lane::Tweets, length);
    metrics.on(Observation::Confirmed {
        sink: "file",
        lane,
        latency,
    });
    let families = metrics.registry.gather();
    assert_eq!(series(&families), before);
    let page = page(&families);
    for line in [
        "birdfeed_stream_connects_total{outcome=\"accepted\"} 1",
        "birdfeed_stream_http_errors_total{status=\"other\"} 8",
        "birdfeed_stream_disconnects_total{reason=\"silence\"} 1",
        "birdfeed_messages_dropped_total{reason=\"journal_full\"} 2",
        "birdfeed_stream_retry_wait_seconds 5",
        "birdfeed_stream_gap_seconds_total{filled=\"false\"} 0.5",
        "birdfeed_stream_gap_seconds_total{filled=\"true\"} 1",
        "birdfeed_duplicates_suppressed_total 2",
        "birdfeed_lane_confirm_seconds_count{lane=\"tweets\",sink=\"file\"} 1",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in {page}");
    }
}

#[test]
fn a_snapshot_is_read_with_a_series_for_every_value() {
    let families = collector::read(&status());
    let found = series(&families);
    let states = StreamState::ALL.map(StreamState::name);
    assert_each(&found, "stream_state", "state", states);
    for class in SinkErrorClass::ALL {
        let name = format!("birdfeed_lane_errors_total{{class=\"{class}\",lane=\"tweets\",sink=\"file\"}}");
        assert!(found.contains(&name), "no {name} in {found:#?}");
    }
    let page = page(&families);
    for line in [
        "birdfeed_stream_state{state=\"paused\"} 1",
        "birdfeed_stream_state{state=\"streaming\"} 0",
        "birdfeed_lane_errors_total{class=\"operator\",lane=\"tweets\",sink=\"file\"} 3",
        "birdfeed_journal_errors_total{operation=\"cursor\"} 2",
        "# TYPE process_cpu_seconds_total counter",
        "# TYPE process_open_fds gauge",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in {page}");
    }
    assert_eq!(families.len(), collector::families().count());
}
