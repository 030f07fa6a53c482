//! Watchdog: notices a broker that is connected and confirms nothing.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Runs out when confirms are owed and none has come for as long as its patience.
pub(crate) struct Watchdog {
    patience: Duration,
    progress: Instant,
    owed: bool,
    timer: Pin<Box<Sleep>>,
}

impl Watchdog {
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            progress: Instant::now(),
            owed: false,
            timer: Box::pin(sleep(patience)),
        }
    }

    /// Sets a new patience, which must not be shorter: the timer is only ever moved back.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = self.patience.max(patience);
    }

    /// A confirm has come.
    pub(crate) fn progress(&mut self) {
        self.progress = Instant::now();
    }

    /// Ready when patience is at its end. Time counts from when something was first owed.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, owed: bool) -> Poll<()> {
        if !(owed && self.owed) {
            self.progress();
        }
        self.owed = owed;
        // The timer is moved only when it fires: progress is frequent, and moving costs a lock.
        while self.timer.as_mut().poll(context).is_ready() {
            let end = self.progress + self.patience;
            if Instant::now() >= end {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn waits(dog: &mut Watchdog, owed: bool, time: Duration) -> bool {
        tokio::time::timeout(time, poll_fn(|context| dog.poll(context, owed)))
            .await
            .is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn only_silence_while_confirms_are_owed_counts() {
        let mut dog = Watchdog::new(Duration::from_secs(30));
        assert!(waits(&mut dog, false, Duration::from_secs(3_600)).await);
        assert!(waits(&mut dog, true, Duration::from_secs(29)).await);
        dog.progress();
        assert!(waits(&mut dog, true, Duration::from_secs(29)).await);
        assert!(!waits(&mut dog, true, Duration::from_secs(2)).await);
    }
}
