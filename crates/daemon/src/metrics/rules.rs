//! The rules at X, as who keeps them last saw them.

use prometheus::Gauge;
use source_x::rules::SyncOutcome;

use super::family::Family;
use super::instrument::{Counters, Instrument, Registrar, instruments};

instruments! {
    /// What is known of the rules, counted as they are looked at.
    RulesMetrics {
        active: Gauge = "rules_active", "Rules at X when they were last looked at; 0 until then, and with rules.mode off.";
        drift: Gauge = "rules_drift", "Rules that were not as the file wants them when they were last looked at, those that X does not take among them.";
        syncs: Counters<SyncOutcome> = "rules_sync_total", "Looks at the rules: in_sync, applied (something was changed), drifted (nobody is to mend it), refused (X does not take some), failed.";
    }
}

impl RulesMetrics {
    /// X has `active` rules, and `drift` are not as they are wanted.
    pub(super) fn seen(&self, active: usize, drift: usize) {
        self.active.set(active as f64);
        self.drift.set(drift as f64);
    }

    /// Counts a look.
    pub(super) fn synced(&self, outcome: SyncOutcome) {
        self.syncs.inc(outcome);
    }
}
