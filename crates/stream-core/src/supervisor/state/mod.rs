//! The supervisor's decisions, pure: `step` takes a state, what happened and the time, and gives the next state. The state
//! says what is to be done; [`drive`](super::driver) does it.

use std::time::Duration;

use crate::backoff::{self, BackoffSchedule, jittered};
use crate::model::{DisconnectReason, StreamState, Timestamp, WaitClass};
use crate::source::ConnectErrorClass;
use crate::supervisor::connect_budget::ConnectBudget;

/// A connection that lasted this long was healthy: longer than X may be silent (20 s), so at least one byte was due.
pub(super) const HEALTHY: Duration = Duration::from_secs(30);

/// State machine of the stream: what is to be done. `C` is an open connection; tests need none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SupervisorState<C> {
    /// Ask the source for a connection.
    Connecting,
    /// Read the connection until it ends.
    Streaming {
        /// Owned here: when the state goes, the socket closes.
        connection: C,
        /// When it was opened, by the monotonic clock: what decides whether it was healthy.
        since: Duration,
    },
    /// Back off, then connect.
    Waiting {
        /// When the backoff is over, by the monotonic clock.
        until: Duration,
        /// Which schedule set it.
        class: WaitClass,
    },
    /// Wait until the journal has taken what waits in memory, then connect.
    Paused,
    /// Terminal: nothing is done any more.
    Stopped(SupervisorExit),
}

/// Why the supervisor stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SupervisorExit {
    /// It was told to.
    Asked,
    /// `max_retries` failures in a row.
    RetriesExhausted,
}

/// Input of the state machine: what has happened since the last step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input<C> {
    /// The connection is open.
    Connected(C),
    /// It could not be opened.
    Failed(ConnectErrorClass),
    /// The open connection has ended.
    Ended(DisconnectReason),
    /// The wait is over, or there is room again.
    Ready,
    /// Somebody asked to stop.
    Stop,
}

/// The time, by both clocks, and a random number: everything a decision needs from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Since the process started, by the monotonic clock.
    pub monotonic: Duration,
    /// The wall clock, which only the budget needs.
    pub wall: Timestamp,
    /// For the jitter, in `0.0..1.0`.
    pub random: f64,
}

/// Reconnect policy: what the supervisor remembers from connection to connection.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct ReconnectPolicy {
    /// The connects of the last 15 minutes.
    pub budget: ConnectBudget,
    /// Failures since the stream was last healthy, by schedule.
    failures: Failures,
    /// How many failures in a row are too many.
    pub max_retries: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Failures {
    network: u32,
    http: u32,
    rate_limited: u32,
    in_a_row: u32,
}

impl ReconnectPolicy {
    /// A policy that has seen no failure yet.
    pub(super) fn new(budget: ConnectBudget, max_retries: Option<u32>) -> Self {
        Self {
            budget,
            max_retries,
            ..Self::default()
        }
    }

    /// Transition: the next state, from the present one, what happened and the time.
    pub(super) fn step<C>(
        &mut self,
        state: SupervisorState<C>,
        input: Input<C>,
        now: Now,
    ) -> SupervisorState<C> {
        match (state, input) {
            (SupervisorState::Stopped(exit), _) => SupervisorState::Stopped(exit),
            (_, Input::Stop) => SupervisorState::Stopped(SupervisorExit::Asked),
            (SupervisorState::Connecting, Input::Connected(connection)) => SupervisorState::Streaming {
                connection,
                since: now.monotonic,
            },
            (SupervisorState::Connecting, Input::Failed(class)) => self.failed(class, now),
            (SupervisorState::Streaming { since, .. }, Input::Ended(reason)) => {
                self.ended(reason, since, now)
            }
            (SupervisorState::Waiting { .. } | SupervisorState::Paused, Input::Ready) => self.connect(now),
            // What cannot happen in a state changes nothing.
            (state, _) => state,
        }
    }

    /// Connects if the budget allows it, or waits until it does.
    pub(super) fn connect<C>(&mut self, now: Now) -> SupervisorState<C> {
        let wait = self.budget.wait(now.wall);
        if wait.is_zero() {
            self.budget.spend(now.wall);
            SupervisorState::Connecting
        } else {
            SupervisorState::Waiting {
                until: now.monotonic + wait,
                class: WaitClass::Budget,
            }
        }
    }

    fn ended<C>(&mut self, reason: DisconnectReason, since: Duration, now: Now) -> SupervisorState<C> {
        if now.monotonic.saturating_sub(since) >= HEALTHY {
            self.failures = Failures::default();
        }
        if reason == DisconnectReason::JournalFull {
            return SupervisorState::Paused;
        }
        // After a healthy stream this is the first failure, whose wait is nothing: X wants the first reconnect at once.
        self.failures.network += 1;
        let wait = backoff::NETWORK.wait(self.failures.network);
        self.wait(wait, WaitClass::Network, now)
    }

    fn failed<C>(&mut self, class: ConnectErrorClass, now: Now) -> SupervisorState<C> {
        let failures = &mut self.failures;
        let climb = |schedule: BackoffSchedule, failures: &mut u32| {
            *failures += 1;
            schedule.wait(*failures)
        };
        let (wait, schedule) = match class {
            ConnectErrorClass::Network => {
                (climb(backoff::NETWORK, &mut failures.network), WaitClass::Network)
            }
            ConnectErrorClass::Http | ConnectErrorClass::Refused => {
                (climb(backoff::HTTP, &mut failures.http), WaitClass::Http)
            }
            ConnectErrorClass::RateLimited { reset_in } => {
                let scheduled = climb(backoff::RATE_LIMITED, &mut failures.rate_limited);
                // Refused again after a reset, the limit is not what it says; and each 429 lengthens the penalty.
                let wait = match reset_in {
                    Some(reset) if failures.rate_limited == 1 => reset,
                    reset => scheduled.max(reset.unwrap_or_default()),
                };
                (wait, WaitClass::RateLimited)
            }
            ConnectErrorClass::TooManyConnections => (
                climb(backoff::RATE_LIMITED, &mut failures.rate_limited),
                WaitClass::RateLimited,
            ),
            ConnectErrorClass::UsageCapped => (
                climb(backoff::USAGE_CAPPED, &mut failures.rate_limited),
                WaitClass::UsageCapped,
            ),
        };
        self.wait(wait, schedule, now)
    }

    fn wait<C>(&mut self, wait: Duration, class: WaitClass, now: Now) -> SupervisorState<C> {
        self.failures.in_a_row += 1;
        if self.max_retries.is_some_and(|most| self.failures.in_a_row > most) {
            return SupervisorState::Stopped(SupervisorExit::RetriesExhausted);
        }
        if wait.is_zero() {
            return self.connect(now);
        }
        SupervisorState::Waiting {
            until: now.monotonic + jittered(wait, now.random),
            class,
        }
    }
}

impl<C> SupervisorState<C> {
    /// The state as others see it.
    pub(super) const fn stream_state(&self) -> StreamState {
        match self {
            Self::Connecting => StreamState::Connecting,
            Self::Streaming { .. } => StreamState::Streaming,
            Self::Waiting { .. } => StreamState::Waiting,
            Self::Paused => StreamState::Paused,
            Self::Stopped(_) => StreamState::Stopped,
        }
    }
}

#[cfg(test)]
mod tests;
