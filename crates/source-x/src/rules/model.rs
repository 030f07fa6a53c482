//! Data model of the rules: what is stored, what is to be, and what became of it.

use stream_core::source::ConnectError;

/// A rule that X has stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// X's id: decimal digits.
    pub id: String,
    /// What posts must match, in X's rule language.
    pub value: String,
    /// Its tag; X leaves it out or sends it empty when there is none, and both read as `None`.
    pub tag: Option<String>,
}

/// A rule that X is to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    /// What posts must match, in X's rule language.
    pub value: String,
    /// Its tag, which comes back with every post that matches.
    pub tag: Option<String>,
}

impl From<&str> for NewRule {
    fn from(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            tag: None,
        }
    }
}

/// A rule and its tag.
impl From<(&str, &str)> for NewRule {
    fn from((value, tag): (&str, &str)) -> Self {
        Self {
            value: value.to_owned(),
            tag: Some(tag.to_owned()),
        }
    }
}

/// Its id.
impl AsRef<str> for Rule {
    fn as_ref(&self) -> &str {
        &self.id
    }
}

/// Why one rule among several was not taken, or not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The rule's text, if X names it.
    pub value: Option<String>,
    /// What X has against it.
    pub problem: RuleProblem,
}

/// What X has against a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleProblem {
    /// It is stored already: most callers will be content.
    Duplicate {
        /// The id under which it is, if X says it.
        id: Option<String>,
    },
    /// X cannot read it, or does not allow it.
    Invalid {
        /// X's explanations, in no order; may be empty.
        details: Vec<String>,
    },
    /// Something else, in X's words.
    Other(String),
}

/// What became of rules to add.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Added {
    /// The new rules, not in the order of the request. After a dry run their ids are made up.
    pub created: Vec<Rule>,
    /// Those that X did not take.
    pub errors: Vec<RuleError>,
}

/// What became of rules to delete.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Deleted {
    /// How many are gone.
    pub deleted: u64,
    /// How many are not.
    pub not_deleted: u64,
    /// X's reasons for those.
    pub errors: Vec<RuleError>,
}

/// Whether a change is made, or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// X makes the change.
    Apply,
    /// X answers as if, and changes nothing.
    DryRun,
}

/// A request about rules that failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// No answer, or a refusal; its class says what to do.
    #[error("rules: {0}")]
    Request(#[from] ConnectError),
    /// An answer that makes no sense: ours or X's programmers must look at it.
    #[error("rules: {0}")]
    Answer(String),
}
