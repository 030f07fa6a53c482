//! How Kafka is, as one client of librdkafka finds it: what it says in its log, its errors and its statistics, kept as one state
//! that all lanes follow. What it says over and over goes to the log at level debug only.

use std::time::Instant;

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel as Level;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;
use tokio::sync::watch;

use crate::brokers::{Brokers, Trouble, complaint};
use crate::statistics::{Hindrances, Statistics};

/// The state of one client's connections.
pub(crate) struct Health {
    servers: String,
    state: Mutex<State>,
    told: watch::Sender<Option<SinkError>>,
}

#[derive(Default)]
struct State {
    brokers: Brokers,
    hindrances: Hindrances,
}

impl Health {
    /// `servers` is for messages.
    pub(crate) fn new(servers: String) -> Self {
        Self {
            servers,
            state: Mutex::default(),
            told: watch::Sender::default(),
        }
    }

    /// librdkafka reports an error of its connections.
    pub(crate) fn complaint(&self, code: Code, reason: &str) {
        tracing::debug!(target: "librdkafka", %code, reason, "error");
        let trouble = match code {
            Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL => Trouble::Rejected,
            _ => Trouble::Unreachable,
        };
        self.complain(trouble, reason);
    }

    /// librdkafka writes a line into its log.
    pub(crate) fn log(&self, level: Level, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, "{message}");
        // What is worse comes as an error, too.
        let only_here = matches!(level, Level::Warning | Level::Notice | Level::Info);
        if facility == "FAIL" && only_here {
            self.complain(Trouble::Unreachable, message);
        }
    }

    fn complain(&self, trouble: Trouble, line: &str) {
        if let Some((address, words)) = complaint(line) {
            self.state.lock().brokers.complain(trouble, address, words);
        }
    }

    /// librdkafka reports the state of its connections. Gives why Kafka does not serve us, if so.
    pub(crate) fn look(&self, statistics: &Statistics<'_>) -> Option<SinkError> {
        let trouble = {
            let mut state = self.state.lock();
            state.hindrances = statistics.hindrances();
            state.brokers.look(statistics.connections(), Instant::now())
        };
        self.told.send_if_modified(|told| {
            let changed = *told != trouble;
            told.clone_from(&trouble);
            changed
        });
        trouble
    }

    /// What lanes follow.
    pub(crate) fn follow(&self) -> stream_core::sink::Health {
        self.told.subscribe()
    }

    /// What else holds records up, as of the last second.
    pub(crate) fn hindrances(&self) -> Hindrances {
        self.state.lock().hindrances.clone()
    }

    /// Whether Kafka will not have this client, and so perhaps another.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.state.lock().brokers.explain(), Some(SinkError::Operator(_)))
    }

    /// Why a request got no answer, named by what the caller must do.
    pub(crate) fn explain(&self, fallback: &str) -> SinkError {
        let known = self.state.lock().brokers.explain();
        known.unwrap_or_else(|| {
            SinkError::Unavailable(format!("Kafka does not answer at {}: {fallback}", self.servers))
        })
    }
}
