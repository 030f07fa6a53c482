//! The lanes: from the journal into the sinks, each lane of each sink for itself.

use stream_core::model::{SinkErrorClass, Timestamp};
use stream_core::telemetry::{LaneStatus, Observation};

use super::family::Family;
use super::histogram::LaneHistograms;
use super::instrument::{Instrument, Registrar, instruments};
use super::label::Label as _;
use super::reading::{Read, Reading, each};

instruments! {
    /// Latency of delivery, counted as it happens.
    LaneMetrics {
        confirm: LaneHistograms = "lane_confirm_seconds", "From the receipt of a message to the confirmation of its record.";
    }
}

impl LaneMetrics {
    /// Counts what has happened to a lane.
    pub(super) fn on(&self, observed: Observation<'_>) {
        if let Observation::Confirmed { sink, lane, latency } = observed {
            self.confirm.observe(sink, lane, latency);
        }
    }
}

/// The labels that name a lane.
const LANE: &[&str] = &["sink", "lane"];

/// State of one lane of one sink, read when somebody asks.
pub(super) const READINGS: &[Reading<LaneStatus>] = &[
    Reading::gauge(
        "lane_connected",
        LANE,
        "1 while the lane has a way into its sink.",
        Read::One(|lane| f64::from(u8::from(lane.connected))),
    ),
    Reading::counter(
        "lane_received_total",
        LANE,
        "Records journaled for the lane, since the journal's folder began. At every moment: received = confirmed + dead_lettered + \
         dropped + lost + in_flight.",
        Read::One(|lane| lane.received as f64),
    ),
    Reading::counter(
        "lane_published_total",
        LANE,
        "Records handed over to the sink, repeats included.",
        Read::One(|lane| lane.published as f64),
    ),
    Reading::counter(
        "lane_confirmed_total",
        LANE,
        "Records that the sink has confirmed, each once.",
        Read::One(|lane| lane.delivered as f64),
    ),
    Reading::counter(
        "lane_dead_lettered_total",
        LANE,
        "Records that the sink refused and that stand in dead_letter instead.",
        Read::One(|lane| lane.dead_lettered as f64),
    ),
    Reading::counter(
        "lane_dropped_total",
        LANE,
        "Records that the sink refused and that could not be dead-lettered.",
        Read::One(|lane| lane.dropped as f64),
    ),
    Reading::counter(
        "lane_lost_total",
        LANE,
        "Records that damage to the journal took before they were delivered.",
        Read::One(|lane| lane.lost as f64),
    ),
    Reading::gauge(
        "lane_in_flight",
        LANE,
        "Records in the journal whose fate is open.",
        Read::One(|lane| lane.in_flight as f64),
    ),
    Reading::gauge(
        "lane_pending",
        LANE,
        "The same as lane_in_flight.",
        Read::One(|lane| lane.pending as f64),
    ),
    Reading::gauge(
        "lane_lag_seconds",
        LANE,
        "Age of the oldest record whose fate is open; 0 if there is none.",
        Read::One(|lane| {
            let age = |oldest| Timestamp::now().since(oldest).as_secs_f64();
            lane.oldest_pending.map_or(0.0, age)
        }),
    ),
    Reading::counter(
        "lane_errors_total",
        &["sink", "lane", SinkErrorClass::KEY],
        "Errors of the sink: unavailable (cures itself), operator (needs a person).",
        Read::Each(|lane| {
            each(|class| match class {
                SinkErrorClass::Unavailable => lane.errors_unavailable as f64,
                SinkErrorClass::Operator => lane.errors_operator as f64,
            })
        }),
    ),
    Reading::counter(
        "lane_resets_total",
        LANE,
        "Times that the lane went back to its cursor and replayed.",
        Read::One(|lane| lane.resets as f64),
    ),
];
