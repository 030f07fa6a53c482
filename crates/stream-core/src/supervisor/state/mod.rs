//! The supervisor's decisions, pure: `step` takes a state, what happened and the time, and gives the next state. The state
//! says what is to be done; [`drive`](super::driver) does it.

use std::time::Duration;

use crate::backoff::{self, jittered};
use crate::model::{DisconnectReason, StreamState, Timestamp, WaitClass};
use crate::source::{ConnectError, ConnectErrorClass, Request};
use crate::supervisor::connect_budget::ConnectBudget;
use crate::supervisor::memory::{Climbed, Memory};

/// A connection that lasted this long was healthy: longer than X may be silent (20 s), so at least one byte was due.
pub(super) const HEALTHY: Duration = Duration::from_secs(30);
/// The longest that a header is believed: X's windows last 15 minutes, and a minute more for a reset just behind one.
const LONGEST_LIMIT: Duration = Duration::from_secs(16 * 60);
/// The longest that `Retry-After` is believed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(15 * 60);
/// The least wait for a reset: clocks differ, and X counts in whole seconds.
const LEAST_RESET: Duration = Duration::from_secs(5);
/// The longest pause on the ladder of the network, before its jitter: with it 15 s. X's cap is 16 s; a second is left for the
/// connect itself, so that we are back within 16 s of an outage's end.
const LONGEST_PAUSE: Duration = Duration::from_millis(13_600);
/// The rest after an attempt that took its whole pause itself.
const BREATH: Duration = Duration::from_secs(1);
/// How long climbed ladders are remembered after the process has ended.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// A connection that another client takes from us within this time shows that it wants it, too: the ladder's last rung.
const CONTESTED: Duration = Duration::from_secs(15 * 60);

/// State machine of the stream: what is to be done. `C` is an open connection; tests need none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SupervisorState<C> {
    /// Ask the source for a connection.
    Connecting {
        /// When that began, by the monotonic clock.
        since: Duration,
    },
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
pub enum SupervisorExit {
    /// It was told to.
    Asked,
    /// `max_retries` failures in a row.
    RetriesExhausted,
    /// The server has sent all that was asked for.
    Finished,
}

/// Input of the state machine: what has happened since the last step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input<C> {
    /// The connection is open.
    Connected(C),
    /// It could not be opened.
    Failed(Refusal),
    /// The open connection has ended.
    Ended(Ended),
    /// The wait is over or pointless, or there is room again.
    Ready,
    /// Something else is asked for from now on.
    Renew,
    /// Somebody asked to stop.
    Stop,
}

/// What of a [`ConnectError`](crate::source::ConnectError) decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) class: ConnectErrorClass,
    pub(super) retry_after: Option<Duration>,
    pub(super) request: Request,
}

impl Refusal {
    pub(super) const fn of(error: &ConnectError) -> Self {
        Self {
            class: error.class,
            retry_after: error.retry_after,
            request: error.request,
        }
    }
}

/// What of the end of a connection decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) reason: DisconnectReason,
    /// The refusal that the connection turned out to be.
    pub(super) refusal: Option<Refusal>,
    /// Whether it was a stream: it has brought a message with a key, or two keep-alives.
    pub(super) proven: bool,
}

/// The time and a random number: everything a decision needs from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Since the process started, by the monotonic clock.
    pub monotonic: Duration,
    /// For the jitter, in `0.0..1.0`.
    pub random: f64,
}

/// Reconnect policy: what the supervisor remembers from connection to connection.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct ReconnectPolicy {
    /// The connects of the last 15 minutes.
    budget: ConnectBudget,
    /// Failures since the stream was last healthy, by schedule.
    failures: Failures,
    /// How many failures in a row are too many.
    max_retries: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Failures {
    network: u32,
    http: u32,
    rate_limited: u32,
    in_a_row: u32,
}

impl ReconnectPolicy {
    /// The policy of a process that remembers `memory` of the one before it, and its first state: what the server asked for
    /// holds for us too. A wait that only a person can end does not: whoever starts us may have done something.
    pub(super) fn restored<C>(
        memory: &Memory,
        max_retries: Option<u32>,
        now: Now,
        wall: Timestamp,
    ) -> (Self, SupervisorState<C>) {
        let mut policy = Self {
            budget: ConnectBudget::restored(&memory.connects, now.monotonic, wall),
            max_retries,
            ..Self::default()
        };
        if wall.since(memory.climbed.at) < REMEMBERED {
            policy.failures.http = memory.climbed.http;
            policy.failures.rate_limited = memory.climbed.rate_limited;
        }
        let limit = memory
            .limit
            .map(|(until, class)| (until.since(wall).min(LONGEST_LIMIT), class));
        let state = match limit {
            Some((left, class)) if !left.is_zero() => SupervisorState::Waiting {
                until: now.monotonic + left,
                class,
            },
            _ => policy.connect(now),
        };
        (policy, state)
    }

    /// What the next process must know if this one ends in `state`.
    pub(super) fn memory<C>(&self, state: &SupervisorState<C>, now: Duration, wall: Timestamp) -> Memory {
        let limit = match state {
            SupervisorState::Waiting { until, class } if outlives(*class) => {
                Some((wall.plus(until.saturating_sub(now)), *class))
            }
            _ => None,
        };
        Memory {
            connects: self.budget.connects(now, wall),
            limit,
            climbed: Climbed {
                http: self.failures.http,
                rate_limited: self.failures.rate_limited,
                at: wall,
            },
            seen: None,
            last_post: None,
            no_backfill: None,
        }
    }

    /// Takes note of a connect beside the stream, which the server counts all the same.
    pub(super) fn spend(&mut self, now: Duration) {
        self.budget.spend(now);
    }

    /// When the connects were made that count, by the wall clock.
    pub(super) fn connects(&self, now: Duration, wall: Timestamp) -> Vec<Timestamp> {
        self.budget.connects(now, wall)
    }

    /// How many connects are left.
    pub(super) fn connects_left(&self, now: Duration) -> usize {
        self.budget.remaining(now)
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
            (SupervisorState::Connecting { .. }, Input::Connected(connection)) => {
                SupervisorState::Streaming {
                    connection,
                    since: now.monotonic,
                }
            }
            (SupervisorState::Connecting { since }, Input::Failed(refusal)) => {
                self.failed(refusal, since, now)
            }
            (SupervisorState::Streaming { since, .. }, Input::Ended(ended)) => self.ended(ended, since, now),
            (SupervisorState::Waiting { .. } | SupervisorState::Paused, Input::Ready)
            | (SupervisorState::Streaming { .. }, Input::Renew) => self.connect(now),
            // What cannot happen in a state changes nothing.
            (state, _) => state,
        }
    }

    /// Connects if the budget allows it, or waits until it does.
    fn connect<C>(&mut self, now: Now) -> SupervisorState<C> {
        let since = now.monotonic;
        let wait = self.budget.wait(since);
        if wait.is_zero() {
            self.budget.spend(since);
            SupervisorState::Connecting { since }
        } else {
            SupervisorState::Waiting {
                until: since + wait,
                class: WaitClass::Budget,
            }
        }
    }

    fn ended<C>(&mut self, ended: Ended, since: Duration, now: Now) -> SupervisorState<C> {
        if ended.proven {
            let lasted = now.monotonic.saturating_sub(since);
            let class = ended.refusal.map(|refusal| refusal.class);
            let contested = class == Some(ConnectErrorClass::TooManyConnections) && lasted < CONTESTED;
            let kept = |keep: bool, failures: u32| if keep { failures } else { 0 };
            self.failures = Failures {
                network: kept(lasted < HEALTHY, self.failures.network),
                rate_limited: kept(contested, self.failures.rate_limited),
                ..Failures::default()
            };
        }
        match ended.refusal {
            _ if ended.reason == DisconnectReason::JournalFull => SupervisorState::Paused,
            _ if ended.reason == DisconnectReason::Finished => {
                SupervisorState::Stopped(SupervisorExit::Finished)
            }
            Some(refusal) => self.failed(refusal, since, now),
            None => {
                // After a healthy stream this is the first failure, whose wait is nothing: X wants the first reconnect at once.
                self.failures.network += 1;
                self.failures.in_a_row += u32::from(!ended.proven);
                let wait = backoff::NETWORK.wait(self.failures.network).min(LONGEST_PAUSE);
                self.wait(jittered(wait, now.random), WaitClass::Network, now)
            }
        }
    }

    fn failed<C>(&mut self, refusal: Refusal, began: Duration, now: Now) -> SupervisorState<C> {
        if refusal.class == ConnectErrorClass::NoBackfill {
            return self.connect(now);
        }
        self.failures.in_a_row += 1;
        if refusal.request == Request::NotSent {
            self.budget.refund();
        }
        let (wait, class) = self.climb(refusal.class);
        let asked = refusal.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let wait = jittered(wait.max(asked), now.random);
        let wait = match (refusal.request, class) {
            // Nobody has been reached, so the pause may begin with the attempt: one that hangs is a pause itself.
            (Request::NotSent, WaitClass::Network) => {
                let took = now.monotonic.saturating_sub(began);
                wait.saturating_sub(took).max(wait.min(BREATH))
            }
            _ => wait,
        };
        // What the server asks for is its limit, whatever the answer was.
        let class = if asked.is_zero() { class } else { limited(class) };
        self.wait(wait, class, now)
    }

    /// One rung up the ladder of `class`: how long to wait, and by which schedule.
    fn climb(&mut self, class: ConnectErrorClass) -> (Duration, WaitClass) {
        let failures = &mut self.failures;
        let (rung, ladder, name) = match class {
            ConnectErrorClass::Network => (&mut failures.network, backoff::NETWORK, WaitClass::Network),
            ConnectErrorClass::Http | ConnectErrorClass::SlotFreed => {
                (&mut failures.http, backoff::HTTP, WaitClass::Http)
            }
            ConnectErrorClass::Refused | ConnectErrorClass::Certificate | ConnectErrorClass::NoBackfill => {
                (&mut failures.http, backoff::HTTP, WaitClass::Operator)
            }
            ConnectErrorClass::RateLimited { .. } | ConnectErrorClass::TooManyConnections => (
                &mut failures.rate_limited,
                backoff::RATE_LIMITED,
                WaitClass::RateLimited,
            ),
            ConnectErrorClass::UsageCapped => (
                &mut failures.rate_limited,
                backoff::USAGE_CAPPED,
                WaitClass::UsageCapped,
            ),
        };
        *rung += 1;
        let scheduled = ladder.wait(*rung);
        let wait = match class {
            ConnectErrorClass::RateLimited {
                reset_in: Some(reset),
            } => {
                let reset = reset.clamp(LEAST_RESET, LONGEST_LIMIT);
                // Refused again after a reset, the limit is not what it says; and each 429 lengthens the penalty.
                if *rung == 1 { reset } else { reset.max(scheduled) }
            }
            ConnectErrorClass::Network => scheduled.min(LONGEST_PAUSE),
            _ => scheduled,
        };
        (wait, name)
    }

    fn wait<C>(&mut self, wait: Duration, class: WaitClass, now: Now) -> SupervisorState<C> {
        if self.max_retries.is_some_and(|most| self.failures.in_a_row > most) {
            return SupervisorState::Stopped(SupervisorExit::RetriesExhausted);
        }
        if wait.is_zero() {
            return self.connect(now);
        }
        SupervisorState::Waiting {
            until: now.monotonic + wait,
            class,
        }
    }
}

/// Whether a wait of this class is the server's will, which a restart does not change.
const fn outlives(class: WaitClass) -> bool {
    matches!(class, WaitClass::Http | WaitClass::RateLimited)
}

/// The class of a wait that the server has asked for: one that a restart does not shorten.
const fn limited(class: WaitClass) -> WaitClass {
    if outlives(class) {
        class
    } else {
        WaitClass::RateLimited
    }
}

impl<C> SupervisorState<C> {
    /// Whether it waits for somebody to cure something, and for nothing else.
    pub(super) const fn waits_for_a_person(&self) -> bool {
        matches!(
            self,
            Self::Waiting {
                class: WaitClass::Operator,
                ..
            }
        )
    }

    /// The state as others see it.
    pub(super) const fn stream_state(&self) -> StreamState {
        match self {
            Self::Connecting { .. } => StreamState::Connecting,
            Self::Streaming { .. } => StreamState::Streaming,
            Self::Waiting { .. } => StreamState::Waiting,
            Self::Paused => StreamState::Paused,
            Self::Stopped(_) => StreamState::Stopped,
        }
    }
}

#[cfg(test)]
mod tests;
