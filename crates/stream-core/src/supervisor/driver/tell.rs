//! What the driver tells of what became of an attempt, a connection, a gap: log, metrics, status and the lane `events`.

use std::time::Duration;

use super::Driver;
use crate::model::{ConnectOutcome, HttpStatusLabel, Repair, StreamEvent, Timestamp};
use crate::source::{ConnectError, ConnectErrorClass};
use crate::supervisor::gap::{Gap, Moment};
use crate::supervisor::reader::Ending;
use crate::supervisor::recovery::Interval;
use crate::telemetry::{GapStatus, Observation};

impl Driver {
    pub(super) fn refused(&mut self, error: &ConnectError) {
        self.entitlement.refused(error.class, error.status);
        let (outcome, status, at) = (error.class.outcome(), error.status, Timestamp::now());
        self.with.observer.on(Observation::Connect {
            outcome,
            http_error: status.map(HttpStatusLabel::of),
        });
        if error.class == ConnectErrorClass::NoBackfill {
            // No failure of the stream: the next attempt, at once, does without.
            tracing::info!(detail = error.detail, "the past was asked for in vain");
        } else {
            self.complain(outcome, &error.detail);
        }
        self.with.status.update(|status| {
            status.failed(error.to_string());
            status.failing = Some(outcome);
        });
        let event = StreamEvent::ConnectFailed {
            stream: &self.with.stream,
            at,
            outcome,
            status,
            detail: &error.detail,
        };
        self.announce(self.last_seen(), &event);
    }

    /// Says what went wrong: aloud when it is news, for it will go wrong again.
    fn complain(&mut self, outcome: ConnectOutcome, detail: &str) {
        let name = outcome.name();
        if self.told.as_deref() == Some(detail) {
            tracing::debug!(outcome = name, detail, "again no stream");
            return;
        }
        if outcome.needs_operator() {
            tracing::error!(outcome = name, detail, "no stream, and no retry cures it");
        } else {
            tracing::warn!(outcome = name, detail, "no stream");
        }
        self.told = Some(detail.to_owned());
    }

    pub(super) fn connected(&mut self, replays: Duration) {
        self.connections += 1;
        self.connected_at = Moment::now();
        let (at, connection) = (self.connected_at.wall, self.connections);
        tracing::info!(connection, "connected");
        if self.entitlement.accepted(at) {
            self.notes.no_backfill(at);
            tracing::warn!(
                "the server takes no backfill of this account: what is posted during gaps is missed"
            );
        }
        self.with.observer.on(Observation::Connect {
            outcome: ConnectOutcome::Accepted,
            http_error: None,
        });
        self.with.status.update(|status| {
            status.connections = connection;
            status.unproven += 1;
        });
        let gap = self.gaps.end(self.connected_at);
        let connected = StreamEvent::Connected {
            stream: &self.with.stream,
            at,
            connection,
        };
        self.announce(at, &connected);
        if let Some(gap) = gap {
            self.sees_again(gap, replays);
        }
    }

    /// Tells of a gap that is over, and has what can be had of it asked for again.
    fn sees_again(&self, gap: Gap, replays: Duration) {
        let filled = gap.length.min(replays);
        let end = gap.to.minus(filled);
        let reach = Interval::within_reach(gap.from, end, &*self.with.source);
        let interval = reach.filter(|_| filled < gap.length);
        let repair = match interval {
            Some(interval) if self.recovery.send(interval).is_ok() => Repair::Recovery,
            _ if filled.is_zero() => Repair::None,
            _ => Repair::Backfill,
        };
        let length = if repair == Repair::Recovery {
            filled
        } else {
            gap.length
        };
        self.with.observer.on(Observation::Gap { length, filled });
        let status = GapStatus {
            from: gap.from,
            to: gap.to,
            seconds: gap.length.as_secs_f64(),
            reason: gap.cause.name().to_owned(),
            last_post: self.with.status.update(|status| status.last_post.clone()),
            first_post: None,
            repair,
            remains_seconds: gap.length.saturating_sub(filled).as_secs_f64(),
        };
        let event = StreamEvent::Gap {
            stream: &self.with.stream,
            from: gap.from,
            to: gap.to,
            seconds: status.seconds,
            reason: gap.cause,
            filled: filled == gap.length,
            last_post: status.last_post.as_deref(),
            repair,
            remains_seconds: status.remains_seconds,
        };
        self.announce(gap.to, &event);
        self.with.status.update(|all| all.blind(status));
    }

    pub(super) fn disconnected(&mut self, ending: &Ending) {
        let Ending { reason, detail, .. } = ending;
        let (reason, at, connection) = (*reason, Timestamp::now(), self.connections);
        let refused = ending.refusal.map(|refusal| refusal.class.outcome());
        if ending.proven {
            self.told = None;
        }
        if let Some(outcome) = refused {
            self.complain(outcome, detail);
        }
        tracing::info!(connection, reason = reason.name(), detail, "disconnected");
        self.with.observer.on(Observation::Disconnected { reason });
        self.with.status.update(|status| {
            status.failed(format!("{reason}: {detail}"));
            status.failing = refused.or(status.failing);
        });
        let seen = self.heard();
        self.gaps.begin(seen, reason);
        let event = StreamEvent::Disconnected {
            stream: &self.with.stream,
            at,
            connection,
            reason,
            detail,
        };
        self.announce(seen.wall, &event);
    }

    /// The last byte of the present connection, or its beginning if it has brought none.
    fn heard(&self) -> Moment {
        let (wall, monotonic) = self.with.status.update(|status| (status.last_byte, status.heard));
        match wall {
            Some(wall) if monotonic >= self.connected_at.monotonic => Moment { wall, monotonic },
            _ => self.connected_at,
        }
    }

    /// Until when the stream was seen, for what happens while it is not.
    fn last_seen(&self) -> Timestamp {
        let last_byte = self.with.status.update(|status| status.last_byte);
        last_byte
            .or(self.notes.memory().seen)
            .or(self.with.last_received)
            .unwrap_or_else(Timestamp::now)
    }

    /// Tells of `event`; the stream was seen until `seen` when it happened.
    fn announce(&self, seen: Timestamp, event: &StreamEvent<'_>) {
        self.with.intake.event(event, seen);
    }
}
