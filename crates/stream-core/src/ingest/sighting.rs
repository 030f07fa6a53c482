//! What a repeat is recognised by.

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::log::{Draft, Entry, Kind};
use crate::model::{Lane, Value};

/// Longer ids than this are nobody's; what has one passes.
const LONGEST: usize = 255;

/// The lanes of things that are delivered under an id of their own; the key of other records is that of what they concern.
const OWN: [Lane; 2] = [Lane::Tweets, Lane::Likes];

/// An id, and which rules matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) id: Id,
    pub(super) rules: RuleSet,
}

/// An id, exactly: posts' are numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Id {
    Number(u64),
    Text(Box<[u8]>),
}

/// Hash of the ids of rules, whatever their order; `None` for a thing that says nothing of rules, which is no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RuleSet(pub(super) Option<u64>);

impl Sighting {
    /// That of a message that is about to be journaled, if it has an id of its own.
    pub(super) fn of(draft: &Draft) -> Option<Self> {
        let values = &draft.split.values;
        let is_one = draft.kind == Kind::Message && OWN.iter().any(|lane| values[*lane].is_some());
        let key = draft.split.key.as_deref().filter(|_| is_one)?;
        Self::new(key, draft.matching_rules())
    }

    /// That of a message that is journaled.
    pub(super) fn journaled(entry: &Entry) -> Option<Self> {
        let message = &entry.message;
        let is_message = matches!(entry.kind, Kind::Message | Kind::Repeat);
        let is_one = is_message && OWN.iter().any(|lane| message.lanes.contains(*lane));
        let key = message.key.as_deref().filter(|_| is_one)?;
        let value: Option<Value> = message.part(Lane::MatchingRules).map(|part| part.value);
        Self::new(key, value.map(|value| &message.payload[value.span().range()]))
    }

    fn new(key: &[u8], rules: Option<&[u8]>) -> Option<Self> {
        Some(Self {
            id: Id::of(key)?,
            rules: RuleSet(rules.and_then(rule_set)),
        })
    }
}

impl Id {
    /// `None` for one that is too long.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let is_number = matches!(key, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
        let number = std::str::from_utf8(key).ok().filter(|_| is_number);
        match number.and_then(|number| number.parse().ok()) {
            Some(number) => Some(Self::Number(number)),
            None => (key.len() <= LONGEST).then(|| Self::Text(key.into())),
        }
    }

    /// What it takes in a table of ids, about, in bytes.
    pub(super) fn weight(&self) -> usize {
        // A row of 40 bytes and its control byte, in a table that is two thirds full.
        let row = 64;
        match self {
            Self::Number(_) => row,
            Self::Text(text) => row + text.len() + 16,
        }
    }
}

impl RuleSet {
    /// Whether nothing is known that speaks against both being the same.
    pub(super) fn agrees(self, other: Self) -> bool {
        self.0.is_none() || other.0.is_none() || self == other
    }
}

#[derive(Deserialize)]
struct Rule<'r> {
    #[serde(borrow)]
    id: &'r RawValue,
}

/// The rules of a `matching_rules`; `None` if it is none.
fn rule_set(json: &[u8]) -> Option<u64> {
    let rules: Vec<Rule<'_>> = serde_json::from_slice(json).ok()?;
    let mut ids: Vec<_> = rules.iter().map(|rule| rule.id.get().trim_matches('"')).collect();
    ids.sort_unstable();
    ids.dedup();
    // It stands in a file that outlives the program; std's hashers may change with the compiler.
    let digest = Sha256::digest(ids.join("\n"));
    digest.first_chunk().map(|first| u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart_as_text() {
        let id = |text: &str| Id::of(text.as_bytes()).unwrap();
        assert_eq!(id("1380242611781386245"), Id::Number(1_380_242_611_781_386_245));
        for (one, other) in [
            ("7", "07"),
            ("7", "+7"),
            ("7", "7 "),
            ("0", "00"),
            ("18446744073709551615", "18446744073709551616"),
        ] {
            assert_ne!(id(one), id(other));
        }
        assert_eq!(id("0a"), Id::Text(Box::from(&b"0a"[..])));
        assert_eq!(Id::of(&[b'7'; 256]), None);
    }

    #[test]
    fn rules_are_a_set() {
        let same =
            |one: &str, other: &str| rule_set(one.as_bytes()).unwrap() == rule_set(other.as_bytes()).unwrap();
        let one = r#"[{"id":"1","tag":"a"},{"id":"2"}]"#;
        assert!(same(one, r#"[ {"tag":null,"id":"2"},{"id":1}]"#));
        assert!(!same(one, r#"[{"id":"1"}]"#) && !same(one, r#"[{"id":"12"}]"#));
        assert_eq!(rule_set(b"{}"), None);
        let [known, other] = [Some(1), Some(2)].map(RuleSet);
        assert!(known.agrees(RuleSet(None)) && RuleSet(None).agrees(other) && !known.agrees(other));
    }
}
