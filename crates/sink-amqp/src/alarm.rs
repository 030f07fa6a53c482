//! Flow control and health: whether the broker takes messages on a connection, and whether the connection stands.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use lapin::{ConnectionStatus, Event};
use stream_core::sink::{Health, SinkError};
use tokio::sync::watch;

use crate::error::gone;

/// How often the connection is looked at besides what lapin tells: it says nothing of some ends.
const LOOK: Duration = Duration::from_secs(1);

/// Flow control by the broker: one connection's view of its alarms (`connection.blocked`), and of its end.
///
/// A connection that is gone is not blocked: whoever waits for the alarm's end must go on and find out.
#[derive(Clone)]
pub(crate) struct Alarm {
    health: Health,
    connection: ConnectionStatus,
}

impl Alarm {
    /// The alarm, and the work of following `events`, which the caller runs.
    pub(crate) fn new(
        connection: ConnectionStatus,
        events: impl Stream<Item = Event>,
        address: String,
    ) -> (Self, impl Future<Output = ()>) {
        let (tell, health) = watch::channel(None);
        let listening = listen(events, connection.clone(), tell, address);
        (Self { health, connection }, listening)
    }

    /// Why the broker takes nothing on the connection at the moment: an alarm, in its own words, or the connection's end.
    pub(crate) fn health(&self) -> Health {
        self.health.clone()
    }

    /// Why the broker takes nothing although the connection stands, if so; [`changed`](Self::changed) waits for what comes
    /// after.
    pub(crate) fn reason(&mut self) -> Option<SinkError> {
        let reason = self.health.borrow_and_update();
        reason.clone().filter(|_| self.connection.connected())
    }

    pub(crate) fn is_on(&mut self) -> bool {
        self.health.borrow_and_update().is_some() && self.connection.connected()
    }

    /// Why the connection has ended, if it has.
    pub(crate) fn end(&self) -> Option<SinkError> {
        let ended = self.connection.closed() || self.connection.errored();
        ended.then(|| self.health.borrow().clone()).flatten()
    }

    /// Waits until the alarm goes on or off, or a channel or the connection ends.
    pub(crate) async fn changed(&mut self) {
        if self.health.changed().await.is_err() {
            // Nothing is followed any more.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the alarm is off or the connection gone.
    pub(crate) async fn over(&mut self) {
        let connection = self.connection.clone();
        // An error means that the connection is gone.
        let _ = self
            .health
            .wait_for(|reason| reason.is_none() || !connection.connected())
            .await;
    }
}

/// Follows `connection.blocked`, `connection.unblocked` and the connection's end.
async fn listen(
    events: impl Stream<Item = Event>,
    connection: ConnectionStatus,
    tell: watch::Sender<Option<SinkError>>,
    address: String,
) {
    let mut events = std::pin::pin!(events);
    loop {
        let ended = || connection.closed() || connection.errored();
        // An end that lapin tells of is told within a moment.
        let untold = ended();
        match tokio::time::timeout(LOOK, events.next()).await {
            Ok(Some(Event::ConnectionBlocked(reason))) => {
                tell.send_replace(Some(blocked(&address, &reason)));
            }
            Ok(Some(Event::ConnectionUnblocked)) => {
                tell.send_replace(None);
            }
            Ok(Some(Event::Error(error))) if ended() => {
                tell.send_replace(Some(gone(&address, &error)));
                return;
            }
            // A channel's: whoever waits looks whose.
            Ok(Some(Event::Error(_))) => tell.send_modify(|_| {}),
            Ok(None) | Err(_) if untold => {
                let silent = lapin::ErrorKind::InvalidConnectionState(lapin::ConnectionState::Closed);
                tell.send_replace(Some(gone(&address, &silent.into())));
                return;
            }
            Ok(None) => return,
            Ok(Some(_)) | Err(_) => {}
        }
    }
}

fn blocked(address: &str, reason: &str) -> SinkError {
    SinkError::Unavailable(format!(
        "{address}: the broker takes no messages, an alarm is on: {reason}: it wants free memory or disk, and goes on by itself"
    ))
}
