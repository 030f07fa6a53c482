//! Data model of the rules: what is stored, what is to be, and what became of it.

use std::fmt;

use serde::Serialize;
use stream_core::source::ConnectError;

use crate::response::one_line;

/// As much of a rule stands in a message, in characters: enough to find it.
const LONGEST_SHOWN: usize = 200;

/// A rule that X has stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// X's id: decimal digits.
    pub id: String,
    /// What posts must match, in X's rule language.
    pub value: String,
    /// Its tag; X leaves it out or sends it empty when there is none, and both read as `None`.
    pub tag: Option<String>,
}

/// A rule that X is to store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{:?}: ", one_line(value, LONGEST_SHOWN))?,
            None => f.write_str("a rule: ")?,
        }
        match &self.problem {
            RuleProblem::Duplicate { id: Some(id) } => write!(f, "is stored already, as {id}"),
            RuleProblem::Duplicate { id: None } => f.write_str("is stored already"),
            RuleProblem::Invalid { details } if details.is_empty() => {
                f.write_str("X does not take it, and does not say why")
            }
            RuleProblem::Invalid { details } => write!(f, "X does not take it: {}", details.join("; ")),
            RuleProblem::Other(words) => f.write_str(words),
        }
    }
}

/// How many rules there are, and may be; of the app and of its whole project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rules that the app has.
    pub app: Option<u64>,
    /// Rules that it may have.
    pub app_cap: Option<u64>,
    /// Rules that all apps of the project have.
    pub project: Option<u64>,
    /// Rules that they may have.
    pub project_cap: Option<u64>,
}

impl Counts {
    /// How many rules X takes more; `None` if it does not say.
    pub fn room(self) -> Option<u64> {
        let room = |cap: Option<u64>, count: Option<u64>| Some(cap?.saturating_sub(count?));
        let rooms = [room(self.app_cap, self.app), room(self.project_cap, self.project)];
        rooms.into_iter().flatten().min()
    }
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

/// Outcome of one look at X's rules by who keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncOutcome {
    /// They are as they are wanted.
    InSync,
    /// They are again: something was changed.
    Applied,
    /// They are not, and nobody is to mend them.
    Drifted,
    /// They are as far as X takes them.
    Refused,
    /// X could not be asked, or not all was done.
    Failed,
}

impl SyncOutcome {
    /// Every value, in the order of the documents.
    pub const ALL: [Self; 5] = [
        Self::InSync,
        Self::Applied,
        Self::Drifted,
        Self::Refused,
        Self::Failed,
    ];

    /// The value as metrics write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Applied => "applied",
            Self::Drifted => "drifted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// More rules are wanted than X takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{created} rules are to be created and there is room for {room} only: want fewer, or delete some that are not ours"
)]
pub struct NoRoom {
    /// How many are to be created.
    pub created: u64,
    /// How many can be, once those that are not wanted are deleted.
    pub room: u64,
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
    /// Powerstream stores rules, and tries none.
    #[error("rules: Powerstream has no dry run; only the check of their text here is to be had")]
    NoDryRun,
    /// The account has not got the room; nothing was changed.
    #[error("rules: {0}")]
    NoRoom(NoRoom),
}
