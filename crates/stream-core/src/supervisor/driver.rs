//! The thin driver: does what the [state](super::state) says (connect, read, wait, pause), and reports what became of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connect_budget::{ConnectBudget, ConnectBudgetFile};
use super::gap::GapTracker;
use super::reader::{Ending, StreamReader};
use super::state::{Input, Now, ReconnectPolicy, SupervisorExit, SupervisorState};
use crate::ingest::{IngestQueue, Item, JournalQuota};
use crate::model::{ConnectOutcome, DisconnectReason, HttpStatusLabel, StreamEvent, Timestamp, WaitClass};
use crate::source::{ConnectError, ConnectErrorClass, Connection, Source};
use crate::telemetry::{Observation, Observer, StatusCell, StreamStatus};

/// How long a connect waits for the disk to note it.
const NOTING: Duration = Duration::from_secs(1);
/// How often a full journal is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Supervisor: keeps the stream alive through every kind of end.
pub(crate) struct Supervisor {
    /// The name in the lane `events`.
    pub(crate) stream: String,
    /// Where it comes from.
    pub(crate) source: Arc<dyn Source>,
    /// Who reads a connection that is open.
    pub(crate) reader: StreamReader,
    pub(crate) queue: Arc<IngestQueue>,
    /// Whether there is room for a stream that was closed for want of it.
    pub(crate) quota: JournalQuota,
    /// Failures in a row before giving up.
    pub(crate) max_retries: Option<u32>,
    /// Where connects are counted across restarts.
    pub(crate) budget: ConnectBudgetFile,
    /// When this program last received something, if ever: the start of the gap that its restart made.
    pub(crate) last_received: Option<Timestamp>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: StatusCell<StreamStatus>,
    pub(crate) stop: CancellationToken,
}

struct Driver {
    with: Supervisor,
    started: Instant,
    connections: u64,
    connected_at: Timestamp,
    gaps: GapTracker,
    /// A note of connects that the disk has not taken yet.
    noting: Option<JoinHandle<io::Result<()>>>,
}

type Stream = Box<dyn Connection>;

impl Supervisor {
    /// Works until it is told to stop or gives up.
    pub(crate) async fn run(self) -> SupervisorExit {
        let stop = self.stop.clone();
        let mut policy = ReconnectPolicy::new(self.budget.load(), self.max_retries);
        let mut driver = Driver {
            gaps: GapTracker::after_restart(self.last_received),
            with: self,
            started: Instant::now(),
            connections: 0,
            connected_at: Timestamp::default(),
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
                driver.disconnected(DisconnectReason::Shutdown, "told to stop");
            }
            let active = matches!(
                state,
                SupervisorState::Connecting | SupervisorState::Streaming { .. }
            );
            state = policy.step(state, input, driver.now());
            if active && matches!(state, SupervisorState::Connecting) {
                let (class, wait) = (WaitClass::Immediate, Duration::ZERO);
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
                let (class, wait) = (*class, until.saturating_sub(now.monotonic));
                tracing::info!(class = class.name(), ?wait, "waiting before the next connect");
                self.with.observer.on(Observation::Waiting { class, wait });
            }
            SupervisorState::Paused => {
                tracing::warn!("the stream is closed until the journal takes messages again");
            }
            SupervisorState::Connecting | SupervisorState::Streaming { .. } | SupervisorState::Stopped(_) => {
            }
        }
        self.with.status.update(|status| {
            status.state = state.stream_state();
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
                let Ending { reason, detail } =
                    self.with.reader.read(self.connections, &mut **connection).await;
                self.disconnected(reason, &detail);
                Input::Ended(reason)
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
                self.refused(&error);
                Input::Failed(error.class)
            }
        }
    }

    fn refused(&self, error: &ConnectError) {
        let outcome = error.class.outcome();
        self.with.observer.on(Observation::Connect {
            outcome,
            http_error: error.status.map(HttpStatusLabel::of),
        });
        let (outcome, status) = (outcome.name(), error.status);
        match error.class {
            ConnectErrorClass::Refused | ConnectErrorClass::UsageCapped => {
                tracing::error!(outcome, status, "{error}");
            }
            _ => tracing::warn!(outcome, status, "{error}"),
        }
        self.with
            .status
            .update(|status| status.last_error = Some(error.to_string()));
    }

    fn connected(&mut self) {
        self.connections += 1;
        let (at, connection) = (Timestamp::now(), self.connections);
        self.connected_at = at;
        tracing::info!(connection, "connected");
        self.with.observer.on(Observation::Connect {
            outcome: ConnectOutcome::Accepted,
            http_error: None,
        });
        self.with.status.update(|status| status.connections = connection);
        let gap = self.gaps.end(at);
        let stream = &self.with.stream;
        let connected = StreamEvent::Connected {
            stream,
            at,
            connection,
        };
        self.announce(at, &connected);
        if let Some(gap) = gap {
            let length = gap.length();
            self.with.observer.on(Observation::Gap { length });
            let event = StreamEvent::Gap {
                stream,
                from: gap.from,
                to: gap.to,
                seconds: length.as_secs_f64(),
                reason: gap.cause,
                filled: false,
            };
            self.announce(at, &event);
        }
    }

    fn disconnected(&mut self, reason: DisconnectReason, detail: &str) {
        let (at, connection) = (Timestamp::now(), self.connections);
        tracing::info!(connection, reason = reason.name(), detail, "disconnected");
        self.with.observer.on(Observation::Disconnected { reason });
        let last_byte = self.with.status.update(|status| {
            status.last_error = Some(format!("{reason}: {detail}"));
            status.last_byte
        });
        let seen = self.gaps.begin(self.connected_at, last_byte, reason);
        let event = StreamEvent::Disconnected {
            stream: &self.with.stream,
            at,
            connection,
            reason,
            detail,
        };
        self.announce(seen, &event);
    }

    /// Puts `event` before the lane `events`; the stream was seen until `seen` when it happened.
    fn announce(&self, seen: Timestamp, event: &StreamEvent<'_>) {
        self.with.queue.put(Item::Event(event.to_json(), seen));
    }
}
