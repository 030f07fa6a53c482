//! Write deadline: a client may take its time as a whole, if it takes each piece within seconds.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use super::answer::Answer;

/// How long a request may take, and each piece of its answer after that. An answer that goes on says something more often.
const PIECE: Duration = Duration::from_secs(5);

/// When one connection's patience ends. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pace(Arc<Mutex<Instant>>);

impl Pace {
    /// From now on.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now() + PIECE)))
    }

    /// The answer, each piece of which is a reason to wait on: one is only asked for when there is room for it.
    pub(super) fn of(&self, answer: Answer) -> Answer {
        let pace = self.clone();
        answer.map(|body| {
            let counted = body.map_frame(move |frame| {
                *pace.0.lock() = Instant::now() + PIECE;
                frame
            });
            counted.boxed_unsync()
        })
    }

    /// Waits until nothing has moved for too long.
    pub(super) async fn is_lost(&self) {
        loop {
            let deadline = *self.0.lock();
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::admin::answer;

    #[tokio::test(start_paused = true)]
    async fn patience_lasts_as_long_as_pieces_are_taken() {
        let (pace, start) = (Pace::new(), Instant::now());
        let pieces = stream::repeat("a".into());
        let mut body = pace.of(answer::stream("text/plain", pieces)).into_body();
        for _ in 0..3 {
            tokio::time::sleep(PIECE * 4 / 5).await;
            body.frame().await.unwrap().unwrap();
        }
        pace.is_lost().await;
        assert_eq!(start.elapsed(), PIECE * 12 / 5 + PIECE);
    }
}
