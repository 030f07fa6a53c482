//! Instruments: what is counted as it happens. One table per owner declares its families and the fields that count them.

use prometheus::core::{Atomic, AtomicU64, Collector, GenericCounter, GenericCounterVec};
use prometheus::{Error, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, Opts, Registry};
use stream_core::model::{Lane, PerLane};

use super::family::{Family, FamilyKind};
use super::label::Label;

/// Buckets from a tenth of a millisecond to a minute and a half.
const SECONDS: [f64; 19] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    20.0, 45.0, 90.0,
];

/// Declares an owner's instruments, a row each: `field: Instrument = "name", "help";`.
macro_rules! instruments {
    ($(#[$meta:meta])* $owner:ident { $($field:ident: $instrument:ty = $name:literal, $help:literal;)* }) => {
        $(#[$meta])*
        pub(super) struct $owner {
            $($field: $instrument,)*
        }

        impl $owner {
            /// The families of the rows.
            pub(super) const FAMILIES: &'static [Family] = &[$(
                Family {
                    name: $name,
                    kind: <$instrument as Instrument>::KIND,
                    labels: <$instrument as Instrument>::LABELS,
                    help: $help,
                },
            )*];

            /// Registers all of them; every series is there from now on.
            pub(super) fn register(registrar: &Registrar<'_>) -> Result<Self, prometheus::Error> {
                let mut families = Self::FAMILIES.iter();
                let mut next = || families.next().expect("a family for each row");
                Ok(Self {
                    $($field: Instrument::register(next(), registrar)?,)*
                })
            }
        }
    };
}

pub(super) use instruments;

/// Registration: where instruments go, and what their series are named by.
pub(super) struct Registrar<'a> {
    pub(super) registry: &'a Registry,
    /// Every lane of every sink: sink name, lane; those of one sink in a row.
    pub(super) lanes: &'a [(String, Lane)],
}

impl Registrar<'_> {
    fn add<C: Collector + Clone + 'static>(&self, collector: C) -> Result<C, Error> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}

/// Instrument: a type of field that knows its family's type and labels, and makes all its series at once.
pub(super) trait Instrument: Sized {
    const KIND: FamilyKind;
    const LABELS: &'static [&'static str];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error>;
}

fn opts(family: &Family) -> Opts {
    Opts::new(family.full_name(), family.help)
}

fn histogram_opts(family: &Family) -> HistogramOpts {
    HistogramOpts::from(opts(family)).buckets(SECONDS.to_vec())
}

impl Instrument for IntCounter {
    const KIND: FamilyKind = FamilyKind::Counter;
    const LABELS: &'static [&'static str] = &[];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        registrar.add(Self::with_opts(opts(family))?)
    }
}

impl Instrument for Gauge {
    const KIND: FamilyKind = FamilyKind::Gauge;
    const LABELS: &'static [&'static str] = &[];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        registrar.add(Self::with_opts(opts(family))?)
    }
}

/// Of seconds, as all our histograms are.
impl Instrument for Histogram {
    const KIND: FamilyKind = FamilyKind::Histogram;
    const LABELS: &'static [&'static str] = &[];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        registrar.add(Self::with_opts(histogram_opts(family))?)
    }
}

/// Counter for each value of one label, found without hashing: some are looked up for every record.
pub(super) struct Counters<L, P: Atomic = AtomicU64>(Vec<(L, GenericCounter<P>)>);

impl<L: Label, P: Atomic> Counters<L, P> {
    pub(super) fn inc_by(&self, label: L, amount: P::T) {
        if let Some((_, counter)) = self.0.iter().find(|(value, _)| *value == label) {
            counter.inc_by(amount);
        }
    }
}

impl<L: Label> Counters<L> {
    pub(super) fn inc(&self, label: L) {
        self.inc_by(label, 1);
    }
}

impl<L: Label, P: Atomic + 'static> Instrument for Counters<L, P> {
    const KIND: FamilyKind = FamilyKind::Counter;
    const LABELS: &'static [&'static str] = &[L::KEY];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        let counters = registrar.add(GenericCounterVec::<P>::new(opts(family), family.labels)?)?;
        let each = L::all().into_iter();
        let each = each.map(|label| (label, counters.with_label_values(&[label.value()])));
        Ok(Self(each.collect()))
    }
}

/// Histogram of seconds for each lane of each sink, found without hashing: it is looked up for every record.
pub(super) struct LaneHistograms(Vec<(String, PerLane<Option<Histogram>>)>);

impl LaneHistograms {
    pub(super) fn observe(&self, sink: &str, lane: Lane, seconds: f64) {
        let lanes = self.0.iter().find(|(name, _)| name == sink);
        if let Some(histogram) = lanes.and_then(|(_, lanes)| lanes[lane].as_ref()) {
            histogram.observe(seconds);
        }
    }
}

impl Instrument for LaneHistograms {
    const KIND: FamilyKind = FamilyKind::Histogram;
    const LABELS: &'static [&'static str] = &["sink", "lane"];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        let histograms = registrar.add(HistogramVec::new(histogram_opts(family), family.labels)?)?;
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
