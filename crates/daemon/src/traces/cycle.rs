//! Reconnect cycle: a time without a stream, from the end of a connection (or the start of the program) to the next one.

use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanEvents;
use stream_core::model::{ConnectOutcome, TraceContext};
use stream_core::telemetry::Observation;

use super::span::{Span, event};

/// As many attempts and waits are told of one cycle; more are counted.
const MOST_EVENTS: usize = 128;

/// The present cycle, if the stream is away.
#[derive(Debug)]
pub(super) struct Cycle {
    stream: String,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    began: SystemTime,
    /// Why there is no stream: the end of the last connection, or `start`.
    reason: &'static str,
    attempts: i64,
    events: SpanEvents,
}

impl Open {
    fn new(reason: &'static str) -> Self {
        Self {
            began: SystemTime::now(),
            reason,
            attempts: 0,
            events: SpanEvents::default(),
        }
    }

    fn note(&mut self, name: &'static str, attributes: Vec<KeyValue>) {
        if self.events.events.len() < MOST_EVENTS {
            self.events.events.push(event(name, attributes));
        } else {
            self.events.dropped_count += 1;
        }
    }
}

impl Cycle {
    /// The program starts, and the stream of this name is not there yet.
    pub(super) fn at_start(stream: &str) -> Self {
        Self {
            stream: stream.to_owned(),
            open: Some(Open::new("start")),
        }
    }

    /// Takes note of what happens; gives the span if that ends the cycle.
    pub(super) fn on(&mut self, observed: &Observation<'_>) -> Option<Span> {
        match observed {
            Observation::Disconnected { reason } => self.open = Some(Open::new(reason.name())),
            Observation::Waiting { class, wait } => {
                let wait = KeyValue::new("birdfeed.wait.seconds", wait.as_secs_f64());
                let class = KeyValue::new("birdfeed.wait.class", class.name());
                self.open.as_mut()?.note("wait", vec![class, wait]);
            }
            Observation::Connect { outcome, http_error } => {
                let open = self.open.as_mut()?;
                open.attempts += 1;
                let mut attributes = vec![KeyValue::new("birdfeed.outcome", outcome.name())];
                attributes
                    .extend(http_error.map(|status| KeyValue::new("birdfeed.http.status", status.name())));
                open.note("connect", attributes);
                if *outcome == ConnectOutcome::Accepted {
                    return self.open.take().map(|open| self.end(open));
                }
            }
            _ => {}
        }
        None
    }

    fn end(&self, open: Open) -> Span {
        Span {
            context: TraceContext::random(),
            name: "reconnect".into(),
            kind: SpanKind::Client,
            began: open.began,
            ended: SystemTime::now(),
            attributes: vec![
                KeyValue::new("birdfeed.stream", self.stream.clone()),
                KeyValue::new("birdfeed.reason", open.reason),
                KeyValue::new("birdfeed.attempts", open.attempts),
            ],
            events: open.events,
            status: Status::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stream_core::model::{DisconnectReason, WaitClass};

    use super::*;

    #[test]
    fn a_cycle_lasts_from_a_connection_s_end_to_the_next_one() {
        let mut cycle = Cycle::at_start("main");
        let connect = |outcome| Observation::Connect {
            outcome,
            http_error: None,
        };
        let first = cycle.on(&connect(ConnectOutcome::Accepted)).unwrap();
        assert!(
            first
                .attributes
                .contains(&KeyValue::new("birdfeed.reason", "start"))
        );
        assert!(
            cycle.on(&connect(ConnectOutcome::Accepted)).is_none(),
            "a recovery's"
        );
        let reason = DisconnectReason::Shutdown;
        assert!(cycle.on(&Observation::Disconnected { reason }).is_none());
        for _ in 0..MOST_EVENTS {
            let (class, wait) = (WaitClass::Immediate, Duration::ZERO);
            assert!(cycle.on(&Observation::Waiting { class, wait }).is_none());
        }
        let span = cycle.on(&connect(ConnectOutcome::Accepted)).unwrap();
        assert_eq!((span.events.len(), span.events.dropped_count), (MOST_EVENTS, 1));
        assert!(
            span.attributes
                .contains(&KeyValue::new("birdfeed.reason", reason.name()))
        );
        assert_ne!(span.context, first.context);
    }
}
