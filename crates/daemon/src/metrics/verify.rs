//! What `birdfeed verify --follow` has found, as metrics of its own.

use prometheus::{Error, GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};
use stream_core::chain::LaneVerdict;
use stream_core::model::{Lane, Timestamp};

use super::family::{Family, FamilyKind};

/// The registry of a process that verifies.
pub struct VerifyMetrics {
    registry: Registry,
    records: IntCounterVec,
    duplicates: IntCounterVec,
    holes: IntGaugeVec,
    losses: IntGaugeVec,
    last_read: GaugeVec,
}

const RECORDS: Family = Family {
    name: "verify_records_total",
    kind: FamilyKind::Counter,
    labels: &["sink", "lane"],
    help: "Records read back, repeats included.",
};
const DUPLICATES: Family = Family {
    name: "verify_duplicates_total",
    kind: FamilyKind::Counter,
    labels: &["sink", "lane"],
    help: "Records read back that had been read before.",
};
const HOLES: Family = Family {
    name: "verify_holes",
    kind: FamilyKind::Gauge,
    labels: &["sink", "lane"],
    help: "Holes that are there for longer than the grace; dead letters do not count.",
};
const LOSSES: Family = Family {
    name: "verify_open_losses",
    kind: FamilyKind::Gauge,
    labels: &["sink"],
    help: "Losses told in the lane events that for longer than the grace no record accounts for.",
};
const LAST_READ: Family = Family {
    name: "verify_last_read_timestamp_seconds",
    kind: FamilyKind::Gauge,
    labels: &["sink"],
    help: "When the sink was last read to its end, Unix time; 0 if it never was.",
};

impl VerifyMetrics {
    /// Every family.
    pub const FAMILIES: &'static [Family] = &[DUPLICATES, HOLES, LAST_READ, LOSSES, RECORDS];

    /// All series of these sinks and lanes, at zero.
    pub fn new<'s>(sinks: impl IntoIterator<Item = &'s str>, lanes: &[Lane]) -> Result<Self, Error> {
        let opts = |family: Family| Opts::new(family.full_name(), family.help);
        let metrics = Self {
            registry: Registry::new(),
            records: IntCounterVec::new(opts(RECORDS), RECORDS.labels)?,
            duplicates: IntCounterVec::new(opts(DUPLICATES), DUPLICATES.labels)?,
            holes: IntGaugeVec::new(opts(HOLES), HOLES.labels)?,
            losses: IntGaugeVec::new(opts(LOSSES), LOSSES.labels)?,
            last_read: GaugeVec::new(opts(LAST_READ), LAST_READ.labels)?,
        };
        metrics.registry.register(Box::new(metrics.records.clone()))?;
        metrics.registry.register(Box::new(metrics.duplicates.clone()))?;
        metrics.registry.register(Box::new(metrics.holes.clone()))?;
        metrics.registry.register(Box::new(metrics.losses.clone()))?;
        metrics.registry.register(Box::new(metrics.last_read.clone()))?;
        for sink in sinks {
            metrics.last_read.with_label_values(&[sink]).set(0.0);
            metrics.losses.with_label_values(&[sink]).set(0);
            for lane in lanes {
                let labels = [sink, lane.name()];
                metrics.records.with_label_values(&labels);
                metrics.duplicates.with_label_values(&labels);
                metrics.holes.with_label_values(&labels).set(0);
            }
        }
        Ok(metrics)
    }

    /// Tells what was found in a lane up to now, and how many `holes` last.
    pub fn tell(&self, sink: &str, lane: &LaneVerdict, holes: usize) {
        let labels = [sink, lane.lane.name()];
        count(&self.records, &labels, lane.records + lane.duplicates);
        count(&self.duplicates, &labels, lane.duplicates);
        let holes = i64::try_from(holes).unwrap_or(i64::MAX);
        self.holes.with_label_values(&labels).set(holes);
    }

    /// Tells how many losses last that no record accounts for.
    pub fn tell_losses(&self, sink: &str, losses: usize) {
        let losses = i64::try_from(losses).unwrap_or(i64::MAX);
        self.losses.with_label_values(&[sink]).set(losses);
    }

    /// Tells that the sink was read to its end just now.
    pub fn read(&self, sink: &str) {
        let now = Timestamp::now().millis() as f64 / 1e3;
        self.last_read.with_label_values(&[sink]).set(now);
    }

    /// The page `/metrics`.
    pub fn render(&self) -> Result<String, Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// Brings a counter to `total`; one that stands higher is of a reader that had to begin again.
fn count(counters: &IntCounterVec, labels: &[&str], total: u64) {
    let counter = counters.with_label_values(labels);
    if counter.get() > total {
        counter.reset();
    }
    counter.inc_by(total - counter.get());
}
