//! One connection, shared by the lanes that are open on it, and whether the broker blocks it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::{Channel, Connection, Event};
use stream_core::sink::SinkError;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connect::connect;
use crate::error::classify;
use crate::plug::PullOnDrop;
use crate::settings::Address;

/// For each answer that a broker owes us on a connection that stands.
const STEP: Duration = Duration::from_secs(10);

/// How long a broker that was away is left alone once it answers. RabbitMQ listens before its quorum queues have leaders (about
/// a second, measured with 3.10.8), and a message for a queue without one keeps it from ever electing one.
const SETTLE: Duration = Duration::from_millis(1_500);

/// A connection that stands, or did. Dropping the last reference cuts it.
pub(crate) struct Link {
    connection: Connection,
    /// Why the broker takes no messages on this connection, if it said so (`connection.blocked`).
    blocked: watch::Receiver<Option<String>>,
    /// An answer is overdue: not to be given to further lanes.
    suspect: AtomicBool,
    listener: JoinHandle<()>,
    socket: PullOnDrop,
}

impl Link {
    pub(crate) async fn open(address: &Address, ca_file: Option<&PathBuf>) -> Result<Self, SinkError> {
        let (connection, socket) = connect(address, ca_file.map(PathBuf::as_path)).await?;
        let (tell, blocked) = watch::channel(None);
        let listener = tokio::spawn(listen(connection.events_listener(), tell, address.to_string()));
        Ok(Self {
            connection,
            blocked,
            suspect: AtomicBool::new(false),
            listener,
            socket,
        })
    }

    pub(crate) fn blocked(&self) -> watch::Receiver<Option<String>> {
        self.blocked.clone()
    }

    /// Whether a new lane may be opened here: `Err` while the broker blocks the connection, because lapin writes nothing then,
    /// and a second connection would be blocked as well (alarms hold for the whole cluster).
    fn usable(&self) -> Result<bool, SinkError> {
        if !self.connection.status().connected() || self.suspect.load(Ordering::Relaxed) {
            return Ok(false);
        }
        match &*self.blocked.borrow() {
            Some(reason) => Err(SinkError::Unavailable(format!(
                "the broker takes no messages: {reason}"
            ))),
            None => Ok(true),
        }
    }

    pub(crate) async fn channel(&self) -> Result<Channel, SinkError> {
        let channel = self
            .step("opening a channel", self.connection.create_channel())
            .await;
        if channel.is_err() {
            // lapin never forgets that a channel's number ended badly, and comes back to it after 2,047 others.
            self.suspect.store(true, Ordering::Relaxed);
        }
        channel
    }

    /// Waits for the broker's answer, but not for ever: one that does not come makes the connection suspect.
    pub(crate) async fn step<T>(
        &self,
        doing: &str,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, SinkError> {
        let Ok(answer) = timeout(STEP, answer).await else {
            self.suspect.store(true, Ordering::Relaxed);
            return Err(SinkError::Unavailable(format!(
                "{doing}: no answer within {STEP:?}"
            )));
        };
        answer.map_err(|error| classify(doing, &error))
    }

    /// Waits for the end of `work`; time under an alarm does not count. Cuts the connection when it comes too late.
    pub(crate) async fn within_patience(&self, patience: Duration, work: impl Future<Output = ()>) {
        let mut work = std::pin::pin!(work);
        let mut blocked = self.blocked();
        loop {
            if timeout(patience, &mut work).await.is_ok() {
                return;
            }
            if blocked.borrow_and_update().is_none() {
                return self.socket.pull();
            }
            // An error means that the connection is gone, and the work will end by itself.
            let _ = blocked.wait_for(Option::is_none).await;
        }
    }

    /// Tells the broker that we go. The caller limits how long that may take.
    pub(crate) async fn goodbye(&self) -> lapin::Result<()> {
        self.connection.close(200, "OK".into()).await
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Follows `connection.blocked` and `connection.unblocked`, and says each once.
async fn listen(
    events: impl futures_util::Stream<Item = Event>,
    tell: watch::Sender<Option<String>>,
    address: String,
) {
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
            _ => {}
        }
    }
}

/// The connection that lanes share, made when the first of them wants it.
///
/// It lives as long as a lane holds it. Lanes that wait for one attempt share its outcome: of eight lanes in front of a broker
/// that does not answer, the last must not wait eight deadlines.
#[derive(Default)]
pub(crate) struct Shared {
    attempts: AtomicU64,
    failure: Mutex<Option<SinkError>>,
    current: RwLock<Weak<Link>>,
}

impl Shared {
    pub(crate) fn current(&self) -> Option<Arc<Link>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade()
    }

    pub(crate) async fn get(
        &self,
        address: &Address,
        ca_file: Option<&PathBuf>,
    ) -> Result<Arc<Link>, SinkError> {
        let before = self.attempts.load(Ordering::Acquire);
        let mut failure = self.failure.lock().await;
        if let Some(link) = self.current()
            && link.usable()?
        {
            return Ok(link);
        }
        if self.attempts.load(Ordering::Acquire) != before
            && let Some(error) = &*failure
        {
            return Err(error.clone());
        }
        let attempt = Link::open(address, ca_file).await.map(Arc::new);
        if failure.is_some() && attempt.is_ok() {
            tokio::time::sleep(SETTLE).await;
        }
        self.attempts.fetch_add(1, Ordering::Release);
        *failure = attempt.as_ref().err().cloned();
        let link = attempt?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&link);
        Ok(link)
    }
}
