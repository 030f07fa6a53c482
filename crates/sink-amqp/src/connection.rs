//! Shared client: one connection for all lanes, made when the first of them wants it, replaced when it has broken.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use lapin::Channel;
use parking_lot::RwLock;
use stream_core::sink::SinkError;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::address::Address;
use crate::alarm::Alarm;
use crate::connect::connect;
use crate::destination::Destination;
use crate::error::{classify, gone};
use crate::socket_guard::SocketGuard;
use crate::tls::TlsFiles;

/// For each answer that a broker owes us on a connection that stands.
const STEP: Duration = Duration::from_secs(10);

/// A connection that stands, or did. Dropping the last reference cuts it.
pub(crate) struct Connection {
    lapin: lapin::Connection,
    address: Address,
    alarm: Alarm,
    /// An answer is overdue: not to be given to further lanes.
    suspect: AtomicBool,
    listener: JoinHandle<()>,
    socket: SocketGuard,
}

impl Connection {
    pub(crate) async fn open(address: &Address, tls: &TlsFiles) -> Result<Self, SinkError> {
        let (lapin, socket) = connect(address, tls).await?;
        let events = lapin.events_listener();
        let (alarm, listen) = Alarm::new(lapin.status().clone(), events, address.to_string());
        Ok(Self {
            lapin,
            address: address.clone(),
            alarm,
            suspect: AtomicBool::new(false),
            listener: tokio::spawn(listen),
            socket,
        })
    }

    pub(crate) fn alarm(&self) -> Alarm {
        self.alarm.clone()
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// What broke something on it: its own end, told alike to all lanes, or `error`.
    pub(crate) fn explain(&self, doing: &str, error: &lapin::Error) -> SinkError {
        if self.lapin.status().connected() {
            classify(doing, error)
        } else {
            self.alarm.end().unwrap_or_else(|| gone(&self.address(), error))
        }
    }

    /// Why nothing more comes of `channel`, if so.
    pub(crate) fn ended(&self, channel: &Channel) -> Option<SinkError> {
        let gone =
            || SinkError::Unavailable(format!("{}: the broker has closed the channel", self.address()));
        self.alarm.end().or_else(|| {
            let status = channel.status();
            let open = status.connected() || status.closing();
            (!open && self.lapin.status().connected()).then(gone)
        })
    }

    /// Whether a new lane may be opened here: `Err` while the broker blocks the connection, because lapin writes nothing then,
    /// and a second connection would be blocked as well (alarms hold for the whole cluster).
    fn usable(&self) -> Result<bool, SinkError> {
        if !self.lapin.status().connected() || self.suspect.load(Ordering::Relaxed) {
            return Ok(false);
        }
        match self.alarm().reason() {
            Some(reason) => Err(reason),
            None => Ok(true),
        }
    }

    pub(crate) async fn channel(&self) -> Result<Channel, SinkError> {
        let channel = self.step("opening a channel", self.lapin.create_channel()).await;
        if channel.is_err() {
            // lapin never forgets that a channel's number ended badly, and comes back to it after 2,047 others.
            self.suspect.store(true, Ordering::Relaxed);
        }
        channel
    }

    /// Waits for the broker's answer, but not for ever: one that does not come makes the connection suspect.
    pub(crate) async fn answer<T>(
        &self,
        doing: &str,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> Result<lapin::Result<T>, SinkError> {
        timeout(STEP, answer).await.map_err(|_| {
            self.suspect.store(true, Ordering::Relaxed);
            SinkError::Unavailable(format!("{doing}: no answer within {STEP:?}"))
        })
    }

    /// Waits for the broker's consent as long as for any answer.
    pub(crate) async fn step<T>(
        &self,
        doing: &str,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, SinkError> {
        let answer = self.answer(doing, answer).await?;
        answer.map_err(|error| self.explain(doing, &error))
    }

    /// Waits for the end of `work`, `patience` long at most; time under an alarm does not count. Gives whether it came.
    pub(crate) async fn within_patience(&self, patience: Duration, work: impl Future<Output = ()>) -> bool {
        let mut work = std::pin::pin!(work);
        let mut alarm = self.alarm();
        loop {
            if timeout(patience, &mut work).await.is_ok() {
                return true;
            }
            if !alarm.is_on() {
                return false;
            }
            alarm.over().await;
        }
    }

    /// Ends the connection, with all that waits for an answer on it.
    pub(crate) fn cut(&self) {
        self.socket.shut_down();
    }

    /// Tells the broker that we go. The caller limits how long that may take.
    pub(crate) async fn goodbye(&self) -> lapin::Result<()> {
        self.lapin.close(200, "OK".into()).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Single flight: lanes that wait for one attempt at a connection share its outcome. Of eight lanes in front of a broker that
/// does not answer, the last must not wait eight deadlines. The connection lives as long as a lane holds it.
#[derive(Default)]
pub(crate) struct SharedConnection {
    attempts: AtomicU64,
    failure: Mutex<Option<SinkError>>,
    current: RwLock<Weak<Connection>>,
}

impl SharedConnection {
    fn current(&self) -> Option<Arc<Connection>> {
        self.current.read().upgrade()
    }

    /// The connection that stands, unless it was made by another URL than the one that is `to` be used now.
    pub(crate) async fn get(&self, to: &Destination) -> Result<Arc<Connection>, SinkError> {
        let before = self.attempts.load(Ordering::Acquire);
        let mut failure = self.failure.lock().await;
        let address = to.read().await;
        if let Some(connection) = self.current()
            && address
                .as_ref()
                .map_or(true, |address| *address == connection.address)
            && connection.usable()?
        {
            return Ok(connection);
        }
        if self.attempts.load(Ordering::Acquire) != before
            && let Some(error) = &*failure
        {
            return Err(error.clone());
        }
        let attempt = async { Connection::open(&address?, to.tls()).await.map(Arc::new) }.await;
        self.attempts.fetch_add(1, Ordering::Release);
        *failure = attempt.as_ref().err().cloned();
        let connection = attempt?;
        *self.current.write() = Arc::downgrade(&connection);
        Ok(connection)
    }
}
