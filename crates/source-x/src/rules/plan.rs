//! Reconciliation plan: what makes X's rules those that are wanted, and nobody else's touched. Pure.
//!
//! A rule is **ours** if its tag begins with our prefix; every rule that a plan creates carries it: the stored tag is the prefix
//! followed by the wanted tag, or the wanted tag itself if it begins with the prefix already. X keeps a value once, so a wanted
//! value under a foreign tag is *covered*: its posts come, and the rule stays as it is. With an empty prefix tags stay as they are
//! wanted, and nothing is ours. `prune` makes every rule of the account ours.

use std::collections::HashSet;

use serde::Serialize;

use super::model::{NewRule, NoRoom, Rule};

/// Rules added in one request. X states no limit; an enterprise's 25,000 fit into one window of 100 requests.
pub(super) const ADD_BATCH: usize = 250;
/// Rules deleted in one request: as many as X lists in one.
const DELETE_BATCH: usize = 1_000;

/// Ownership: which of X's rules a plan may take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// What the tags of ours begin with; empty if no rule is ours by its tag.
    pub prefix: String,
    /// Whether all of the account's rules are ours.
    pub prune: bool,
}

impl Ownership {
    /// The tag that X stores for a rule that is wanted with `tag`.
    pub fn stored_tag(&self, tag: Option<&str>) -> Option<String> {
        let tag = tag.unwrap_or_default();
        let stored = if tag.starts_with(&self.prefix) {
            tag.to_owned()
        } else {
            format!("{}{tag}", self.prefix)
        };
        Some(stored).filter(|tag| !tag.is_empty())
    }

    fn owns(&self, rule: &Rule) -> bool {
        let by_tag = |tag: &String| !self.prefix.is_empty() && tag.starts_with(&self.prefix);
        self.prune || rule.tag.as_ref().is_some_and(by_tag)
    }
}

/// A stored rule whose tag is another than the wanted one. Tags cannot be changed: it is deleted and added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retag {
    /// As it is stored.
    pub rule: Rule,
    /// The tag that it gets.
    pub tag: Option<String>,
}

/// Plan: what is to happen to each rule.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Plan {
    /// Wanted and not there; with the tags that X is to store.
    pub created: Vec<NewRule>,
    /// Ours and not wanted.
    pub deleted: Vec<Rule>,
    /// Ours and wanted with another tag.
    pub retagged: Vec<Retag>,
    /// Wanted and there.
    pub kept: Vec<Rule>,
    /// Wanted and there under a tag that is not ours: stays.
    pub covered: Vec<Rule>,
    /// Neither ours nor wanted: stays.
    pub foreign: Vec<Rule>,
}

/// One request of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rules to add.
    Add(Vec<NewRule>),
    /// Rules to delete.
    Delete(Vec<Rule>),
}

impl Plan {
    /// What makes `stored` what is `wanted`. Of a value that is wanted twice, the first counts.
    pub fn of(wanted: &[NewRule], ownership: &Ownership, stored: &[Rule]) -> Self {
        let mut plan = Self::default();
        let mut left: Vec<&Rule> = stored.iter().collect();
        let mut seen = HashSet::new();
        for NewRule { value, tag } in wanted {
            if !seen.insert(value) {
                continue;
            }
            let tag = ownership.stored_tag(tag.as_deref());
            let same = |rule: &&Rule| rule.value == *value;
            // X keeps a value once; should it not, the best of them.
            let best = (0..left.len())
                .filter(|at| same(&left[*at]))
                .max_by_key(|at| (left[*at].tag == tag, ownership.owns(left[*at])));
            match best.map(|at| left.swap_remove(at).clone()) {
                None => plan.created.push(NewRule {
                    value: value.clone(),
                    tag,
                }),
                Some(rule) if rule.tag == tag => plan.kept.push(rule),
                Some(rule) if ownership.owns(&rule) => plan.retagged.push(Retag { rule, tag }),
                Some(rule) => plan.covered.push(rule),
            }
        }
        let unwanted = left.into_iter().cloned();
        (plan.deleted, plan.foreign) = unwanted.partition(|rule| ownership.owns(rule));
        plan
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes() == 0
    }

    /// How many rules are not as they are wanted.
    pub fn changes(&self) -> usize {
        self.created.len() + self.deleted.len() + self.retagged.len()
    }

    /// The requests, in order. X takes `room` rules more at first; at no time are there more than it takes. Where there is room,
    /// rules are added before others go, so that posts keep coming; if `room` is not known, they go first.
    pub fn steps(&self, room: Option<u64>) -> Result<Vec<Step>, NoRoom> {
        let mut steps = Vec::new();
        if let Some(room) = room {
            self.exchange(room, &mut steps)?;
        } else {
            steps.extend(self.deleted.chunks(DELETE_BATCH).map(delete));
            steps.extend(self.created.chunks(ADD_BATCH).map(add));
        }
        for batch in self.retagged.chunks(ADD_BATCH) {
            let old: Vec<_> = batch.iter().map(|retag| retag.rule.clone()).collect();
            let new = batch.iter().map(|Retag { rule, tag }| NewRule {
                value: rule.value.clone(),
                tag: tag.clone(),
            });
            steps.push(Step::Delete(old));
            steps.push(Step::Add(new.collect()));
        }
        Ok(steps)
    }

    fn exchange(&self, room: u64, steps: &mut Vec<Step>) -> Result<(), NoRoom> {
        let (created, most) = (
            self.created.len() as u64,
            room.saturating_add(self.deleted.len() as u64),
        );
        if created > most {
            return Err(NoRoom { created, room: most });
        }
        let mut free = usize::try_from(room).unwrap_or(usize::MAX);
        let (mut created, mut deleted) = (&self.created[..], &self.deleted[..]);
        while !created.is_empty() {
            if free > 0 {
                let (now, later) = created.split_at(created.len().min(ADD_BATCH).min(free));
                steps.push(add(now));
                free -= now.len();
                created = later;
            } else {
                let (now, later) = deleted.split_at(deleted.len().min(created.len()).min(ADD_BATCH));
                steps.push(delete(now));
                free += now.len();
                deleted = later;
            }
        }
        steps.extend(deleted.chunks(DELETE_BATCH).map(delete));
        Ok(())
    }
}

fn add(rules: &[NewRule]) -> Step {
    Step::Add(rules.to_vec())
}

fn delete(rules: &[Rule]) -> Step {
    Step::Delete(rules.to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted() -> impl Strategy<Value = Vec<NewRule>> {
        let rule = (
            0..40_u8,
            prop_oneof![Just(None), Just(Some("a")), Just(Some("own:b"))],
        );
        prop::collection::vec(rule, 0..40).prop_map(|rules| {
            let rules = rules.into_iter().map(|(value, tag)| NewRule {
                value: format!("v{value}"),
                tag: tag.map(str::to_owned),
            });
            rules.collect()
        })
    }

    fn stored() -> impl Strategy<Value = Vec<Rule>> {
        let tags = prop_oneof![
            Just(None),
            Just(Some("own:a")),
            Just(Some("own:")),
            Just(Some("theirs"))
        ];
        prop::collection::btree_map(0..60_u8, tags, 0..50).prop_map(|rules| {
            let rules = rules.into_iter().map(|(value, tag)| Rule {
                id: value.to_string(),
                value: format!("v{value}"),
                tag: tag.map(str::to_owned),
            });
            rules.collect()
        })
    }

    /// X's rules after `steps`, of which there are never more than `cap`; each value is there once.
    fn carried_out(stored: &[Rule], steps: Vec<Step>, cap: usize) -> Vec<Rule> {
        let (mut rules, mut next) = (stored.to_vec(), 1_000);
        for step in steps {
            match step {
                Step::Delete(gone) => {
                    assert!(!gone.is_empty());
                    rules.retain(|rule| !gone.contains(rule));
                }
                Step::Add(new) => {
                    assert!(!new.is_empty() && new.len() <= ADD_BATCH);
                    for NewRule { value, tag } in new {
                        assert!(rules.iter().all(|rule| rule.value != value), "a duplicate");
                        next += 1;
                        let id = next.to_string();
                        rules.push(Rule { id, value, tag });
                    }
                    assert!(rules.len() <= cap, "{} of {cap}", rules.len());
                }
            }
        }
        rules
    }

    proptest! {
        #[test]
        fn the_cap_holds_foreign_rules_stay_and_a_second_plan_is_empty(
            wanted in wanted(), stored in stored(), room in 0..60_usize, prune: bool,
        ) {
            let ownership = Ownership { prefix: "own:".to_owned(), prune };
            let plan = Plan::of(&wanted, &ownership, &stored);
            let cap = stored.len() + room;
            match plan.steps(Some(room as u64)) {
                Err(no_room) => prop_assert!(
                    plan.created.len() > room + plan.deleted.len() && no_room.room < no_room.created
                ),
                Ok(steps) => {
                    let after = carried_out(&stored, steps, cap);
                    let theirs = |rule: &&Rule| !ownership.owns(rule);
                    for rule in stored.iter().filter(theirs) {
                        prop_assert!(after.contains(rule), "{rule:?} is gone");
                    }
                    for NewRule { value, .. } in &wanted {
                        prop_assert!(after.iter().any(|rule| rule.value == *value));
                    }
                    let again = Plan::of(&wanted, &ownership, &after);
                    prop_assert!(again.is_empty(), "{again:?}");
                }
            }
            let unknown = carried_out(&stored, plan.steps(None).unwrap(), usize::MAX);
            prop_assert!(Plan::of(&wanted, &ownership, &unknown).is_empty());
        }
    }

    #[test]
    fn tags_are_ours_by_their_prefix_alone() {
        let ours = |prefix: &str| Ownership {
            prefix: prefix.to_owned(),
            prune: false,
        };
        let tag = |prefix: &str, tag| ours(prefix).stored_tag(tag);
        assert_eq!(tag("own:", Some("cats")).as_deref(), Some("own:cats"));
        assert_eq!(tag("own:", Some("own:cats")).as_deref(), Some("own:cats"));
        assert_eq!(tag("own:", None).as_deref(), Some("own:"));
        assert_eq!(
            (tag("", Some("cats")).as_deref(), tag("", None)),
            (Some("cats"), None)
        );
        let stored = [Rule {
            id: "1".to_owned(),
            value: "a".to_owned(),
            tag: None,
        }];
        assert_eq!(Plan::of(&[], &ours(""), &stored).foreign, stored);
    }

    #[test]
    fn without_room_rules_go_first_and_with_room_last() {
        let wanted = [NewRule {
            value: "new".to_owned(),
            tag: None,
        }];
        let stored = [Rule {
            id: "1".to_owned(),
            value: "old".to_owned(),
            tag: Some("own:".to_owned()),
        }];
        let ownership = Ownership {
            prefix: "own:".to_owned(),
            prune: false,
        };
        let plan = Plan::of(&wanted, &ownership, &stored);
        let adds_first = |room| matches!(plan.steps(room).unwrap()[0], Step::Add(_));
        assert!(adds_first(Some(1)) && !adds_first(Some(0)) && !adds_first(None));
    }
}
