//! Bounded patience: a request about rules that failed is tried again while that may help, and for no longer than was said.

use std::time::Duration;

use stream_core::source::{ConnectError, ConnectErrorClass};

use super::model::RulesError;

/// How often a request is tried again that got no answer, or one of a server in trouble; the waits double from a second.
const TRIES: u32 = 4;
/// The wait for a rate limit that names no end.
const RATE_LIMIT: Duration = Duration::from_secs(60);

/// Patience with the requests of one command.
pub struct Patience<'a> {
    left: Duration,
    failures: u32,
    tell: &'a (dyn Fn(&RulesError, Duration) + Send + Sync),
}

impl RulesError {
    /// How long to wait until X answers again, if it is a rate limit that is in the way.
    pub fn rate_limit(&self) -> Option<Duration> {
        let Self::Request(ConnectError {
            class: ConnectErrorClass::RateLimited { reset_in },
            retry_after,
            ..
        }) = self
        else {
            return None;
        };
        // The window opens with the second that was named; a moment more, for clocks that count in whole ones.
        let named = reset_in.or(*retry_after);
        Some(named.map_or(RATE_LIMIT, |wait| wait + Duration::from_millis(500)))
    }
}

impl<'a> Patience<'a> {
    /// Waits `most` altogether; `tell` is told of each wait.
    pub fn new(most: Duration, tell: &'a (dyn Fn(&RulesError, Duration) + Send + Sync)) -> Self {
        Self {
            left: most,
            failures: 0,
            tell,
        }
    }

    /// None at all: whoever asks has a schedule of its own.
    pub fn none() -> Self {
        Self::new(Duration::ZERO, &|_, _| {})
    }

    /// Waits if another try may help; gives the error back if not.
    pub(super) async fn wait(&mut self, error: RulesError) -> Result<(), RulesError> {
        let Some(wait) = self.next(&error).filter(|wait| *wait <= self.left) else {
            return Err(error);
        };
        (self.tell)(&error, wait);
        self.left -= wait;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// That a request was answered: the next one may fail as often again.
    pub(super) fn answered(&mut self) {
        self.failures = 0;
    }

    fn next(&mut self, error: &RulesError) -> Option<Duration> {
        if let Some(wait) = error.rate_limit() {
            return Some(wait);
        }
        let RulesError::Request(ConnectError {
            class, retry_after, ..
        }) = error
        else {
            return None;
        };
        match class {
            ConnectErrorClass::Network | ConnectErrorClass::Http => {
                self.failures += 1;
                let doubled = Duration::from_secs(1 << (self.failures - 1).min(TRIES));
                (self.failures < TRIES).then(|| retry_after.unwrap_or(doubled))
            }
            _ => None,
        }
    }
}
