//! Client for the account itself: how many posts it has read, and which connections it has open. One request is one connection,
//! with the token and the trust of the stream.

mod connections;
mod usage;

use std::time::Duration;

use serde_json::Value;
use stream_core::source::ConnectError;

pub use self::connections::{Closed, NotClosed, OpenConnection, Targets, Which};
pub use self::usage::{AppUsage, DayUsage, MAX_DAYS, Usage};
use crate::api::{Api, Call};
use crate::response::one_line;

/// More than X ever says here.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);

/// A client for one account.
pub struct AccountClient {
    api: Api,
}

/// A request about the account that brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No answer, or a refusal; its class says what to do.
    #[error(transparent)]
    Request(#[from] ConnectError),
    /// An answer that makes no sense.
    #[error("the answer cannot be read: {0}")]
    Answer(String),
}

impl AccountClient {
    /// Asks `api`.
    pub(crate) fn on(api: Api) -> Self {
        Self { api }
    }

    /// The answer to `call`, as JSON.
    async fn ask(&self, call: Call) -> Result<Value, AccountError> {
        let mut answer = self.api.send(call).await?;
        if !answer.head.status.is_success() {
            return Err(answer.into_error().await.into());
        }
        match answer.read(ANSWER_LIMIT, ANSWER_PATIENCE).await {
            (body, true) => serde_json::from_slice(&body).map_err(|error| {
                let begin = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
                AccountError::Answer(format!("{error} in {:?}", one_line(&begin, 100)))
            }),
            (body, false) => {
                let got = body.len();
                Err(AccountError::Answer(format!("it broke off after {got} bytes")))
            }
        }
    }
}

/// A text of an answer, as one short line that a terminal and a log can show.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(one_line(text, 200)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A count of an answer: X writes some as strings.
fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => value.as_u64(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
