//! Wishes for a connect from outside: whoever has cured something, or asks for something else, need not wait.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Notify;

/// Way to have the supervisor connect now. What it is told before an attempt begins is met by that attempt.
#[derive(Clone, Debug, Default)]
pub struct Reconnector {
    retry: Arc<Notify>,
    renew: Arc<Notify>,
}

impl Reconnector {
    /// Ends a wait for a person to cure something: it is cured. What the server has asked for is waited for all the same.
    pub fn retry(&self) {
        self.retry.notify_one();
    }

    /// The source asks for something else from now on: an open connection is closed, and opened anew at once. A wait goes on.
    pub fn renew(&self) {
        self.renew.notify_one();
    }

    /// Forgets what was wished: an attempt begins, which meets it.
    pub(super) fn forget(&self) {
        for wish in [&self.retry, &self.renew] {
            // Made and given up at once: it takes the permit, if there is one.
            let _ = wish.notified().now_or_never();
        }
    }

    /// Waits for the wish to end a wait. Cancel safe.
    pub(super) async fn wants_retry(&self) {
        self.retry.notified().await;
    }

    /// Waits for the wish to end a connection. Cancel safe.
    pub(super) async fn wants_renewal(&self) {
        self.renew.notified().await;
    }
}
