//! Powerstream's way with its rules, which are not the filtered stream's: lists of rules, at most 100 a request, deleted by what they
//! say; no pages, no counts, no dry run. X takes 50 such requests in 24 h (<https://docs.x.com/x-api/powerstream/introduction>).

use http::Method;
use serde::{Deserialize, Serialize};

use super::model::{Added, Counts, Deleted, NewRule, Rule, RulesError};
use super::{RulesClient, answer};
use crate::api::Call;

const PATH: &str = "/2/powerstream/rules";
/// Rules in one request.
const BATCH: usize = 100;
/// Rules of an account.
const CAP: u64 = 1_000;

#[derive(Serialize)]
struct RuleBody<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
}

#[derive(Serialize)]
struct ListBody<'a> {
    rules: Vec<RuleBody<'a>>,
}

fn call<'a>(method: Method, rules: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Call {
    let rules = rules.map(|(value, tag)| RuleBody { value, tag }).collect();
    let body = serde_json::to_vec(&ListBody { rules }).expect("strings in lists");
    Call {
        method,
        path: PATH.to_owned(),
        body: body.into(),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Summary {
    deleted: u64,
    not_deleted: Left,
}

/// How many are left, or which.
#[derive(Deserialize)]
#[serde(untagged)]
enum Left {
    Count(u64),
    Rules(Vec<serde::de::IgnoredAny>),
}

impl Default for Left {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl Left {
    fn count(self) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Rules(rules) => rules.len() as u64,
        }
    }
}

impl RulesClient {
    /// Every rule that is stored.
    pub(super) async fn powerstream_list(&self) -> Result<Vec<Rule>, RulesError> {
        let call = Call {
            method: Method::GET,
            path: PATH.to_owned(),
            body: bytes::Bytes::new(),
        };
        let Added { created, errors } = answer::nested(&self.ask(call).await?)?;
        // Errors here mean that the list is not whole.
        match errors.first() {
            None => Ok(created),
            Some(error) => Err(RulesError::Answer(error.to_string())),
        }
    }

    /// Adds rules, batch by batch.
    pub(super) async fn powerstream_add(&self, rules: &[NewRule]) -> Result<Added, RulesError> {
        let mut all = Added::default();
        for batch in rules.chunks(BATCH) {
            let bodies = batch.iter().map(|rule| (&*rule.value, rule.tag.as_deref()));
            let added = answer::nested(&self.ask(call(Method::POST, bodies)).await?)?;
            all.created.extend(added.created);
            all.errors.extend(added.errors);
        }
        Ok(all)
    }

    /// Deletes those of the stored rules that are `doomed`; of `wanted` so many.
    pub(super) async fn powerstream_delete(
        &self,
        wanted: usize,
        doomed: impl Fn(&Rule) -> bool,
    ) -> Result<Deleted, RulesError> {
        let rules: Vec<_> = self
            .powerstream_list()
            .await?
            .into_iter()
            .filter(doomed)
            .collect();
        let mut all = Deleted {
            not_deleted: wanted.saturating_sub(rules.len()) as u64,
            ..Deleted::default()
        };
        for batch in rules.chunks(BATCH) {
            let bodies = batch.iter().map(|rule| (&*rule.value, rule.tag.as_deref()));
            let body = self.ask(call(Method::DELETE, bodies)).await?;
            let Summary { deleted, not_deleted } = answer::data(&body)?;
            all.deleted += deleted;
            all.not_deleted += not_deleted.count();
        }
        Ok(all)
    }

    /// How many rules there are, and may be.
    pub(super) async fn powerstream_counts(&self) -> Result<Counts, RulesError> {
        Ok(Counts {
            app: Some(self.powerstream_list().await?.len() as u64),
            app_cap: Some(CAP),
            ..Counts::default()
        })
    }
}
