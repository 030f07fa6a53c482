//! The rules that a post has matched, as X names them beside it.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A rule that a post has matched.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct MatchedRule<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    tag: Option<&'a RawValue>,
}

impl<'a> MatchedRule<'a> {
    /// Those of a `matching_rules`; none if it cannot be read.
    pub fn of(matching_rules: &'a [u8]) -> Vec<Self> {
        serde_json::from_slice(matching_rules).unwrap_or_default()
    }

    /// Its id; X's old streams have had numbers.
    pub fn id(&self) -> &'a str {
        self.id.get().trim_matches('"')
    }

    /// Its tag; X leaves it out or sends it empty when there is none.
    pub fn tag(&self) -> Option<String> {
        let tag: Option<String> = serde_json::from_str(self.tag?.get()).ok();
        tag.filter(|tag| !tag.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_however_x_writes_them_and_what_is_none_is_none() {
        let json = br#"[{"id":"1","tag":"a \"b\""}, {"tag":"","id":2},{"id":"3","new":[]},{"id":"4","tag":null},{"id":"5","tag":7}]"#;
        let found: Vec<_> = MatchedRule::of(json)
            .iter()
            .map(|rule| (rule.id(), rule.tag()))
            .collect();
        let none = None::<String>;
        let expected = [
            ("1", Some("a \"b\"".to_owned())),
            ("2", none.clone()),
            ("3", none.clone()),
            ("4", none.clone()),
            ("5", none),
        ];
        assert_eq!(found, expected);
        for other in ["", "{}", "[1]", "[{\"tag\":\"a\"}]", "[{\"id\":\"1\"}"] {
            assert!(MatchedRule::of(other.as_bytes()).is_empty(), "{other}");
        }
    }
}
