//! The thin driver: does what the [state](super::state) says, and reports what happened.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connect_budget::{ConnectBudget, ConnectBudgetFile};
use super::framer::Framer;
use super::state::{Ended, Input, Now, ReconnectPolicy, SupervisorExit, SupervisorState};
use crate::ingest::{IngestQueue, Item, JournalQuota, ServerDisconnect};
use crate::model::{Frame, StreamEvent, Timestamp};
use crate::source::{ConnectErrorClass, Connection, ReadError, Source};
use crate::telemetry::{Observation, Observer, StatusCell, StreamStatus};

/// How long a line may stay unfinished while bytes keep coming.
const LINE_DEADLINE: Duration = Duration::from_secs(60);
/// How long the socket may go unread while the journal works off what waits in memory. X hangs up on slow readers too, but
/// not for seconds.
const BACKPRESSURE: Duration = Duration::from_secs(5);
/// How long a connect waits for the disk to note it.
const NOTING: Duration = Duration::from_secs(1);
/// How often a full journal is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What becomes of messages that neither disk nor memory can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// Close the stream, record the gap, come back when there is room.
    #[default]
    Pause,
    /// Keep the stream and drop what it brings, counted.
    DropNewest,
}

/// Keeps the stream alive.
pub(crate) struct Supervisor {
    /// The stream's name, for the lane `events`.
    pub stream: String,
    /// Where it comes from.
    pub source: Arc<dyn Source>,
    /// Where frames go.
    pub queue: Arc<IngestQueue>,
    /// What to do when it is full.
    pub when_full: WhenFull,
    /// Whether there is room for a stream that was closed for want of it.
    pub quota: JournalQuota,
    /// Goodbyes found in messages.
    pub disconnects: mpsc::UnboundedReceiver<ServerDisconnect>,
    /// The longest line, in bytes.
    pub max_line: usize,
    /// Failures in a row before giving up.
    pub max_retries: Option<u32>,
    /// Where connects are counted across restarts.
    pub budget: ConnectBudgetFile,
    /// When this program last received something, if ever: the start of the gap that its restart made.
    pub last_received: Option<Timestamp>,
    /// Who counts.
    pub observer: Arc<dyn Observer>,
    /// What the stream says of itself.
    pub status: StatusCell<StreamStatus>,
    /// When to stop.
    pub stop: CancellationToken,
}

/// Since when nothing is seen, and why.
struct Blind {
    from: Timestamp,
    reason: &'static str,
}

struct Driver {
    with: Supervisor,
    started: Instant,
    connections: u64,
    connected_at: Timestamp,
    blind: Option<Blind>,
    /// A note of connects that the disk has not taken yet.
    noting: Option<JoinHandle<io::Result<()>>>,
}

type Stream = Box<dyn Connection>;

impl Supervisor {
    /// Works until it is told to stop or gives up.
    pub(crate) async fn run(self) -> SupervisorExit {
        let blind = self.last_received.map(|from| Blind {
            from,
            reason: "restart",
        });
        let stop = self.stop.clone();
        let mut policy = ReconnectPolicy::new(self.budget.load(), self.max_retries);
        let mut driver = Driver {
            with: self,
            started: Instant::now(),
            connections: 0,
            connected_at: Timestamp::default(),
            blind,
            noting: None,
        };
        let mut state = policy.connect(driver.now());
        loop {
            driver.enter(&state, &policy);
            let input = tokio::select! {
                input = driver.perform(&mut state, &policy.budget) => input,
                () = stop.cancelled() => Input::Stop,
            };
            if let (SupervisorState::Streaming { .. }, Input::Stop) = (&state, &input) {
                driver.disconnected("shutdown", "told to stop");
            }
            let active = matches!(
                state,
                SupervisorState::Connecting | SupervisorState::Streaming { .. }
            );
            state = policy.step(state, input, driver.now());
            if active && matches!(state, SupervisorState::Connecting) {
                let (class, wait) = ("immediate", Duration::ZERO);
                driver.with.observer.on(Observation::Waiting { class, wait });
            }
            if let SupervisorState::Stopped(exit) = state {
                driver.enter(&state, &policy);
                return exit;
            }
        }
    }
}

impl Driver {
    fn now(&self) -> Now {
        Now {
            monotonic: self.started.elapsed(),
            wall: Timestamp::now(),
            random: fastrand::f64(),
        }
    }

    /// Tells the world of the state, before anything is done in it.
    fn enter(&self, state: &SupervisorState<Stream>, policy: &ReconnectPolicy) {
        let now = self.now();
        match state {
            SupervisorState::Waiting { until, class } => {
                let wait = until.saturating_sub(now.monotonic);
                tracing::info!(class, ?wait, "waiting before the next connect");
                self.with.observer.on(Observation::Waiting { class, wait });
            }
            SupervisorState::Paused => {
                tracing::warn!("the stream is closed until the journal takes messages again")
            }
            SupervisorState::Connecting | SupervisorState::Streaming { .. } | SupervisorState::Stopped(_) => {
            }
        }
        self.with.status.update(|status| {
            status.state = state.name();
            status.since = now.wall;
            status.connect_budget = policy.budget.remaining(now.wall) as u64;
        });
    }

    async fn perform(
        &mut self,
        state: &mut SupervisorState<Stream>,
        budget: &ConnectBudget,
    ) -> Input<Stream> {
        match state {
            SupervisorState::Connecting => {
                self.note(budget).await;
                self.connect().await
            }
            SupervisorState::Streaming { connection, .. } => {
                let (ended, detail) = self.read(&mut **connection).await;
                self.disconnected(ended.name(), &detail);
                Input::Ended(ended)
            }
            SupervisorState::Waiting { until, .. } => {
                tokio::time::sleep(until.saturating_sub(self.started.elapsed())).await;
                Input::Ready
            }
            SupervisorState::Paused => {
                self.with.queue.emptied().await;
                while !self.with.quota.is_ample() {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Input::Ready
            }
            SupervisorState::Stopped(_) => Input::Stop,
        }
    }

    /// Notes the connects on disk, so that a restart knows of them. Off this thread and not for long: a disk that hangs must
    /// not keep us from reconnecting.
    async fn note(&mut self, budget: &ConnectBudget) {
        let (file, budget) = (self.with.budget.clone(), budget.clone());
        let noted = async {
            if let Some(earlier) = &mut self.noting {
                // Whatever became of it, what follows replaces it.
                let _ = earlier.await;
            }
            let save = tokio::task::spawn_blocking(move || file.save(&budget));
            let noted = self.noting.insert(save).await;
            self.noting = None;
            noted.unwrap_or_else(|error| Err(io::Error::other(error)))
        };
        let noted = tokio::time::timeout(NOTING, noted).await;
        if let Err(error) = noted.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            tracing::error!(%error, "the connect budget cannot be saved; a restart would forget it");
        }
    }

    async fn connect(&mut self) -> Input<Stream> {
        match self.with.source.connect().await {
            Ok(connection) => {
                self.connected();
                Input::Connected(connection)
            }
            Err(error) => {
                let outcome = outcome(error.class);
                self.with.observer.on(Observation::Connect {
                    outcome,
                    http_error: error.status,
                });
                match error.class {
                    ConnectErrorClass::Refused | ConnectErrorClass::UsageCapped => {
                        tracing::error!(outcome, status = error.status, "{error}");
                    }
                    _ => tracing::warn!(outcome, status = error.status, "{error}"),
                }
                self.with
                    .status
                    .update(|status| status.last_error = Some(error.to_string()));
                Input::Failed(error.class)
            }
        }
    }

    fn connected(&mut self) {
        self.connections += 1;
        let (at, connection) = (Timestamp::now(), self.connections);
        self.connected_at = at;
        tracing::info!(connection, "connected");
        self.with.observer.on(Observation::Connect {
            outcome: "accepted",
            http_error: None,
        });
        self.with.status.update(|status| status.connections = connection);
        let stream = &self.with.stream;
        self.notice(
            at,
            &StreamEvent::Connected {
                stream,
                at,
                connection,
            },
        );
        if let Some(Blind { from, reason }) = self.blind.take() {
            let length = at.since(from);
            self.with.observer.on(Observation::Gap { length });
            let notice = StreamEvent::Gap {
                stream,
                from,
                to: at,
                seconds: length.as_secs_f64(),
                reason,
                filled: false,
            };
            self.notice(at, &notice);
        }
    }

    fn disconnected(&mut self, reason: &'static str, detail: &str) {
        let (at, connection) = (Timestamp::now(), self.connections);
        tracing::info!(connection, reason, detail, "disconnected");
        self.with.observer.on(Observation::Disconnected { reason });
        let last_byte = self.with.status.update(|status| {
            status.last_error = Some(format!("{reason}: {detail}"));
            status.last_byte
        });
        // A connection that brought nothing was blind from its start.
        let from = last_byte.map_or(self.connected_at, |at| at.max(self.connected_at));
        self.blind = Some(Blind { from, reason });
        let notice = StreamEvent::Disconnected {
            stream: &self.with.stream,
            at,
            connection,
            reason,
            detail,
        };
        self.notice(from, &notice);
    }

    fn notice(&self, seen: Timestamp, notice: &StreamEvent<'_>) {
        self.with.queue.put(Item::Event(notice.to_json(), seen));
    }

    /// Reads until the connection ends, and says why it did.
    async fn read(&mut self, connection: &mut dyn Connection) -> (Ended, String) {
        let mut framer = Framer::new(self.with.max_line);
        let mut line_began = Instant::now();
        let (ended, detail) = loop {
            let chunk = tokio::select! {
                chunk = connection.chunk() => chunk,
                detail = disconnect(&mut self.with.disconnects, self.connections) => break (Ended::ServerDisconnect, detail),
            };
            let chunk = match chunk {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break (Ended::Clean, "the server ended the stream".to_owned()),
                Err(error @ ReadError::Silence(_)) => break (Ended::Silence, error.to_string()),
                Err(error) => break (Ended::Broken, error.to_string()),
            };
            let received_at = Timestamp::now();
            self.with.observer.on(Observation::Bytes(chunk.len() as u64));
            self.with
                .status
                .update(|status| status.last_byte = Some(received_at));
            if framer.unfinished() == 0 {
                line_began = Instant::now();
            }
            let mut frames = Vec::new();
            framer.feed(&chunk, &mut frames);
            if !frames.is_empty() {
                line_began = Instant::now();
            } else if line_began.elapsed() > LINE_DEADLINE {
                break (
                    Ended::Stalled,
                    format!("no line was finished for {LINE_DEADLINE:?}"),
                );
            }
            if !self.take(frames, received_at).await {
                break (Ended::Full, "neither disk nor memory takes more".to_owned());
            }
        };
        if framer.unfinished() > 0 {
            self.with.observer.on(Observation::TailDiscarded {
                bytes: framer.unfinished(),
            });
        }
        (ended, detail)
    }

    /// Passes frames on; `false` if the stream must be closed because there is no more room.
    async fn take(&self, mut frames: Vec<Frame>, received_at: Timestamp) -> bool {
        frames.retain(|frame| {
            self.with.observer.on(Observation::Frame(frame));
            *frame != Frame::KeepAlive
        });
        if frames.is_empty() {
            return true;
        }
        let messages = frames.len() as u64;
        let drop = self.with.when_full == WhenFull::DropNewest && self.with.queue.is_full();
        self.with.status.update(|status| {
            status.received += messages;
            *(if drop {
                &mut status.dropped
            } else {
                &mut status.waiting
            }) += messages;
        });
        if drop {
            let reason = "journal_full";
            self.with.observer.on(Observation::Dropped { reason, messages });
            return true;
        }
        self.with.queue.put(Item::Frames {
            connection: self.connections,
            received_at,
            frames,
        });
        self.with.when_full == WhenFull::DropNewest || self.has_room().await
    }

    async fn has_room(&self) -> bool {
        !self.with.queue.is_full()
            || tokio::time::timeout(BACKPRESSURE, self.with.queue.has_room())
                .await
                .is_ok()
    }
}

/// Waits for the goodbye of this connection; those of earlier ones come too late to matter.
async fn disconnect(disconnects: &mut mpsc::UnboundedReceiver<ServerDisconnect>, connection: u64) -> String {
    loop {
        match disconnects.recv().await {
            Some(disconnect) if disconnect.connection == connection => return disconnect.detail,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

const fn outcome(class: ConnectErrorClass) -> &'static str {
    match class {
        ConnectErrorClass::Network => "network",
        ConnectErrorClass::Http => "http",
        ConnectErrorClass::RateLimited { .. } => "rate_limited",
        ConnectErrorClass::TooManyConnections => "too_many_connections",
        ConnectErrorClass::UsageCapped => "usage_capped",
        ConnectErrorClass::Refused => "refused",
    }
}
