//! Ghosts: connections of our own that X takes for open after we have gone, and that keep the slot. X's Connections API can
//! close them.

use std::time::Duration;

use parking_lot::Mutex;
use stream_core::source::{ConnectError, ConnectErrorClass};
use tokio::time::Instant;

use crate::account::{AccountClient, AccountError, Closed, OpenConnection, Targets, Which};
use crate::api::Api;
use crate::settings::Ghosts;

/// Once closed, who has the slot again within this time is no ghost: another client wants it too. (X's window of rate limits.)
const NOT_AGAIN: Duration = Duration::from_secs(15 * 60);
/// Connections that are named in an error.
const NAMED: usize = 3;

/// Remedy for slots that are taken.
pub(crate) struct Exorcist {
    ghosts: Ghosts,
    /// When something was last closed.
    last: Mutex<Option<Instant>>,
}

impl Exorcist {
    pub(crate) fn new(ghosts: Ghosts) -> Self {
        Self {
            ghosts,
            last: Mutex::new(None),
        }
    }

    /// The error that stopped a connect, after what could be done about it. Each step has a deadline.
    pub(crate) async fn after(&self, mut error: ConnectError, api: &Api) -> ConnectError {
        let taken = error.class == ConnectErrorClass::TooManyConnections;
        let endpoint = api.endpoint().name_in_connections();
        let Some(endpoint) = endpoint.filter(|_| taken && self.ghosts == Ghosts::Close) else {
            return error;
        };
        let again = self.last.lock().is_some_and(|last| last.elapsed() < NOT_AGAIN);
        let outcome = if again {
            "not closed again: who has been back within 15 minutes is another client".to_owned()
        } else {
            match close(&AccountClient::on(api.clone()), endpoint).await {
                Ok((_, Closed { closed: 0, .. })) => {
                    "X lists no connection of this stream to close".to_owned()
                }
                Ok((ghosts, Closed { closed, .. })) => {
                    *self.last.lock() = Some(Instant::now());
                    error.class = ConnectErrorClass::SlotFreed;
                    format!("closed {closed} by X's Connections API: {}", described(&ghosts))
                }
                Err(cause) => format!("closing them failed: {cause}"),
            }
        };
        error.detail = format!("{}; {outcome}", error.detail);
        error
    }
}

/// Closes what X takes for open of a stream.
async fn close(
    account: &AccountClient,
    endpoint: &'static str,
) -> Result<(Vec<OpenConnection>, Closed), AccountError> {
    let ghosts = account.connections(Which::Active, Some(endpoint)).await?;
    let ids = ghosts.iter().map(|ghost| ghost.id.clone()).collect();
    let closed = account.close(&Targets::Ids(ids)).await?;
    Ok((ghosts, closed))
}

fn described(ghosts: &[OpenConnection]) -> String {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let one = |ghost: &OpenConnection| {
        let (since, from) = (known(&ghost.connected_at), known(&ghost.client_ip));
        format!("{} (since {since}, from {from})", ghost.id)
    };
    let named: Vec<_> = ghosts.iter().take(NAMED).map(one).collect();
    named.join(", ")
}
