//! Readings: what the data path says of itself, read out of its snapshot when somebody asks. Each is one row of its owner.

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

use super::family::{Family, FamilyKind};
use super::label::Label;

/// Row of a table of readings: a family, and how its samples are read out of an `S`.
pub(super) struct Reading<S> {
    pub(super) family: Family,
    read: Read<S>,
}

/// Arity of a reading.
pub(super) enum Read<S> {
    /// One sample, of an `S`.
    One(fn(&S) -> f64),
    /// One sample for each value of the family's last label.
    Each(fn(&S) -> Vec<(&'static str, f64)>),
}

impl<S> Reading<S> {
    pub(super) const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read<S>,
    ) -> Self {
        Self::new(FamilyKind::Gauge, name, labels, help, read)
    }

    pub(super) const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read<S>,
    ) -> Self {
        Self::new(FamilyKind::Counter, name, labels, help, read)
    }

    const fn new(
        kind: FamilyKind,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read<S>,
    ) -> Self {
        Self {
            family: Family {
                name,
                kind,
                labels,
                help,
            },
            read,
        }
    }

    /// The family with the samples of `subjects`, each given with the values of the labels that name it.
    pub(super) fn samples<'s>(&self, subjects: impl Iterator<Item = (Vec<&'s str>, &'s S)>) -> MetricFamily
    where
        S: 's,
    {
        let mut metrics = Vec::new();
        for (labels, subject) in subjects {
            match self.read {
                Read::One(read) => metrics.push(self.sample(&labels, read(subject))),
                Read::Each(read) => {
                    for (last, value) in read(subject) {
                        metrics.push(self.sample(&[&labels[..], &[last]].concat(), value));
                    }
                }
            }
        }
        let mut family = MetricFamily::default();
        family.set_name(self.family.full_name());
        family.set_help(self.family.help.to_owned());
        family.set_field_type(match self.family.kind {
            FamilyKind::Counter => MetricType::COUNTER,
            FamilyKind::Gauge | FamilyKind::Histogram => MetricType::GAUGE,
        });
        family.set_metric(metrics);
        family
    }

    fn sample(&self, labels: &[&str], value: f64) -> Metric {
        let mut pairs: Vec<_> = self.family.labels.iter().zip(labels).map(pair).collect();
        pairs.sort();
        let mut sample = Metric::from_label(pairs);
        if self.family.kind == FamilyKind::Counter {
            let mut counter = Counter::default();
            counter.set_value(value);
            sample.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            sample.set_gauge(gauge);
        }
        sample
    }
}

fn pair((name, value): (&&str, &&str)) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name((*name).to_owned());
    pair.set_value((*value).to_owned());
    pair
}

/// Every value of a label with its sample.
pub(super) fn each<L: Label>(sample: impl Fn(L) -> f64) -> Vec<(&'static str, f64)> {
    let all = L::all().into_iter();
    all.map(|label| (label.value(), sample(label))).collect()
}
