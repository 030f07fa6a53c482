//! The data path's own snapshot as metrics, made anew for each scrape.

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, Opts};
use stream_core::model::{StreamState, Timestamp};
use stream_core::telemetry::LaneStatus;
use stream_core::telemetry::Status;

use super::catalogue::{self as all, Kind, Metric};

type Made = Result<Vec<MetricFamily>, prometheus::Error>;

/// The snapshot's metrics.
pub(super) fn gather(status: &Status) -> Made {
    let mut families = stream(status)?;
    families.extend(journal(status)?);
    families.extend(lanes(&status.lanes, Timestamp::now())?);
    Ok(families)
}

fn stream(status: &Status) -> Made {
    let stream = &status.stream;
    let states =
        StreamState::ALL.map(|state| (vec![state.name()], f64::from(u8::from(state == stream.state))));
    let last_byte = stream.last_byte.map_or(0.0, |at| at.micros() as f64 / 1e6);
    [
        family(&all::STREAM_STATE, &states),
        single(&all::STREAM_CONNECT_BUDGET, stream.connect_budget as f64),
        single(&all::STREAM_LAST_BYTE, last_byte),
        single(&all::STREAM_WAITING, stream.waiting as f64),
        family(&all::BUILD_INFO, &[(vec![env!("CARGO_PKG_VERSION")], 1.0)]),
    ]
    .into_iter()
    .try_fold(Vec::new(), |families, made| Ok([families, made?].concat()))
}

fn journal(status: &Status) -> Made {
    let journal = &status.journal;
    let blocked = status.stream.journal_blocked.is_some();
    let errors = [
        ("sync", journal.sync_failures),
        ("cursor", journal.cursor_failures),
        ("trim", journal.trim_failures),
    ]
    .map(|(operation, count)| (vec![operation], count as f64));
    [
        single(&all::JOURNAL_BYTES, journal.bytes as f64),
        single(&all::JOURNAL_MAX_BYTES, journal.max_bytes as f64),
        single(&all::JOURNAL_SEGMENTS, journal.segments as f64),
        single(&all::JOURNAL_BLOCKED, f64::from(u8::from(blocked))),
        single(&all::JOURNAL_UNSYNCED, journal.unsynced as f64),
        single(&all::JOURNAL_LOST, journal.lost as f64),
        family(&all::JOURNAL_ERRORS, &errors),
    ]
    .into_iter()
    .try_fold(Vec::new(), |families, made| Ok([families, made?].concat()))
}

fn lanes(lanes: &[LaneStatus], now: Timestamp) -> Made {
    let each = |metric: &Metric, value: &dyn Fn(&LaneStatus) -> f64| {
        let samples: Vec<_> = lanes
            .iter()
            .map(|lane| (vec![lane.sink.as_str(), lane.lane.name()], value(lane)))
            .collect();
        family(metric, &samples)
    };
    let errors: Vec<_> = lanes
        .iter()
        .flat_map(|lane| {
            [
                ("unavailable", lane.errors_unavailable),
                ("operator", lane.errors_operator),
            ]
            .map(|(class, count)| (vec![lane.sink.as_str(), lane.lane.name(), class], count as f64))
        })
        .collect();
    let lag = |lane: &LaneStatus| {
        lane.oldest_pending
            .map_or(0.0, |oldest| now.since(oldest).as_secs_f64())
    };
    [
        each(&all::LANE_CONNECTED, &|lane| f64::from(u8::from(lane.connected))),
        each(&all::LANE_RECEIVED, &|lane| lane.received as f64),
        each(&all::LANE_PUBLISHED, &|lane| lane.published as f64),
        each(&all::LANE_CONFIRMED, &|lane| lane.delivered as f64),
        each(&all::LANE_DEAD_LETTERED, &|lane| lane.dead_lettered as f64),
        each(&all::LANE_DROPPED, &|lane| lane.dropped as f64),
        each(&all::LANE_IN_FLIGHT, &|lane| lane.in_flight as f64),
        each(&all::LANE_PENDING, &|lane| lane.pending as f64),
        each(&all::LANE_LAG, &lag),
        each(&all::LANE_RESETS, &|lane| lane.resets as f64),
        family(&all::LANE_ERRORS, &errors),
    ]
    .into_iter()
    .try_fold(Vec::new(), |families, made| Ok([families, made?].concat()))
}

fn single(metric: &Metric, value: f64) -> Made {
    family(metric, &[(vec![], value)])
}

/// One family with these samples: label values, value.
fn family(metric: &Metric, samples: &[(Vec<&str>, f64)]) -> Made {
    let opts = Opts::new(metric.full_name(), metric.help);
    if metric.kind == Kind::Counter {
        let counters = IntCounterVec::new(opts, metric.labels)?;
        for (labels, value) in samples {
            // Counts below 2^53 are exact in a float.
            #[expect(clippy::cast_sign_loss, reason = "counts are not negative")]
            counters.with_label_values(labels).inc_by(*value as u64);
        }
        Ok(counters.collect())
    } else {
        let gauges = GaugeVec::new(opts, metric.labels)?;
        for (labels, value) in samples {
            gauges.with_label_values(labels).set(*value);
        }
        Ok(gauges.collect())
    }
}
