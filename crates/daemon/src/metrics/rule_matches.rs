//! How often each rule has matched. Cardinality is bounded: the first thousand rules have a series each, the rest share one.

use std::collections::HashMap;

use parking_lot::Mutex;
use prometheus::{Error, IntCounter, IntCounterVec};
use serde::{Deserialize, Serialize};
use source_x::rules::MatchedRule;

use super::family::{Family, FamilyKind};
use super::instrument::{Instrument, Registrar, opts};

/// As many rules as have a series of their own: what most accounts may have at most.
pub(super) const MOST: usize = 1_000;
/// The id of the series of all others.
pub(super) const OTHER: &str = "other";

/// How often a rule has matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleStatus {
    /// X's id; `other` for all those beyond the first thousand together.
    pub id: String,
    /// Its tag, if it has one.
    pub tag: Option<String>,
    /// Posts that it has matched since the process started.
    pub matches: u64,
}

/// Counter for each rule, found by its id; its tag is looked at once.
pub(super) struct RuleMatches {
    counters: IntCounterVec,
    known: Mutex<HashMap<String, Known>>,
    other: IntCounter,
}

struct Known {
    tag: Option<String>,
    matches: IntCounter,
}

impl RuleMatches {
    /// Counts the rules of a post's `matching_rules`.
    pub(super) fn count(&self, matching_rules: &[u8]) {
        let mut known = self.known.lock();
        for rule in MatchedRule::of(matching_rules) {
            match known.get(rule.id()) {
                Some(known) => known.matches.inc(),
                None if known.len() >= MOST => self.other.inc(),
                None => {
                    let (id, tag) = (rule.id().to_owned(), rule.tag());
                    let labels = [id.as_str(), tag.as_deref().unwrap_or_default()];
                    let matches = self.counters.with_label_values(&labels);
                    matches.inc();
                    known.insert(id, Known { tag, matches });
                }
            }
        }
    }

    /// Every rule that has matched, the busiest first.
    pub(super) fn statuses(&self) -> Vec<RuleStatus> {
        let known = self.known.lock();
        let each = known.iter().map(|(id, Known { tag, matches })| RuleStatus {
            id: id.clone(),
            tag: tag.clone(),
            matches: matches.get(),
        });
        let other = RuleStatus {
            id: OTHER.to_owned(),
            tag: None,
            matches: self.other.get(),
        };
        let mut all: Vec<_> = each.chain([other]).filter(|rule| rule.matches > 0).collect();
        all.sort_by(|one, next| (next.matches, &one.id).cmp(&(one.matches, &next.id)));
        all
    }
}

impl Instrument for RuleMatches {
    const KIND: FamilyKind = FamilyKind::Counter;
    const LABELS: &'static [&'static str] = &["id", "tag"];

    fn register(family: &Family, registrar: &Registrar<'_>) -> Result<Self, Error> {
        let counters = registrar.add(IntCounterVec::new(opts(family), family.labels)?)?;
        Ok(Self {
            other: counters.with_label_values(&[OTHER, ""]),
            counters,
            known: Mutex::default(),
        })
    }
}
