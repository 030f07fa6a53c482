//! Metrics for Prometheus, by owner: events are counted as they come, and what the data path says of itself is read from its
//! snapshot when somebody asks.
//!
//! | module | what it does |
//! |---|---|
//! | `stream`, `lane`, `sink`, `journal`, `rules`, `account`, `machine`, `program` | the owners: each its families, labels and updates |
//! | `process` | the process as the system sees it |
//! | `instrument`, `histogram`, `rule_matches` | what is counted as it happens |
//! | `reading`, `collector` | what is read from one snapshot of the data path |
//! | `family`, `label` | what a series is called |
//! | `verify` | those of a process that verifies, in a registry of its own |
//! | `open_metrics` | the page in the other format |
//! | `catalogue` | all of them, for `docs/metrics.md` |

mod account;
mod catalogue;
mod collector;
mod family;
mod histogram;
mod instrument;
mod journal;
mod label;
mod lane;
mod machine;
pub(crate) mod open_metrics;
mod process;
mod program;
mod reading;
mod rule_matches;
mod rules;
mod sink;
mod span_outcome;
mod stream;
mod verify;

use ::journal::Timing;
use prometheus::{Error, Registry, TextEncoder};
use source_x::account::Usage;
use source_x::rules::SyncOutcome;
use stream_core::model::{Lane, Timestamp};
use stream_core::telemetry::{Observation, Observer, View};

use self::account::AccountMetrics;
pub use self::catalogue::{catalogue, document};
use self::collector::ViewCollector;
pub use self::family::{Family, FamilyKind};
use self::instrument::Registrar;
use self::journal::JournalMetrics;
use self::lane::LaneMetrics;
use self::machine::MachineMetrics;
use self::program::ProgramMetrics;
pub use self::rule_matches::RuleStatus;
use self::rules::RulesMetrics;
pub(crate) use self::span_outcome::SpanOutcome;
use self::stream::StreamMetrics;
pub use self::verify::VerifyMetrics;
use crate::reload_status::ReloadResult;

/// Registry of this process, never the global one, with its owners.
pub struct Metrics {
    registry: Registry,
    stream: StreamMetrics,
    lane: LaneMetrics,
    journal: JournalMetrics,
    rules: RulesMetrics,
    account: AccountMetrics,
    machine: MachineMetrics,
    program: ProgramMetrics,
}

impl Metrics {
    /// Everything at zero, for these lanes (sink name, lane; those of one sink in a row).
    pub fn new(lanes: &[(String, Lane)]) -> Result<Self, Error> {
        let registry = Registry::new();
        let registrar = Registrar {
            registry: &registry,
            lanes,
        };
        Ok(Self {
            stream: StreamMetrics::register(&registrar)?,
            lane: LaneMetrics::register(&registrar)?,
            journal: JournalMetrics::register(&registrar)?,
            rules: RulesMetrics::register(&registrar)?,
            account: AccountMetrics::register(&registrar)?,
            machine: MachineMetrics::register(&registrar)?,
            program: ProgramMetrics::register(&registrar)?.started(),
            registry,
        })
    }

    /// Serves what `view` shows from now on, besides what is counted. Called once.
    pub fn watch(&self, view: View) -> Result<(), Error> {
        self.registry.register(Box::new(ViewCollector::new(view)?))
    }

    /// Counts how long the journal's disk took.
    pub fn time(&self, timing: Timing) {
        self.journal.on(timing);
    }

    /// Takes over what X has said of the account at the time `at`.
    pub fn usage(&self, usage: &Usage, at: Timestamp) {
        self.account.on(usage, at);
    }

    /// Counts that X has not said it.
    pub fn usage_failed(&self) {
        self.account.failed();
    }

    /// X has `active` rules, and `drift` are not as they are wanted.
    pub(crate) fn rules_seen(&self, active: usize, drift: usize) {
        self.rules.seen(active, drift);
    }

    /// Counts a look at the rules.
    pub(crate) fn rules_synced(&self, outcome: SyncOutcome) {
        self.rules.synced(outcome);
    }

    /// How often each rule has matched since the process started, the busiest first.
    pub(crate) fn rule_matches(&self) -> Vec<RuleStatus> {
        self.rules.matches()
    }

    /// This is the start of this number. Called once.
    pub(crate) fn started(&self, starts: u64) {
        self.machine.started(starts);
    }

    /// The journal's disk has `free` bytes left, and the clock is ahead of X's by `skew` seconds, as far as is known.
    pub(crate) fn machine_seen(&self, free: Option<u64>, skew: Option<f64>) {
        self.machine.seen(free, skew);
    }

    /// Counts a reload of the configuration.
    pub(crate) fn reloaded(&self, result: ReloadResult) {
        self.program.reloaded(result);
    }

    /// Counts so many spans of traces.
    pub(crate) fn spans(&self, outcome: SpanOutcome, number: u64) {
        self.program.spans(outcome, number);
    }

    /// The page `/metrics`, in Prometheus' text format.
    pub fn render(&self) -> Result<String, Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

impl Observer for Metrics {
    fn on(&self, observed: Observation<'_>) {
        self.stream.on(observed);
        self.lane.on(observed);
        if let Observation::Message {
            matching_rules: Some(matching_rules),
            ..
        } = observed
        {
            self.rules.matched(matching_rules);
        }
    }
}

#[cfg(test)]
mod tests;
