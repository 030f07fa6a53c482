//! Deadlines: each step of a request has one, and is named by its failure.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use stream_core::source::{ConnectError, ConnectErrorClass};
use tokio::time::timeout;

/// Runs one step under its deadline; names the step in either failure.
pub(super) async fn within<T, E>(
    deadline: Duration,
    step: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, ConnectError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    match timeout(deadline, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(network(format!("{step}: {}", with_causes(&*error.into())))),
        Err(_) => Err(network(format!("{step}: nothing within {deadline:?}"))),
    }
}

/// An error's text followed by those of its causes, unless it repeats them.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

fn network(detail: String) -> ConnectError {
    ConnectError {
        class: ConnectErrorClass::Network,
        status: None,
        detail,
    }
}

/// A failure that an operator must cure before another attempt makes sense.
pub(super) fn refused(detail: String) -> ConnectError {
    ConnectError {
        class: ConnectErrorClass::Refused,
        status: None,
        detail,
    }
}
