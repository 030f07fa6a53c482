//! Preflight: whether a stream could be had, without opening it. That would cost a connect, and take the slot of a daemon that may
//! be running.

use bytes::Bytes;
use http::{Method, StatusCode};
use stream_core::source::ConnectError;

use crate::api::Call;
use crate::rules::RulesError;
use crate::stream::XSource;

/// An endpoint that needs the same kind of token as a stream, and answers shortly.
const USAGE: &str = "/2/usage/tweets";

/// Why a stream would bring nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The rules could not be listed; the way and the token are those of the stream.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The filtered stream without a filter.
    #[error(
        "there are no rules, and without any the filtered stream brings nothing: birdfeed rules add \"cats has:images\""
    )]
    NoRules,
    /// The account's usage could not be asked for; the way and the token are those of the stream.
    #[error("usage: {0}")]
    Usage(#[from] ConnectError),
}

impl XSource {
    /// Tries the way to X and the token with a request that changes nothing: the filtered stream's rules, of which there must be
    /// some, or the account's usage.
    pub async fn check(&self) -> Result<(), CheckError> {
        if self.endpoint().has_rules() {
            return match self.rules().list().await?.len() {
                0 => Err(CheckError::NoRules),
                _ => Ok(()),
            };
        }
        let usage = Call {
            method: Method::GET,
            path: USAGE.to_owned(),
            body: Bytes::new(),
        };
        let answer = self.api().send(usage).await?;
        match answer.head.status {
            StatusCode::OK => Ok(()),
            _ => Err(answer.into_error().await.into()),
        }
    }
}
