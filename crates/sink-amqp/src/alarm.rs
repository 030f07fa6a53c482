//! Flow control: whether the broker takes messages on a connection.

use futures_util::{Stream, StreamExt as _};
use lapin::{ConnectionStatus, Event};
use tokio::sync::watch;

/// Flow control by the broker: one connection's view of its alarms (`connection.blocked`).
///
/// A connection that is gone is not blocked: whoever waits for the alarm's end must go on and find out.
#[derive(Clone)]
pub(crate) struct Alarm {
    reason: watch::Receiver<Option<String>>,
    connection: ConnectionStatus,
}

impl Alarm {
    /// The alarm, and the work of following `events`, which the caller runs.
    pub(crate) fn new(
        connection: ConnectionStatus,
        events: impl Stream<Item = Event>,
        address: String,
    ) -> (Self, impl Future<Output = ()>) {
        let (tell, reason) = watch::channel(None);
        (Self { reason, connection }, listen(events, tell, address))
    }

    /// Why the broker takes nothing, in its own words, if so; [`changed`](Self::changed) waits for what comes after.
    pub(crate) fn reason(&mut self) -> Option<String> {
        let reason = self.reason.borrow_and_update();
        reason.clone().filter(|_| self.connection.connected())
    }

    pub(crate) fn is_on(&mut self) -> bool {
        self.reason.borrow_and_update().is_some() && self.connection.connected()
    }

    /// Waits until the alarm goes on or off, or the connection ends.
    pub(crate) async fn changed(&mut self) {
        if self.reason.changed().await.is_err() {
            // Nothing is followed any more.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the alarm is off or the connection gone.
    pub(crate) async fn over(&mut self) {
        let connection = self.connection.clone();
        // An error means that the connection is gone.
        let _ = self
            .reason
            .wait_for(|reason| reason.is_none() || !connection.connected())
            .await;
    }
}

/// Follows `connection.blocked` and `connection.unblocked`, and says each once.
async fn listen(events: impl Stream<Item = Event>, tell: watch::Sender<Option<String>>, address: String) {
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Event::ConnectionBlocked(reason) => {
                tracing::warn!(%address, %reason, "the broker takes no messages: an alarm is on; waiting");
                tell.send_replace(Some(reason));
            }
            Event::ConnectionUnblocked => {
                tracing::info!(%address, "the broker takes messages again");
                tell.send_replace(None);
            }
            // Of a channel or of the connection: whoever waits looks which.
            Event::Error(_) => tell.send_modify(|_| {}),
            _ => {}
        }
    }
}
