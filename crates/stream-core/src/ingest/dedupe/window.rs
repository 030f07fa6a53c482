//! Window of the ids that came last: two generations, of which the older goes when the younger is full. So an id is known while
//! half of the window's bytes come after it, at least. Pure.

use std::collections::HashMap;

use crate::ingest::sighting::{Id, RuleSet, Sighting};

/// What is known of a thing when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Not within the window.
    New,
    /// It came before, with the same rules.
    Same,
    /// It came before, and other rules matched.
    OtherRules,
}

pub(super) struct Window {
    /// As much as a generation weighs, in bytes.
    half: usize,
    young: HashMap<Id, RuleSet>,
    weight: usize,
    old: HashMap<Id, RuleSet>,
}

impl Window {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            half: bytes / 2,
            young: HashMap::new(),
            weight: 0,
            old: HashMap::new(),
        }
    }

    /// How many ids it holds.
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// How many ids it can hold, if they are numbers.
    pub(super) fn most(&self) -> usize {
        2 * self.half / Id::Number(0).weight()
    }

    /// Says whether a thing came before, and knows it from now on.
    pub(super) fn see(&mut self, sighting: &Sighting) -> Seen {
        let Sighting { id, rules } = sighting;
        let known = self.young.get(id).or_else(|| self.old.get(id));
        let seen = match known {
            None => Seen::New,
            Some(known) if known.agrees(*rules) => return Seen::Same,
            Some(_) => Seen::OtherRules,
        };
        if self.weight >= self.half {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        if self.young.insert(id.clone(), *rules).is_none() {
            self.weight += id.weight();
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(id: u64, rules: Option<u64>) -> Sighting {
        Sighting {
            id: Id::Number(id),
            rules: RuleSet(rules),
        }
    }

    #[test]
    fn it_knows_the_last_half_at_least_and_holds_no_more_than_it_may() {
        let mut window = Window::new(100 * 64);
        assert_eq!(window.most(), 100);
        for id in 0..1_000 {
            assert_eq!(window.see(&sighting(id, None)), Seen::New);
            assert!(window.len() <= 100, "{}", window.len());
            for known in id.saturating_sub(49)..=id {
                assert_eq!(window.see(&sighting(known, None)), Seen::Same, "{known} at {id}");
            }
        }
        assert_eq!(window.see(&sighting(0, None)), Seen::New);
    }

    #[test]
    fn other_rules_are_news_once() {
        let mut window = Window::new(1 << 20);
        assert_eq!(window.see(&sighting(7, Some(1))), Seen::New);
        assert_eq!(window.see(&sighting(7, Some(2))), Seen::OtherRules);
        assert_eq!(window.see(&sighting(7, Some(2))), Seen::Same);
        assert_eq!(window.see(&sighting(7, None)), Seen::Same);
    }
}
