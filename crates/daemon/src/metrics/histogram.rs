//! Histograms of seconds, each kind in buckets that tell apart what matters about it.

use std::marker::PhantomData;
use std::time::Duration;

use prometheus::{Error, Histogram, HistogramOpts, HistogramVec};
use stream_core::model::{Lane, PerLane};

use super::family::{Family, FamilyKind};
use super::instrument::{Instrument, Registrar, opts};

/// Resolution of a histogram.
pub(super) trait Buckets: Send + Sync + 'static {
    /// Their upper bounds, in seconds.
    const SECONDS: &'static [f64];
}

/// What a disk takes: from what the page cache does to what a volume does that hangs.
pub(super) struct Disk;

impl Buckets for Disk {
    const SECONDS: &'static [f64] = &[
        0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
        10.0, 30.0,
    ];
}

/// What a broker takes: from the one next door to an outage that was sat out.
pub(super) struct Delivery;

impl Buckets for Delivery {
    const SECONDS: &'static [f64] = &[
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
        300.0, 600.0, 1_800.0,
    ];
}

/// What X takes: some seconds, its 99th percentile between 6 and 7, where half a second matters; minutes in a backfill.
pub(super) struct Lag;

impl Buckets for Lag {
    const SECONDS: &'static [f64] = &[
        0.001, 0.01, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0,
        10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    ];
}

fn with_buckets<B: Buckets>(family: &Family) -> HistogramOpts {
    HistogramOpts::from(opts(family)).buckets(B::SECONDS.to_vec())
}

/// Histogram of seconds in the buckets of `B`.
pub(super) struct Seconds<B>(Histogram, PhantomData<B>);

impl<B> Seconds<B> {
    pub(super) fn observe(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }
}

impl<B: Buckets> Instrument for Seconds<B> {
    const KIND: FamilyKind = FamilyKind::Histogram;
    const LABELS: &'static [&'static str] = &[];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        let histogram = registrar.add(Histogram::with_opts(with_buckets::<B>(family))?)?;
        Ok(Self(histogram, PhantomData))
    }
}

/// Histogram of a delivery's seconds for each lane of each sink, found without hashing: it is looked up for every record.
pub(super) struct LaneHistograms(Vec<(String, PerLane<Option<Histogram>>)>);

impl LaneHistograms {
    pub(super) fn observe(&self, sink: &str, lane: Lane, took: Duration) {
        let lanes = self.0.iter().find(|(name, _)| name == sink);
        if let Some(histogram) = lanes.and_then(|(_, lanes)| lanes[lane].as_ref()) {
            histogram.observe(took.as_secs_f64());
        }
    }
}

impl Instrument for LaneHistograms {
    const KIND: FamilyKind = FamilyKind::Histogram;
    const LABELS: &'static [&'static str] = &["sink", "lane"];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        let histograms = HistogramVec::new(with_buckets::<Delivery>(family), family.labels)?;
        let histograms = registrar.add(histograms)?;
        let mut sinks: Vec<(String, PerLane<Option<Histogram>>)> = Vec::new();
        for (sink, lane) in registrar.lanes {
            if sinks.last().is_none_or(|(name, _)| name != sink) {
                sinks.push((sink.clone(), PerLane::default()));
            }
            if let Some((_, by_lane)) = sinks.last_mut() {
                by_lane[*lane] = Some(histograms.with_label_values(&[sink.as_str(), lane.name()]));
            }
        }
        Ok(Self(sinks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_goes_from_a_millisecond_to_half_a_minute_at_least_and_upwards() {
        for bounds in [Disk::SECONDS, Delivery::SECONDS, Lag::SECONDS] {
            assert!(bounds[0] <= 0.001 && bounds[bounds.len() - 1] >= 30.0);
            assert!(bounds.is_sorted_by(|one, next| one < next), "{bounds:?}");
        }
    }

    #[test]
    fn where_x_s_own_lag_lies_half_a_second_is_told_apart() {
        let within = Lag::SECONDS.iter().filter(|bound| (1.0..=8.0).contains(*bound));
        let within: Vec<_> = within.collect();
        assert_eq!(within.len(), 15);
        assert!(
            within.is_sorted_by(|one, next| **next - **one <= 0.5),
            "{within:?}"
        );
    }
}
