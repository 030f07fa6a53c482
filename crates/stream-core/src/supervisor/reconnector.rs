//! Wish for a connect from outside: whoever has cured something need not wait.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Notify;

/// Way to have the supervisor connect now. What it is told before an attempt begins is met by that attempt.
#[derive(Clone, Debug, Default)]
pub struct Reconnector(Arc<Notify>);

impl Reconnector {
    /// Ends a wait for a person to cure something: it is cured. What the server has asked for is waited for all the same.
    pub fn retry(&self) {
        self.0.notify_one();
    }

    /// Forgets what was wished: an attempt begins, which meets it.
    pub(super) fn forget(&self) {
        // Made and given up at once: it takes the permit, if there is one.
        let _ = self.0.notified().now_or_never();
    }

    /// Waits for the wish. Cancel safe.
    pub(super) async fn wished(&self) {
        self.0.notified().await;
    }
}
