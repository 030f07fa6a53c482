//! What happens, counted for Prometheus. Events are counted as they come; what the data path says of itself is read from its
//! snapshot when somebody asks.

pub mod catalogue;
mod snapshot;

use std::time::Duration;

use journal::Timing;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    TextEncoder,
};
use source_x::split::MessageKind;
use stream_core::model::{
    ConnectOutcome, DeadLetterReason, DisconnectReason, DropReason, FrameKind, HttpStatusLabel, Lane,
    PerLane, WaitClass,
};
use stream_core::telemetry::View;
use stream_core::telemetry::{Observation, Observer};

use self::catalogue::Metric;

/// The counters.
pub struct Metrics {
    registry: Registry,
    connects: IntCounterVec,
    disconnects: IntCounterVec,
    retries: IntCounterVec,
    retry_wait: Gauge,
    bytes: IntCounter,
    frames: IntCounterVec,
    frame_messages: IntCounter,
    discarded: IntCounter,
    messages: IntCounterVec,
    http_errors: IntCounterVec,
    gap_seconds: prometheus::CounterVec,
    lag: Histogram,
    confirm: BySink,
    dropped: IntCounterVec,
    dead_letters: IntCounterVec,
    append: Histogram,
    sync: Histogram,
}

/// A histogram for each lane of each sink, found without hashing: it is looked up for every record.
type BySink = Vec<(String, PerLane<Option<Histogram>>)>;

/// From a tenth of a millisecond to a minute and a half.
const SECONDS: [f64; 19] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    20.0, 45.0, 90.0,
];

impl Metrics {
    /// Counters at zero, for these sinks' lanes (sink name, lane).
    pub fn new(lanes: &[(String, Lane)]) -> Result<Self, prometheus::Error> {
        let made = Maker(Registry::new());
        let frames = made.counters(&catalogue::STREAM_FRAMES, &FrameKind::ALL.map(FrameKind::name))?;
        let metrics = Self {
            connects: made.counters(
                &catalogue::STREAM_CONNECTS,
                &ConnectOutcome::ALL.map(ConnectOutcome::name),
            )?,
            disconnects: made.counters(
                &catalogue::STREAM_DISCONNECTS,
                &DisconnectReason::ALL.map(DisconnectReason::name),
            )?,
            retries: made.counters(&catalogue::STREAM_RETRIES, &WaitClass::ALL.map(WaitClass::name))?,
            retry_wait: made.gauge(&catalogue::STREAM_RETRY_WAIT)?,
            bytes: made.counter(&catalogue::STREAM_BYTES)?,
            frame_messages: frames.with_label_values(&[FrameKind::Message.name()]),
            frames,
            discarded: made.counter(&catalogue::STREAM_DISCARDED)?,
            messages: made.counters(
                &catalogue::STREAM_MESSAGES,
                &MessageKind::ALL.map(MessageKind::name),
            )?,
            http_errors: made.counters(
                &catalogue::STREAM_HTTP_ERRORS,
                &HttpStatusLabel::ALL.map(HttpStatusLabel::name),
            )?,
            gap_seconds: made.gap_seconds()?,
            lag: made.histogram(&catalogue::STREAM_LAG)?,
            confirm: made.confirm(lanes)?,
            dropped: made.counters(
                &catalogue::MESSAGES_DROPPED,
                &DropReason::ALL.map(DropReason::name),
            )?,
            dead_letters: made.counters(
                &catalogue::DEAD_LETTERS,
                &DeadLetterReason::ALL.map(DeadLetterReason::name),
            )?,
            append: made.histogram(&catalogue::JOURNAL_APPEND)?,
            sync: made.histogram(&catalogue::JOURNAL_SYNC)?,
            registry: made.0,
        };
        Ok(metrics)
    }

    /// Counts the journal's timings.
    pub fn time(&self, timing: Timing) {
        match timing {
            Timing::Append(took) => self.append.observe(took.as_secs_f64()),
            Timing::Sync(took) => self.sync.observe(took.as_secs_f64()),
        }
    }

    /// Everything as Prometheus reads it, with what `view` shows now.
    pub fn render(&self, view: &View) -> Result<Vec<u8>, prometheus::Error> {
        let mut families = self.registry.gather();
        families.extend(snapshot::gather(&view.status())?);
        families.sort_by(|one, other| one.name().cmp(other.name()));
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        Ok(text)
    }

    fn confirmed(&self, sink: &str, lane: Lane, latency: Duration) {
        let lanes = self.confirm.iter().find(|(name, _)| name == sink);
        if let Some(histogram) = lanes.and_then(|(_, lanes)| lanes[lane].as_ref()) {
            histogram.observe(latency.as_secs_f64());
        }
    }
}

impl Observer for Metrics {
    fn on(&self, event: Observation<'_>) {
        match event {
            Observation::Connect { outcome, http_error } => {
                self.connects.with_label_values(&[outcome.name()]).inc();
                if outcome == ConnectOutcome::Accepted {
                    self.retry_wait.set(0.0);
                }
                if let Some(status) = http_error {
                    self.http_errors.with_label_values(&[status.name()]).inc();
                }
            }
            Observation::Disconnected { reason } => {
                self.disconnects.with_label_values(&[reason.name()]).inc();
            }
            Observation::Waiting { class, wait } => {
                self.retries.with_label_values(&[class.name()]).inc();
                self.retry_wait.set(wait.as_secs_f64());
            }
            Observation::Gap { length } => self
                .gap_seconds
                .with_label_values(&["false"])
                .inc_by(length.as_secs_f64()),
            Observation::Bytes(bytes) => self.bytes.inc_by(bytes),
            Observation::Frame(FrameKind::Message) => self.frame_messages.inc(),
            Observation::Frame(kind) => self.frames.with_label_values(&[kind.name()]).inc(),
            Observation::HalfLine { bytes } => self.discarded.inc_by(bytes),
            Observation::Message { kind, lag } => {
                self.messages.with_label_values(&[kind]).inc();
                if let Some(lag) = lag {
                    self.lag.observe(lag.as_secs_f64());
                }
            }
            Observation::DeadLetter { reason } => self.dead_letters.with_label_values(&[reason.name()]).inc(),
            Observation::Dropped { reason, messages } => {
                self.dropped.with_label_values(&[reason.name()]).inc_by(messages);
            }
            Observation::Confirmed { sink, lane, latency } => self.confirmed(sink, lane, latency),
        }
    }
}

/// Makes metrics out of the catalogue and registers them.
struct Maker(Registry);

fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.full_name(), metric.help)
}

impl Maker {
    fn counter(&self, metric: &Metric) -> Result<IntCounter, prometheus::Error> {
        let counter = IntCounter::with_opts(opts(metric))?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    /// Counters with one label, at zero for each of `values`.
    fn counters(&self, metric: &Metric, values: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        let counters = IntCounterVec::new(opts(metric), metric.labels)?;
        for value in values {
            counters.with_label_values(&[*value]);
        }
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    fn gap_seconds(&self) -> Result<prometheus::CounterVec, prometheus::Error> {
        let metric = &catalogue::STREAM_GAP_SECONDS;
        let seconds = prometheus::CounterVec::new(opts(metric), metric.labels)?;
        seconds.with_label_values(&["false"]);
        self.0.register(Box::new(seconds.clone()))?;
        Ok(seconds)
    }

    fn gauge(&self, metric: &Metric) -> Result<Gauge, prometheus::Error> {
        let gauge = Gauge::with_opts(opts(metric))?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn histogram(&self, metric: &Metric) -> Result<Histogram, prometheus::Error> {
        let opts = HistogramOpts::from(opts(metric)).buckets(SECONDS.to_vec());
        let histogram = Histogram::with_opts(opts)?;
        self.0.register(Box::new(histogram.clone()))?;
        Ok(histogram)
    }

    fn confirm(&self, lanes: &[(String, Lane)]) -> Result<BySink, prometheus::Error> {
        let metric = &catalogue::LANE_CONFIRM;
        let opts = HistogramOpts::from(opts(metric)).buckets(SECONDS.to_vec());
        let family = HistogramVec::new(opts, metric.labels)?;
        self.0.register(Box::new(family.clone()))?;
        let mut sinks: BySink = Vec::new();
        for (sink, lane) in lanes {
            if sinks.last().is_none_or(|(name, _)| name != sink) {
                sinks.push((sink.clone(), PerLane::default()));
            }
            if let Some((_, by_lane)) = sinks.last_mut() {
                by_lane[*lane] = Some(family.with_label_values(&[sink.as_str(), lane.name()]));
            }
        }
        Ok(sinks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All series, without their values.
    fn series(metrics: &Metrics) -> Vec<String> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&metrics.registry.gather(), &mut text)
            .unwrap();
        let text = String::from_utf8(text).unwrap();
        let series = text.lines().filter_map(|line| line.rsplit_once(' '));
        series.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn every_series_is_there_from_the_start() {
        let metrics = Metrics::new(&[("file".to_owned(), Lane::Tweets)]).unwrap();
        let before = series(&metrics);
        for kind in MessageKind::ALL.map(MessageKind::name) {
            metrics.on(Observation::Message { kind, lag: None });
        }
        for reason in DeadLetterReason::ALL {
            metrics.on(Observation::DeadLetter { reason });
        }
        for reason in DropReason::ALL {
            metrics.on(Observation::Dropped { reason, messages: 1 });
        }
        for status in [200, 302, 401, 429, 503, 520] {
            let (outcome, http_error) = (ConnectOutcome::Http, Some(HttpStatusLabel::of(status)));
            metrics.on(Observation::Connect { outcome, http_error });
        }
        assert_eq!(series(&metrics), before);
    }
}
