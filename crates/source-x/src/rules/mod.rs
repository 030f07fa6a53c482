//! The rules of the filtered stream: list, add, delete. Requests are values made by pure functions; one request is one
//! connection, with the token and the trust of the stream.

mod answer;

use std::time::Duration;

use stream_core::source::ConnectError;

use crate::api::{Api, Call};
use crate::settings::{Settings, SettingsError};

/// As many rules as X allows any account, at their longest, come to some 10 MB.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// Pages of a list (of 1,000 rules each) before we say that the server is going in circles.
const MAX_PAGES: usize = 100;

/// A stored rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// X's id: decimal digits.
    pub id: String,
    /// The rule itself.
    pub value: String,
    /// Its tag; X leaves it out or sends it empty when there is none, and both read as `None`.
    pub tag: Option<String>,
}

/// A rule to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    /// The rule itself.
    pub value: String,
    /// Its tag, which comes back with every post that matches.
    pub tag: Option<String>,
}

/// Why one rule among several was not taken, or not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The rule, if X names it.
    pub value: Option<String>,
    /// What X has against it.
    pub problem: RuleProblem,
}

/// What X has against a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleProblem {
    /// It is stored already: most callers will be content.
    Duplicate {
        /// Under this id.
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
    /// The others.
    pub errors: Vec<RuleError>,
}

/// What became of rules to delete.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Deleted {
    /// How many are gone.
    pub deleted: u64,
    /// How many are not.
    pub not_deleted: u64,
    /// Why not.
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

/// A client for the rules of one account.
pub struct RulesClient {
    api: Api,
}

impl RulesClient {
    /// Takes what a stream takes; endpoint and query do not matter here.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            api: Api::new(settings)?,
        })
    }

    /// Every rule that is stored.
    pub async fn list(&self) -> Result<Vec<Rule>, RulesError> {
        let mut rules = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = answer::listed(&self.ask(answer::list(next.as_deref())).await?)?;
            rules.extend(page.rules);
            match page.next {
                None => return Ok(rules),
                following => next = following,
            }
        }
        Err(RulesError::Answer(format!(
            "more than {MAX_PAGES} pages of rules"
        )))
    }

    /// Adds rules. Those that X does not take stand in [`Added::errors`]; the others are in force all the same.
    pub async fn add(&self, rules: &[NewRule], mode: Mode) -> Result<Added, RulesError> {
        if rules.is_empty() {
            return Ok(Added::default());
        }
        answer::added(&self.ask(answer::add(rules, mode)).await?)
    }

    /// Deletes rules by their ids.
    pub async fn delete(&self, ids: &[String], mode: Mode) -> Result<Deleted, RulesError> {
        if ids.is_empty() {
            return Ok(Deleted::default());
        }
        answer::deleted(&self.ask(answer::delete(ids, mode)).await?)
    }

    async fn ask(&self, call: Call) -> Result<Vec<u8>, RulesError> {
        let mut answer = self.api.send(call).await?;
        // 201 when something was created or only duplicates were found, 200 for everything else.
        if !matches!(answer.head.status.as_u16(), 200 | 201) {
            return Err(answer.into_error().await.into());
        }
        match answer.read(ANSWER_LIMIT, ANSWER_PATIENCE).await {
            (body, true) => Ok(body),
            (body, false) => {
                let got = body.len();
                Err(RulesError::Answer(format!(
                    "the answer broke off after {got} bytes"
                )))
            }
        }
    }
}
