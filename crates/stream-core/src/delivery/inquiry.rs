//! When a lane asks its broker why records wait.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

use crate::sink::SinkError;

/// How long the oldest record may wait before the lane asks, and how long after an answer it asks again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Questions to the broker while nothing moves.
#[derive(Default)]
pub(super) struct Inquiry {
    /// Where the cursor stands while records wait at it, and when to ask why.
    still: Option<(u64, Instant)>,
    asked: Option<BoxFuture<'static, Result<(), SinkError>>>,
}

/// What comes next.
pub(super) enum Next {
    /// It is time to ask.
    Ask,
    /// The broker has answered.
    Answer(Result<(), SinkError>),
}

impl Inquiry {
    /// Where the cursor stands, and whether records wait there. Whatever moves makes an older question void.
    pub(super) fn note(&mut self, cursor: u64, waits: bool) {
        if !waits {
            *self = Self::default();
        } else if self.still.is_none_or(|(stood, _)| stood != cursor) {
            *self = Self {
                still: Some((cursor, Instant::now() + PATIENCE)),
                asked: None,
            };
        }
    }

    /// The question is under way.
    pub(super) fn asks(&mut self, question: BoxFuture<'static, Result<(), SinkError>>) {
        self.asked = Some(question);
    }

    /// Not this time: later.
    pub(super) fn later(&mut self) {
        if let Some((_, due)) = &mut self.still {
            *due = Instant::now() + PATIENCE;
        }
    }

    /// Waits for the moment to ask, or for the answer. Cancel safe; pends for ever while nothing waits.
    pub(super) async fn next(&mut self) -> Next {
        if let Some(question) = &mut self.asked {
            let answer = question.await;
            self.asked = None;
            self.later();
            return Next::Answer(answer);
        }
        match self.still {
            Some((_, due)) => sleep_until(due).await,
            None => std::future::pending().await,
        }
        Next::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_stands_still_is_asked_about_every_five_seconds() {
        let (mut inquiry, start) = (Inquiry::default(), Instant::now());
        inquiry.note(7, true);
        for asked in 1..4 {
            assert!(matches!(inquiry.next().await, Next::Ask));
            assert_eq!(start.elapsed().as_secs(), asked * 5);
            inquiry.asks(Box::pin(std::future::ready(Ok(()))));
            inquiry.note(7, true);
            assert!(matches!(inquiry.next().await, Next::Answer(Ok(()))));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_moves_is_not_asked_about() {
        let mut inquiry = Inquiry::default();
        for cursor in 0..10 {
            inquiry.note(cursor, true);
            let waited = tokio::time::timeout(Duration::from_secs(4), inquiry.next()).await;
            assert!(waited.is_err());
        }
        inquiry.asks(Box::pin(std::future::pending()));
        inquiry.note(10, false);
        let asked = tokio::time::timeout(Duration::from_secs(60), inquiry.next()).await;
        assert!(asked.is_err(), "nothing waits");
    }
}
