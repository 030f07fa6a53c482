//! Log deduplication: what librdkafka complains about is a state that is told once, with a count of the rest.
//!
//! librdkafka repeats a refused connection or password several times a second for as long as it lasts.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use rdkafka::config::RDKafkaLogLevel as Level;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;

/// How long a log line of one facility silences the next of the same.
const QUIET: Duration = Duration::from_secs(60);

/// Why Kafka does not serve us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No broker answers.
    Unreachable,
    /// A broker answers and will not have us: password, certificate.
    Rejected,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "does not answer",
            Self::Rejected => "refuses the connection",
        })
    }
}

/// The state of one client's connections, and what it has said in its log.
pub(crate) struct Health {
    servers: String,
    /// Whether there is anything in `state` to clear: read for every delivery report.
    uneasy: AtomicBool,
    state: Mutex<State>,
    lines: Mutex<Vec<Line>>,
}

#[derive(Default)]
struct State {
    /// The latest complaint about a connection, which may concern one broker of many.
    reason: Option<(Trouble, String)>,
    told: Option<Told>,
}

struct Told {
    trouble: Trouble,
    since: Instant,
    repeats: u64,
}

struct Line {
    facility: String,
    told: Instant,
    repeats: u64,
}

impl Health {
    pub(crate) fn new(servers: String) -> Self {
        Self {
            servers,
            uneasy: AtomicBool::new(false),
            state: Mutex::default(),
            lines: Mutex::default(),
        }
    }

    /// librdkafka reports an error of its connections.
    pub(crate) fn complaint(&self, code: Code, reason: &str) {
        let trouble = match code {
            Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL => Trouble::Rejected,
            Code::BrokerTransportFailure | Code::Resolve | Code::NetworkException => Trouble::Unreachable,
            Code::AllBrokersDown => return self.all_down(reason),
            _ => return self.log(Level::Warning, &code.to_string(), reason),
        };
        tracing::debug!(target: "librdkafka", reason, "connection error");
        let mut state = self.state();
        state.reason = Some((trouble, reason.to_owned()));
        // One broker of many may be away without harm; a refused password is refused everywhere.
        if trouble == Trouble::Rejected {
            self.tell(&mut state, trouble, reason);
        }
        self.uneasy.store(true, Ordering::Relaxed);
    }

    fn all_down(&self, summary: &str) {
        let mut state = self.state();
        let (trouble, reason) = state
            .reason
            .clone()
            .unwrap_or((Trouble::Unreachable, summary.to_owned()));
        self.tell(&mut state, trouble, &reason);
        self.uneasy.store(true, Ordering::Relaxed);
    }

    fn tell(&self, state: &mut State, trouble: Trouble, reason: &str) {
        match &mut state.told {
            Some(told) if told.trouble == trouble => told.repeats += 1,
            told => {
                tracing::warn!(servers = %self.servers, reason, "Kafka {trouble}; trying until it does, repeats are only counted");
                *told = Some(Told {
                    trouble,
                    since: Instant::now(),
                    repeats: 0,
                });
            }
        }
    }

    /// A broker has answered.
    pub(crate) fn well(&self) {
        if !self.uneasy.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.state();
        self.uneasy.store(false, Ordering::Relaxed);
        state.reason = None;
        if let Some(told) = state.told.take() {
            let seconds = told.since.elapsed().as_secs();
            tracing::info!(servers = %self.servers, seconds, repeats = told.repeats, "Kafka serves again");
        }
    }

    /// Why a request got no answer, named by what the caller must do.
    pub(crate) fn explain(&self, fallback: &str) -> SinkError {
        let state = self.state();
        let (trouble, reason) = match &state.reason {
            Some((trouble, reason)) => (*trouble, reason.as_str()),
            None => (Trouble::Unreachable, fallback),
        };
        let text = format!("Kafka at {} {trouble}: {reason}", self.servers);
        match trouble {
            Trouble::Unreachable => SinkError::Unavailable(text),
            Trouble::Rejected => SinkError::Operator(text),
        }
    }

    /// Passes a line of librdkafka's log on, at most one a minute of each facility.
    pub(crate) fn log(&self, level: Level, facility: &str, message: &str) {
        // These come as errors too.
        if matches!(facility, "FAIL" | "ERROR") || matches!(level, Level::Debug) {
            tracing::debug!(target: "librdkafka", facility, "{message}");
            return;
        }
        let Some(repeats) = self.unfold(facility) else {
            return;
        };
        match level {
            Level::Emerg | Level::Alert | Level::Critical | Level::Error => {
                tracing::error!(target: "librdkafka", facility, repeats, "{message}");
            }
            Level::Warning => tracing::warn!(target: "librdkafka", facility, repeats, "{message}"),
            _ => tracing::info!(target: "librdkafka", facility, repeats, "{message}"),
        }
    }

    /// How many lines of `facility` were kept back since the last one that was let through, if one may go now.
    fn unfold(&self, facility: &str) -> Option<u64> {
        let mut lines = self.lines.lock();
        let now = Instant::now();
        match lines.iter_mut().find(|line| line.facility == facility) {
            Some(line) if now.duration_since(line.told) < QUIET => {
                line.repeats += 1;
                None
            }
            Some(line) => {
                line.told = now;
                Some(std::mem::take(&mut line.repeats))
            }
            None => {
                // Facilities and error codes are fixed words of librdkafka: the list stays short.
                lines.push(Line {
                    facility: facility.to_owned(),
                    told: now,
                    repeats: 0,
                });
                Some(0)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use stream_core::model::SinkErrorClass;

    use super::*;

    fn told(health: &Health) -> Option<(Trouble, u64)> {
        health
            .state()
            .told
            .as_ref()
            .map(|told| (told.trouble, told.repeats))
    }

    #[test]
    fn a_refused_password_is_told_once_and_counted() {
        let health = Health::new("kafka:9092".to_owned());
        for _ in 0..100 {
            health.complaint(Code::Authentication, "Invalid username or password");
        }
        assert_eq!(told(&health), Some((Trouble::Rejected, 99)));
        let error = health.explain("");
        assert_eq!(error.class(), SinkErrorClass::Operator);
        assert_eq!(
            error.to_string(),
            "Kafka at kafka:9092 refuses the connection: Invalid username or password"
        );
        health.well();
        assert_eq!(told(&health), None);
        assert_eq!(health.explain("timed out").class(), SinkErrorClass::Unavailable);
    }

    #[test]
    fn one_broker_of_many_that_is_away_is_not_an_outage() {
        let health = Health::new("a,b".to_owned());
        health.complaint(Code::BrokerTransportFailure, "a: Connection refused");
        assert_eq!(told(&health), None);
        health.complaint(Code::AllBrokersDown, "2/2 brokers are down");
        assert_eq!(told(&health), Some((Trouble::Unreachable, 0)));
        assert!(health.explain("").to_string().contains("Connection refused"));
    }

    #[test]
    fn a_log_line_silences_its_like() {
        let health = Health::new(String::new());
        assert_eq!(health.unfold("CONFWARN"), Some(0));
        assert_eq!(health.unfold("CONFWARN"), None);
        assert_eq!(health.unfold("TERMINATE"), Some(0));
    }
}
