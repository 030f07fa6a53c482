//! Client for the rules of the filtered stream, or of Powerstream: list, add, delete. Requests are values made by pure functions; one request is
//! one connection, with the token and the trust of the stream.
//!
//! `model` is what is said about rules, `request` and `answer` are how X wants it said, `powerstream` how that wants it said. Rules
//! as code: `lint` judges a rule's text, `matched` are those of a post, `plan` says what makes X's rules those that are wanted,
//! `apply` does it, with `patience`.

mod answer;
mod apply;
pub mod lint;
mod matched;
mod model;
mod patience;
mod plan;
mod powerstream;
mod request;

use std::time::Duration;

pub use self::apply::{Applied, CutShort};
pub use self::matched::MatchedRule;
pub use self::model::{
    Added, Counts, Deleted, Mode, NewRule, NoRoom, Rule, RuleError, RuleProblem, RulesError, SyncOutcome,
};
pub use self::patience::Patience;
pub use self::plan::{Ownership, Plan, Retag, Step};
use crate::api::{Api, Call};
use crate::endpoint::Endpoint;
use crate::settings::{Settings, SettingsError};

/// As many rules as X allows any account, at their longest, come to some 10 MB.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// Pages of a list (of 1,000 rules each) before we say that the server is going in circles.
const MAX_PAGES: usize = 100;

/// A client for the rules of one account.
pub struct RulesClient {
    api: Api,
}

impl RulesClient {
    /// Takes what a stream takes. The rules are Powerstream's if that is the endpoint, else the filtered stream's.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            api: Api::new(settings)?,
        })
    }

    /// Asks `api`.
    pub(crate) fn on(api: Api) -> Self {
        Self { api }
    }

    /// Every rule that is stored.
    pub async fn list(&self) -> Result<Vec<Rule>, RulesError> {
        if self.is_powerstream() {
            return self.powerstream_list().await;
        }
        let mut rules = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = answer::listed(&self.ask(request::list(next.as_deref())).await?)?;
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
        match mode {
            Mode::Apply if self.is_powerstream() => return self.powerstream_add(rules).await,
            Mode::DryRun if self.is_powerstream() => return Err(RulesError::NoDryRun),
            _ => {}
        }
        answer::added(&self.ask(request::add(rules, mode)).await?)
    }

    /// Deletes rules by their ids.
    pub async fn delete(&self, ids: &[String], mode: Mode) -> Result<Deleted, RulesError> {
        if ids.is_empty() {
            return Ok(Deleted::default());
        }
        if self.is_powerstream() {
            return self.delete_of(ids, mode, |rule| &rule.id).await;
        }
        answer::deleted(&self.ask(request::delete(ids, mode)).await?)
    }

    /// Deletes rules by their texts.
    pub async fn delete_values(&self, values: &[String], mode: Mode) -> Result<Deleted, RulesError> {
        if values.is_empty() {
            return Ok(Deleted::default());
        }
        if self.is_powerstream() {
            return self.delete_of(values, mode, |rule| &rule.value).await;
        }
        answer::deleted(&self.ask(request::delete_values(values, mode)).await?)
    }

    /// Deletes every rule of the account, for good.
    pub async fn delete_all(&self) -> Result<Deleted, RulesError> {
        if self.is_powerstream() {
            return self.powerstream_delete(0, |_| true).await;
        }
        answer::deleted(&self.ask(request::delete_all()).await?)
    }

    /// How many rules there are, and may be.
    pub async fn counts(&self) -> Result<Counts, RulesError> {
        if self.is_powerstream() {
            return self.powerstream_counts().await;
        }
        answer::counts(&self.ask(request::counts()).await?)
    }

    fn is_powerstream(&self) -> bool {
        self.api.endpoint() == Endpoint::Powerstream
    }

    /// Deletes rules of Powerstream by one of their members.
    async fn delete_of(
        &self,
        names: &[String],
        mode: Mode,
        name: impl Fn(&Rule) -> &String,
    ) -> Result<Deleted, RulesError> {
        match mode {
            Mode::Apply => {
                self.powerstream_delete(names.len(), |rule| names.contains(name(rule)))
                    .await
            }
            Mode::DryRun => Err(RulesError::NoDryRun),
        }
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
