//! Deserialisation of X's answers about rules: both of its ways to write an id, all of its ways to refuse. Pure.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::model::{Added, Counts, Deleted, Rule, RuleError, RuleProblem, RulesError};
use crate::response::one_line;

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) rules: Vec<Rule>,
    /// The next page's token.
    pub(super) next: Option<String>,
}

/// X writes ids as strings; in older answers they were numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum IdBody {
    Text(String),
    Number(u64),
}

impl From<IdBody> for String {
    fn from(id: IdBody) -> Self {
        match id {
            IdBody::Text(text) => text,
            IdBody::Number(number) => number.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct RuleBody {
    id: IdBody,
    value: String,
    tag: Option<String>,
}

impl From<RuleBody> for Rule {
    fn from(rule: RuleBody) -> Self {
        Self {
            id: rule.id.into(),
            value: rule.value,
            tag: rule.tag.filter(|tag| !tag.is_empty()),
        }
    }
}

/// Any answer about rules.
#[derive(Deserialize)]
struct AnswerBody {
    #[serde(default)]
    data: Option<Vec<RuleBody>>,
    #[serde(default)]
    meta: Option<Meta>,
    #[serde(default)]
    errors: Vec<ErrorBody>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    next_token: Option<String>,
    summary: Option<Summary>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Summary {
    deleted: u64,
    not_deleted: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    value: Option<String>,
    id: Option<IdBody>,
    title: Option<String>,
    detail: Option<String>,
    message: Option<String>,
    details: Vec<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// X wraps some errors in another of the same shape.
    errors: Vec<ErrorBody>,
}

impl ErrorBody {
    fn into_error(self) -> RuleError {
        let kind = self.kind.as_deref().unwrap_or_default();
        let problem = match (kind.rsplit('/').next(), self.title.as_deref()) {
            (Some("duplicate-rules"), _) | (_, Some("DuplicateRule")) => RuleProblem::Duplicate {
                id: self.id.map(Into::into),
            },
            (Some("invalid-rules"), _) => RuleProblem::Invalid {
                details: self.details.iter().map(|text| one_line(text, 500)).collect(),
            },
            _ => RuleProblem::Other(self.words()),
        };
        RuleError {
            value: self.value,
            problem,
        }
    }

    fn words(&self) -> String {
        let own = [&self.title, &self.detail, &self.message];
        let inner = self.errors.iter().filter_map(|error| error.message.as_ref());
        let said: Vec<&str> = own
            .into_iter()
            .flatten()
            .chain(inner)
            .map(String::as_str)
            .collect();
        one_line(&said.join(": "), 500)
    }
}

/// Reads a page of a list.
pub(super) fn listed(body: &[u8]) -> Result<Page, RulesError> {
    let answer = read(body)?;
    let next = answer.meta.and_then(|meta| meta.next_token);
    // It goes into the next request's path.
    if next
        .as_ref()
        .is_some_and(|token| token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(RulesError::Answer(
            "next_token is not letters and digits".to_owned(),
        ));
    }
    // Nothing asked for can be wrong in one rule of a list: errors here mean that the list is not whole.
    if let Some(error) = answer.errors.first() {
        return Err(RulesError::Answer(error.words()));
    }
    Ok(Page {
        rules: rules(answer.data),
        next,
    })
}

/// Reads the answer to [`add`](super::request::add).
pub(super) fn added(body: &[u8]) -> Result<Added, RulesError> {
    let answer = read(body)?;
    Ok(Added {
        created: rules(answer.data),
        errors: answer.errors.into_iter().map(ErrorBody::into_error).collect(),
    })
}

/// Reads the answer to [`delete`](super::request::delete).
pub(super) fn deleted(body: &[u8]) -> Result<Deleted, RulesError> {
    let answer = read(body)?;
    let summary = answer.meta.and_then(|meta| meta.summary).unwrap_or_default();
    Ok(Deleted {
        deleted: summary.deleted,
        not_deleted: summary.not_deleted,
        errors: answer.errors.into_iter().map(ErrorBody::into_error).collect(),
    })
}

/// Powerstream's answers have the rules one level deeper.
#[derive(Deserialize)]
struct NestedBody {
    data: Option<NestedRules>,
    #[serde(default)]
    errors: Vec<ErrorBody>,
}

#[derive(Deserialize)]
struct NestedRules {
    rules: Vec<RuleBody>,
}

/// Reads Powerstream's rules, stored or just added, and what it has against the others.
pub(super) fn nested(body: &[u8]) -> Result<Added, RulesError> {
    let answer: NestedBody = serde_json::from_slice(body).map_err(unreadable)?;
    // Neither would read as "no rules", and somebody would add them all again.
    if answer.data.is_none() && answer.errors.is_empty() {
        return Err(RulesError::Answer(
            "neither data nor errors in the answer".to_owned(),
        ));
    }
    Ok(Added {
        created: rules(answer.data.map(|data| data.rules)),
        errors: answer.errors.into_iter().map(ErrorBody::into_error).collect(),
    })
}

/// Reads what stands under `data`.
pub(super) fn data<T: DeserializeOwned>(body: &[u8]) -> Result<T, RulesError> {
    #[derive(Deserialize)]
    struct Answer<T> {
        data: T,
    }
    let answer: Answer<T> = serde_json::from_slice(body).map_err(unreadable)?;
    Ok(answer.data)
}

/// X's numbers: integers in its description 2.166, strings in 2.167.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberBody {
    Number(u64),
    Text(String),
}

impl NumberBody {
    fn get(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CountsBody {
    cap_per_client_app: Option<NumberBody>,
    cap_per_project: Option<NumberBody>,
    project_rules_count: Option<NumberBody>,
    client_app_rules_count: Option<AppCount>,
}

#[derive(Deserialize)]
struct AppCount {
    rule_count: Option<NumberBody>,
}

/// Reads the answer to [`counts`](super::request::counts).
pub(super) fn counts(body: &[u8]) -> Result<Counts, RulesError> {
    let CountsBody {
        cap_per_client_app,
        cap_per_project,
        project_rules_count,
        client_app_rules_count,
    } = data(body)?;
    let number = |body: Option<NumberBody>| body.and_then(NumberBody::get);
    Ok(Counts {
        app: number(client_app_rules_count.and_then(|app| app.rule_count)),
        app_cap: number(cap_per_client_app),
        project: number(project_rules_count),
        project_cap: number(cap_per_project),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: serde_json::Error) -> RulesError {
    // Its text may repeat what it could not read.
    RulesError::Answer(format!(
        "unreadable answer: {}",
        one_line(&error.to_string(), 200)
    ))
}

fn read(body: &[u8]) -> Result<AnswerBody, RulesError> {
    // serde would take an array for the members in order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(RulesError::Answer("the answer is no object".to_owned()));
    }
    let answer: AnswerBody = serde_json::from_slice(body).map_err(unreadable)?;
    // An empty object would read as "no rules" or "nothing to do", and somebody would add them all again.
    if answer.meta.is_none() && answer.errors.is_empty() {
        return Err(RulesError::Answer(
            "neither meta nor errors in the answer".to_owned(),
        ));
    }
    Ok(answer)
}

fn rules(data: Option<Vec<RuleBody>>) -> Vec<Rule> {
    data.unwrap_or_default().into_iter().map(Rule::from).collect()
}

#[cfg(test)]
mod tests;
