//! Rules of the filtered stream: what tweepy's `add_rules`, `get_rules` and `delete_rules` do.

use std::future::Future;

use source_x::RulesClient;
use source_x::rules::{Added, Deleted, Mode, NewRule, Rule, RulesError};

use crate::builder::Builder;
use crate::error::Error;
use crate::stream::Stream;

/// The rules of an app. They outlive the program; X wants a moment until a new one is in force.
///
/// ```no_run
/// # async fn example() -> Result<(), birdfeed::Error> {
/// let rules = birdfeed::Rules::new(std::env::var("X_BEARER_TOKEN")?)?;
/// rules.add(["cats has:images"]).await?;
/// for rule in rules.get().await? {
///     println!("{}: {}", rule.id, rule.value);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Rules {
    client: RulesClient,
    mode: Mode,
    wait_on_rate_limit: bool,
}

impl Builder {
    /// A client for the rules, with the token and by the way of the stream.
    pub fn rules(self) -> Result<Rules, Error> {
        Ok(Rules {
            client: RulesClient::new(&self.checked()?)?,
            mode: Mode::Apply,
            wait_on_rate_limit: false,
        })
    }
}

impl Rules {
    /// A client for the rules of the app that the token is of.
    pub fn new(token: impl Into<source_x::Token>) -> Result<Self, Error> {
        Stream::builder(token.into()).rules()
    }

    /// Waits until X's limit ends and asks again, instead of an error.
    #[must_use]
    pub fn wait_on_rate_limit(mut self) -> Self {
        self.wait_on_rate_limit = true;
        self
    }

    /// Only tries: X answers as if it made the change, and makes none.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.mode = Mode::DryRun;
        self
    }

    /// Every rule that is stored.
    pub async fn get(&self) -> Result<Vec<Rule>, Error> {
        self.patiently(|| self.client.list()).await
    }

    /// Adds rules: texts, or pairs of a text and a tag. Those that X does not take stand in [`Added::errors`]; the others are in
    /// force all the same.
    pub async fn add(&self, rules: impl IntoIterator<Item = impl Into<NewRule>>) -> Result<Added, Error> {
        let rules: Vec<NewRule> = rules.into_iter().map(Into::into).collect();
        self.patiently(|| self.client.add(&rules, self.mode)).await
    }

    /// Deletes rules by their ids, or as [`get`](Self::get) gave them.
    pub async fn delete(&self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Deleted, Error> {
        let ids: Vec<String> = ids.into_iter().map(|id| id.as_ref().to_owned()).collect();
        self.patiently(|| self.client.delete(&ids, self.mode)).await
    }

    async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, RulesError>>,
    {
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = error.rate_limit().filter(|_| self.wait_on_rate_limit) else {
                return Err(error.into());
            };
            tracing::warn!(?wait, "rate limit exceeded: waiting for its end");
            tokio::time::sleep(wait).await;
        }
    }
}
