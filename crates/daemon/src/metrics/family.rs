//! Metric families: what every series of one name has in common.

/// Type of a metric, in Prometheus' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down, and is only ever set.
    Gauge,
    /// Counts in buckets of seconds.
    Histogram,
}

impl FamilyKind {
    /// The type as Prometheus writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Metric family: a name, a type, the labels that tell its series apart.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name after `birdfeed_`; whole if it is one of the standard `process_…`.
    pub name: &'static str,
    /// What its values may do.
    pub kind: FamilyKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence.
    pub help: &'static str,
}

impl Family {
    /// The whole name, with the prefix of all of ours.
    pub fn full_name(&self) -> String {
        if self.name.starts_with("process_") {
            return self.name.to_owned();
        }
        format!("birdfeed_{}", self.name)
    }
}
