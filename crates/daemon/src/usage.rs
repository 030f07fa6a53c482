//! Usage watch: asks X on a slow timer what the account has read, for metrics, status and readiness.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use source_x::account::{AccountClient, AccountError, Usage};
use stream_core::model::Timestamp;
use stream_core::source::ConnectErrorClass;

use crate::metrics::Metrics;

/// The first request comes so late that a program which cannot stay up asks for nothing.
const FIRST: Duration = Duration::from_secs(60);
/// The longest that X may ask us to wait beyond our own interval.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What X last said of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageStatus {
    /// Posts that the project has read in this period.
    pub posts: Option<u64>,
    /// Posts that it may read in a period.
    pub cap: Option<u64>,
    /// X's `cap_reset_day`: by its description, the days left until the next period.
    pub cap_reset_day: Option<u64>,
    /// When X said so.
    pub at: Timestamp,
}

impl UsageStatus {
    /// For people.
    pub fn words(&self) -> String {
        let known = |count: Option<u64>| count.map_or("?".to_owned(), |count| count.to_string());
        let (posts, cap) = (known(self.posts), known(self.cap));
        let day = known(self.cap_reset_day);
        format!(
            "{posts} of {cap} posts, X's cap_reset_day is {day} (at {})",
            self.at
        )
    }
}

/// Where it is put for others to read.
#[derive(Clone, Debug, Default)]
pub struct UsageBoard(Arc<Mutex<Option<UsageStatus>>>);

impl UsageBoard {
    /// What stands there.
    pub fn read(&self) -> Option<UsageStatus> {
        self.0.lock().clone()
    }
}

/// Asks now and then.
pub(crate) struct UsageWatch {
    pub(crate) account: AccountClient,
    pub(crate) every: Duration,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) board: UsageBoard,
}

impl UsageWatch {
    /// Asks for ever. What fails is told once, until it changes.
    pub(crate) async fn run(self) {
        let mut wait = FIRST.min(self.every);
        let mut told: Option<String> = None;
        loop {
            tokio::time::sleep(wait).await;
            wait = self.every;
            match self.account.usage(None).await {
                Ok(usage) => {
                    self.note(&usage, told.take().is_some());
                }
                Err(error) => {
                    wait = self.every.max(asked_for(&error).min(LONGEST));
                    self.metrics.usage_failed();
                    let detail = error.to_string();
                    if told.as_ref() == Some(&detail) {
                        tracing::debug!(detail, "again no usage");
                    } else {
                        tracing::warn!(detail, "X does not tell the account's usage");
                    }
                    told = Some(detail);
                }
            }
        }
    }

    fn note(&self, usage: &Usage, failed_before: bool) {
        let at = Timestamp::now();
        self.metrics.usage(usage, at);
        let status = UsageStatus {
            posts: usage.posts,
            cap: usage.cap,
            cap_reset_day: usage.cap_reset_day,
            at,
        };
        let words = status.words();
        let is_first = self.board.0.lock().replace(status).is_none();
        if is_first || failed_before {
            tracing::info!(usage = words, "the account's usage");
        } else {
            tracing::debug!(usage = words, "the account's usage");
        }
    }
}

/// How long X wants to be left alone.
fn asked_for(error: &AccountError) -> Duration {
    let AccountError::Request(error) = error else {
        return Duration::ZERO;
    };
    let reset = match error.class {
        ConnectErrorClass::RateLimited { reset_in } => reset_in,
        _ => None,
    };
    reset.max(error.retry_after).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use stream_core::source::{ConnectError, Request};

    use super::*;

    #[test]
    fn a_rate_limit_is_waited_out() {
        let error = |class, retry_after| {
            AccountError::Request(ConnectError {
                class,
                status: Some(429),
                retry_after,
                request: Request::Sent,
                detail: String::new(),
            })
        };
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3_600));
        let limited = ConnectErrorClass::RateLimited {
            reset_in: Some(minute),
        };
        assert_eq!(asked_for(&error(limited, None)), minute);
        assert_eq!(asked_for(&error(limited, Some(hour))), hour);
        assert_eq!(asked_for(&error(ConnectErrorClass::Http, None)), Duration::ZERO);
        assert_eq!(asked_for(&AccountError::Answer("?".to_owned())), Duration::ZERO);
    }

    #[test]
    fn what_x_leaves_out_is_not_known() {
        let status = UsageStatus {
            posts: Some(7),
            cap: None,
            cap_reset_day: Some(3),
            at: Timestamp::from_millis(0),
        };
        let words = "7 of ? posts, X's cap_reset_day is 3 (at 1970-01-01T00:00:00.000Z)";
        assert_eq!(status.words(), words);
    }
}
