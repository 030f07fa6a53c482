//! Metric families: what every series of one name has in common.

/// Type of a metric, in Prometheus' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets of seconds.
    Histogram,
}

impl FamilyKind {
    /// As Prometheus writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Metric family.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name after `birdfeed_`.
    pub name: &'static str,
    /// Its type.
    pub kind: FamilyKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence.
    pub help: &'static str,
}

impl Family {
    /// The whole name.
    pub fn full_name(&self) -> String {
        format!("birdfeed_{}", self.name)
    }
}
