//! The thin driver: does what the [state](super::state) says (connect, read, wait, pause), and [tells](tell) what became of it.

mod tell;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::entitlement::Entitlement;
use super::gap::{GapTracker, Moment};
use super::memory::{Memory, MemoryFile, Notes};
use super::reader::{Ending, StreamReader};
use super::reconnector::Reconnector;
use super::recovery::{Interval, Recovery};
use super::state::{Ended, Input, Now, ReconnectPolicy, Refusal, SupervisorExit, SupervisorState};
use crate::intake::Intake;
use crate::model::{DisconnectReason, Timestamp, WaitClass};
use crate::source::{Connection, Source};
use crate::telemetry::{Observation, Observer, StatusCell, StreamStatus};

/// How often the last byte is noted: a restart is blind for that much longer on paper.
const NOTE_HEARD: Duration = Duration::from_secs(5);
/// How soon the first one is: a process that was killed at once must know that it has seen something.
const NOTE_FIRST: Duration = Duration::from_millis(100);

/// Supervisor: keeps the stream alive through every kind of end.
pub(crate) struct Supervisor {
    /// The name in the lane `events`.
    pub(crate) stream: String,
    /// Where it comes from.
    pub(crate) source: Arc<dyn Source>,
    /// Who reads a connection that is open.
    pub(crate) reader: StreamReader,
    /// Who takes what happens.
    pub(crate) intake: Arc<dyn Intake>,
    /// Failures in a row before giving up.
    pub(crate) max_retries: Option<u32>,
    /// What outlives the process; `None` if nothing does.
    pub(crate) memory: Option<MemoryFile>,
    /// When this program last received something, if ever: the start of the gap that its restart made.
    pub(crate) last_received: Option<Timestamp>,
    /// Where what is to be recovered outlives the process.
    pub(crate) owed: Option<PathBuf>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: StatusCell<StreamStatus>,
    pub(crate) reconnector: Reconnector,
    pub(crate) stop: CancellationToken,
}

struct Driver {
    with: Supervisor,
    started: Instant,
    connections: u64,
    connected_at: Moment,
    gaps: GapTracker,
    entitlement: Entitlement,
    notes: Notes,
    /// Who asks for what was missed.
    recovery: mpsc::UnboundedSender<Interval>,
    /// The connects that this took.
    spent: mpsc::UnboundedReceiver<()>,
    /// The last complaint: told aloud once, until something changes.
    told: Option<String>,
}

type Stream = Box<dyn Connection>;

impl Supervisor {
    /// Works until it is told to stop or gives up.
    pub(crate) async fn run(self) -> SupervisorExit {
        let (stop, reconnector) = (self.stop.clone(), self.reconnector.clone());
        let notes = Notes::of(self.memory.clone());
        let max_retries = self.max_retries;
        self.status.update(|status| {
            // The journal's newest entry knows better, if it is a post.
            let noted = || notes.memory().last_post.clone();
            status.last_post = status.last_post.take().or_else(noted);
        });
        let (recovery, asked) = mpsc::unbounded_channel();
        let (spend, spent) = mpsc::unbounded_channel();
        let _recovery = AbortOnDropHandle::new(tokio::spawn(self.recovery(asked, spend).run()));
        let mut driver = Driver {
            gaps: GapTracker::after_restart(self.last_received.max(notes.memory().seen)),
            entitlement: notes
                .memory()
                .no_backfill
                .map_or(Entitlement::Unknown, Entitlement::Missing),
            with: self,
            started: Instant::now(),
            connections: 0,
            connected_at: Moment::now(),
            notes,
            recovery,
            spent,
            told: None,
        };
        let (policy, state) =
            ReconnectPolicy::restored(driver.notes.memory(), max_retries, driver.now(), Timestamp::now());
        driver.drive(state, policy, stop, reconnector).await
    }

    fn recovery(
        &self,
        asked: mpsc::UnboundedReceiver<Interval>,
        spent: mpsc::UnboundedSender<()>,
    ) -> Recovery {
        Recovery {
            stream: self.stream.clone(),
            source: self.source.clone(),
            intake: self.intake.clone(),
            max_line: self.reader.max_line,
            observer: self.observer.clone(),
            status: self.status.clone(),
            file: self.owed.clone(),
            asked,
            spent,
        }
    }
}

impl Driver {
    async fn drive(
        &mut self,
        mut state: SupervisorState<Stream>,
        mut policy: ReconnectPolicy,
        stop: CancellationToken,
        reconnector: Reconnector,
    ) -> SupervisorExit {
        loop {
            count_recoveries(&mut self.spent, &mut policy, self.started.elapsed());
            self.enter(&state, &policy);
            if matches!(state, SupervisorState::Connecting { .. }) {
                reconnector.forget();
            }
            let hopeless = state.waits_for_a_person();
            let streaming = matches!(state, SupervisorState::Streaming { .. });
            let input = tokio::select! {
                input = self.perform(&mut state, &mut policy) => input,
                () = stop.cancelled() => Input::Stop,
                () = reconnector.wants_retry(), if hopeless => Input::Ready,
                () = reconnector.wants_renewal(), if streaming => Input::Renew,
            };
            if let Some(ending) = closed(&input).filter(|_| streaming) {
                self.disconnected(&ending);
            }
            if matches!(input, Input::Stop) {
                let memory = self.remembered(&state, &policy);
                self.notes.write(memory).await;
            }
            let active = streaming || matches!(state, SupervisorState::Connecting { .. });
            state = policy.step(state, input, self.now());
            if active && matches!(state, SupervisorState::Connecting { .. }) {
                let (class, wait) = (WaitClass::Immediate, Duration::ZERO);
                self.with.observer.on(Observation::Waiting { class, wait });
            }
            if let SupervisorState::Stopped(exit) = state {
                self.enter(&state, &policy);
                return exit;
            }
        }
    }

    fn now(&self) -> Now {
        Now {
            monotonic: self.started.elapsed(),
            random: fastrand::f64(),
        }
    }

    /// Tells the world of the state, before anything is done in it.
    fn enter(&self, state: &SupervisorState<Stream>, policy: &ReconnectPolicy) {
        let now = self.now().monotonic;
        let (mut next_attempt, mut wait_class) = (None, None);
        match state {
            SupervisorState::Waiting { until, class } => {
                wait_class = Some(*class);
                let (class, wait) = (*class, until.saturating_sub(now));
                let until = Timestamp::now().plus(wait);
                next_attempt = Some(until);
                if class == WaitClass::Network {
                    // While the network is away these are many, and all the same.
                    tracing::debug!(class = class.name(), ?wait, "waiting before the next connect");
                } else {
                    tracing::info!(class = class.name(), ?wait, %until, "waiting before the next connect");
                }
                self.with.observer.on(Observation::Waiting { class, wait });
            }
            SupervisorState::Paused => {
                tracing::warn!("the stream is closed until the journal takes messages again");
            }
            SupervisorState::Connecting { .. }
            | SupervisorState::Streaming { .. }
            | SupervisorState::Stopped(_) => {}
        }
        self.with.status.update(|status| {
            status.state = state.stream_state();
            status.since = Timestamp::now();
            status.next_attempt = next_attempt;
            status.wait_class = wait_class;
            status.connect_budget = policy.connects_left(now) as u64;
        });
    }

    async fn perform(
        &mut self,
        state: &mut SupervisorState<Stream>,
        policy: &mut ReconnectPolicy,
    ) -> Input<Stream> {
        if !matches!(state, SupervisorState::Streaming { .. } | SupervisorState::Paused) {
            let memory = self.remembered(state, policy);
            self.notes.write(memory).await;
        }
        match state {
            SupervisorState::Connecting { .. } => self.connect().await,
            SupervisorState::Streaming { connection, .. } => {
                let ending = self.read(&mut **connection, policy).await;
                self.disconnected(&ending);
                Input::Ended(Ended {
                    reason: ending.reason,
                    refusal: ending.refusal,
                    proven: ending.proven,
                })
            }
            SupervisorState::Waiting { until, .. } => {
                tokio::time::sleep(until.saturating_sub(self.started.elapsed())).await;
                Input::Ready
            }
            SupervisorState::Paused => {
                self.with.intake.has_ample_room().await;
                Input::Ready
            }
            SupervisorState::Stopped(_) => Input::Stop,
        }
    }

    /// What the next process must know.
    fn remembered(&self, state: &SupervisorState<Stream>, policy: &ReconnectPolicy) -> Memory {
        let (seen, last_post) = self
            .with
            .status
            .update(|status| (status.last_byte, status.last_post.clone()));
        Memory {
            seen,
            last_post,
            no_backfill: match self.entitlement {
                Entitlement::Missing(since) => Some(since),
                Entitlement::Unknown | Entitlement::Doubted => None,
            },
            ..policy.memory(state, self.started.elapsed(), Timestamp::now())
        }
    }

    /// Reads `connection` until it ends, and notes meanwhile that it is heard.
    async fn read(&mut self, connection: &mut dyn Connection, policy: &mut ReconnectPolicy) -> Ending {
        let Self {
            with,
            notes,
            started,
            spent,
            ..
        } = self;
        let status = with.status.clone();
        let mut reading = std::pin::pin!(with.reader.read(self.connections, connection));
        let mut pause = NOTE_FIRST;
        loop {
            tokio::select! {
                ending = &mut reading => return ending,
                () = tokio::time::sleep(pause) => {
                    let now = started.elapsed();
                    if count_recoveries(spent, policy, now) {
                        notes.connects(policy.connects(now, Timestamp::now()));
                    }
                    let left = policy.connects_left(now) as u64;
                    let last_byte = status.update(|status| {
                        status.connect_budget = left;
                        status.last_byte
                    });
                    if last_byte > notes.memory().seen {
                        pause = NOTE_HEARD;
                        notes.heard(last_byte).await;
                    }
                }
            }
        }
    }

    async fn connect(&mut self) -> Input<Stream> {
        let now = Moment::now();
        let may_ask = self.entitlement.may_ask(now.wall);
        let connecting = match self.gaps.lasts(now).filter(|_| may_ask) {
            Some(blind) => self.with.source.resume(blind),
            None => self.with.source.connect(),
        };
        match connecting.await {
            Ok(connection) => {
                self.connected(connection.replays());
                Input::Connected(connection)
            }
            Err(error) => {
                self.refused(&error);
                Input::Failed(Refusal::of(&error))
            }
        }
    }
}

/// The end of a connection that we close ourselves.
fn closed<C>(input: &Input<C>) -> Option<Ending> {
    match input {
        Input::Stop => Some(Ending::new(DisconnectReason::Shutdown, "told to stop")),
        Input::Renew => Some(Ending::new(
            DisconnectReason::Renewed,
            "something else is asked for",
        )),
        _ => None,
    }
}

/// Takes the connects of recoveries out of the budget; whether there were any.
fn count_recoveries(
    spent: &mut mpsc::UnboundedReceiver<()>,
    policy: &mut ReconnectPolicy,
    now: Duration,
) -> bool {
    let mut any = false;
    while spent.try_recv().is_ok() {
        policy.spend(now);
        any = true;
    }
    any
}
