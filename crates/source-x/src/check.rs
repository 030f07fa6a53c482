//! Preflight: whether a stream could be had, without opening it. That would cost a connect, and take the slot of a daemon that may
//! be running.

use bytes::Bytes;
use http::StatusCode;
use stream_core::source::ConnectError;

use crate::account::AccountError;
use crate::api::Call;
use crate::endpoint::{Endpoint, Version};
use crate::rules::RulesError;
use crate::stream::XSource;

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
    Usage(#[from] AccountError),
    /// v1.1: a filter without a predicate was not refused for that, but for something else.
    #[error(transparent)]
    Keys(ConnectError),
}

impl XSource {
    /// Tries the way to X and the token with a request that changes nothing: the filtered stream's rules, of which there must be
    /// some, or the account's usage.
    pub async fn check(&self) -> Result<(), CheckError> {
        if self.endpoint().version() == Version::V1 {
            return self.check_keys().await;
        }
        if self.endpoint().has_rules() {
            return match self.rules().list().await?.len() {
                0 => Err(CheckError::NoRules),
                _ => Ok(()),
            };
        }
        // It needs the same kind of token as a stream, and answers shortly.
        self.account().usage(None).await?;
        Ok(())
    }

    /// v1.1 has no request besides that for a stream: one without a predicate is refused with 406, once the keys are found good.
    async fn check_keys(&self) -> Result<(), CheckError> {
        let nothing = Call {
            method: Endpoint::V1Filter.method().clone(),
            path: Endpoint::V1Filter.path().to_owned(),
            body: Bytes::new(),
        };
        let answer = self.api().send(nothing).await.map_err(CheckError::Keys)?;
        match answer.head.status {
            StatusCode::OK | StatusCode::NOT_ACCEPTABLE => Ok(()),
            _ => Err(CheckError::Keys(answer.into_error().await)),
        }
    }
}
