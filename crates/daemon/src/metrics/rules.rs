//! The rules at X, as who keeps them last saw them, and as posts match them.

use prometheus::Gauge;
use source_x::rules::SyncOutcome;

use super::family::Family;
use super::instrument::{Counters, Instrument, Registrar, instruments};
use super::rule_matches::{RuleMatches, RuleStatus};

instruments! {
    /// What is known of the rules, counted as they are looked at, and as posts come in.
    RulesMetrics {
        active: Gauge = "rules_active", "Rules at X when they were last looked at; 0 until then, and with rules.mode off.";
        drift: Gauge = "rules_drift", "Rules that were not as the file wants them when they were last looked at, those that X does not take among them.";
        syncs: Counters<SyncOutcome> = "rules_sync_total", "Looks at the rules: in_sync, applied (something was changed), drifted (nobody is to mend it), refused (X does not take some), failed.";
        matches: RuleMatches = "rule_matches_total", "Posts that matched a rule, by its id and tag; `other` for rules beyond the first 1,000.";
    }
}

impl RulesMetrics {
    /// X has `active` rules, and `drift` are not as they are wanted.
    pub(super) fn seen(&self, active: usize, drift: usize) {
        self.active.set(active as f64);
        self.drift.set(drift as f64);
    }

    /// Counts the rules of a post's `matching_rules`.
    pub(super) fn matched(&self, matching_rules: &[u8]) {
        self.matches.count(matching_rules);
    }

    /// How often each has matched.
    pub(super) fn matches(&self) -> Vec<RuleStatus> {
        self.matches.statuses()
    }

    /// Counts a look.
    pub(super) fn synced(&self, outcome: SyncOutcome) {
        self.syncs.inc(outcome);
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;

    use super::super::rule_matches::{MOST, OTHER};
    use super::*;

    fn rules(registry: &Registry) -> RulesMetrics {
        RulesMetrics::register(&Registrar { registry, lanes: &[] }).unwrap()
    }

    #[test]
    fn matches_are_counted_by_rule_the_busiest_first() {
        let registry = Registry::new();
        let rules = rules(&registry);
        let counted = |json: &str| rules.matched(json.as_bytes());
        counted(r#"[{"id":"1","tag":"cats"},{"id":"2"}]"#);
        counted(r#"[{"id":"2"}]"#);
        counted("no rules");
        let shown: Vec<_> = rules
            .matches()
            .into_iter()
            .map(|rule| (rule.id, rule.tag, rule.matches))
            .collect();
        let one = ("1".to_owned(), Some("cats".to_owned()), 1);
        assert_eq!(shown, [("2".to_owned(), None, 2), one]);
    }

    #[test]
    fn rules_beyond_the_first_thousand_share_a_series() {
        let registry = Registry::new();
        let rules = rules(&registry);
        for id in 0..MOST + 7 {
            rules.matched(format!(r#"[{{"id":"{id}"}}]"#).as_bytes());
        }
        rules.matched(br#"[{"id":"3"}]"#);
        let all = rules.matches();
        assert_eq!(all.len(), MOST + 1);
        assert_eq!((all[0].id.as_str(), all[0].matches), (OTHER, 7));
        assert_eq!((all[1].id.as_str(), all[1].matches), ("3", 2));
        let families = registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == "birdfeed_rule_matches_total");
        assert_eq!(family.unwrap().get_metric().len(), MOST + 1);
    }
}
