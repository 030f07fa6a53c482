//! Instruments: what is counted as it happens. One table per owner declares its families and the fields that count them.

use prometheus::core::{Atomic, AtomicU64, Collector, GenericCounter, GenericCounterVec};
use prometheus::{Error, Gauge, IntCounter, Opts, Registry};
use stream_core::model::Lane;

use super::family::{Family, FamilyKind};
use super::label::Label;

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
    pub(super) fn add<C: Collector + Clone + 'static>(&self, collector: C) -> Result<C, Error> {
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

/// Name and help of a family.
pub(super) fn opts(family: &Family) -> Opts {
    Opts::new(family.full_name(), family.help)
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
