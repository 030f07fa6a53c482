//! How each broker is, by what librdkafka complains of and by the state of its connections; and whether that keeps Kafka from
//! serving us. No clock and no I/O in here.
//!
//! librdkafka connects to a broker when there is something to ask or to send, so a broker without a connection is none that
//! is away, and one of many that is away does no harm once others lead its partitions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use stream_core::sink::SinkError;

use crate::statistics::Connection;

/// How long trouble must last before it is one: until then the first words give way to the right ones, and leaders move.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How long a connection must hold before earlier complaints about it are void.
const STEADY: Duration = Duration::from_secs(1);
/// How long a broker may take to answer while a connection is being made.
const SILENCE: Duration = Duration::from_secs(3);
/// A broker that librdkafka does not try to reach for so long is one that it does not need.
const UNWANTED: Duration = Duration::from_secs(10);
/// How many brokers are named.
const NAMED: usize = 3;

/// Why a broker does not serve us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It does not answer.
    Unreachable,
    /// It answers and will not have us: password, certificate.
    Rejected,
}

/// The brokers that librdkafka knows, by `host:port`.
#[derive(Debug, Default)]
pub(crate) struct Brokers {
    known: BTreeMap<String, Broker>,
    /// Since when Kafka has not served us.
    since: Option<Instant>,
}

#[derive(Debug, Default)]
struct Broker {
    /// Its number, if this is the address that the cluster names for it.
    id: Option<i32>,
    /// The address is the user's, or has proved right.
    trusted: bool,
    up: bool,
    leads: bool,
    complaint: Option<(Trouble, String)>,
}

impl Brokers {
    /// librdkafka complains of one connection, in words that [`complaint`] has taken apart.
    pub(crate) fn complain(&mut self, trouble: Trouble, address: &str, words: &str) {
        let broker = self.known.entry(address.to_owned()).or_default();
        // The reason of a refusal is better than that the connection was closed after it.
        let refused = matches!(broker.complaint, Some((Trouble::Rejected, _)));
        if trouble == Trouble::Rejected || !refused {
            broker.complaint = Some((trouble, words.to_owned()));
        }
    }

    /// What the connections are like now. Gives why Kafka does not serve us, if so.
    pub(crate) fn look<'c>(
        &mut self,
        connections: impl Iterator<Item = &'c Connection<'c>>,
        now: Instant,
    ) -> Option<SinkError> {
        let mut seen: BTreeMap<&str, Vec<&Connection<'_>>> = BTreeMap::new();
        for connection in connections {
            seen.entry(&connection.nodename).or_default().push(connection);
        }
        self.known
            .retain(|address, _| seen.contains_key(address.as_str()));
        for (address, connections) in seen {
            let broker = self.known.entry(address.to_owned()).or_default();
            broker.look(&connections);
        }
        let culprits = self.culprits();
        if culprits.is_empty() {
            self.since = None;
            return None;
        }
        let error = words(&culprits);
        let since = *self.since.get_or_insert(now);
        (now - since >= PATIENCE).then_some(error)
    }

    /// Why a request got no answer, as far as that is known.
    pub(crate) fn explain(&self) -> Option<SinkError> {
        let culprits = self.culprits();
        let culprits = if culprits.is_empty() {
            self.complained_of().collect()
        } else {
            culprits
        };
        (!culprits.is_empty()).then(|| words(&culprits))
    }

    /// Those whose absence keeps Kafka from serving us: the leaders that cannot be reached, or all if none can.
    fn culprits(&self) -> Vec<(&str, &Broker)> {
        let leaders: Vec<_> = self.complained_of().filter(|(_, broker)| broker.leads).collect();
        if !leaders.is_empty() || self.known.values().any(|broker| broker.up) {
            return leaders;
        }
        self.complained_of().collect()
    }

    fn complained_of(&self) -> impl Iterator<Item = (&str, &Broker)> {
        let known = self
            .known
            .iter()
            .map(|(address, broker)| (address.as_str(), broker));
        known.filter(|(_, broker)| broker.complaint.is_some())
    }
}

impl Broker {
    fn look(&mut self, connections: &[&Connection<'_>]) {
        let up = |connection: &&&Connection<'_>| matches!(&*connection.state, "UP" | "UPDATE");
        self.id = connections
            .iter()
            .map(|connection| connection.nodeid)
            .find(|id| *id >= 0);
        self.leads = connections.iter().any(|connection| connection.leads());
        self.up = connections.iter().any(|connection| up(&connection));
        let steady = connections
            .iter()
            .filter(up)
            .any(|connection| connection.age() >= STEADY);
        let unwanted = connections
            .iter()
            .all(|connection| connection.state == "INIT" && connection.age() >= UNWANTED);
        self.trusted |= steady || connections.iter().any(|connection| connection.nodeid < 0);
        if steady || unwanted {
            self.complaint = None;
        }
        let silent = connections.iter().any(|connection| connection.is_silent());
        if silent && !self.up && self.complaint.is_none() {
            let words = "no answer to the attempt to connect".to_owned();
            self.complaint = Some((Trouble::Unreachable, words));
        }
    }
}

impl Connection<'_> {
    /// Whether the other end has been silent for too long while a connection is being made.
    fn is_silent(&self) -> bool {
        let making = !matches!(&*self.state, "INIT" | "DOWN" | "TRY_CONNECT" | "UP" | "UPDATE");
        making && self.age() >= SILENCE
    }
}

fn words(culprits: &[(&str, &Broker)]) -> SinkError {
    let rejected = |(_, broker): &&(&str, &Broker)| matches!(broker.complaint, Some((Trouble::Rejected, _)));
    let rejects = culprits.iter().any(|culprit| rejected(&culprit));
    let mut text = if rejects {
        "Kafka refuses the connection at ".to_owned()
    } else {
        "Kafka does not answer at ".to_owned()
    };
    let named = culprits.iter().filter(|culprit| !rejects || rejected(culprit));
    for (n, (address, broker)) in named.take(NAMED).enumerate() {
        let words = broker.complaint.as_ref().map_or("", |(_, words)| words);
        let between = if n == 0 { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{between}{address}: {words}");
        if let Some(id) = broker.id.filter(|_| !broker.trusted) {
            let _ = write!(
                text,
                " (the address that broker {id} names for itself: see its advertised.listeners)"
            );
        }
    }
    if rejects {
        SinkError::Operator(text)
    } else {
        SinkError::Unavailable(text)
    }
}

/// Takes a line of librdkafka apart: the broker's `host:port`, and what is wrong without times and counts, which change from
/// line to line. `None` if it is not about a broker.
pub(crate) fn complaint(line: &str) -> Option<(&str, &str)> {
    let line = match line.strip_prefix("[thrd:") {
        Some(rest) => rest.split_once("]: ")?.1,
        None => line,
    };
    let (name, words) = line.split_once(": ")?;
    let name = name.split_once("://").map_or(name, |(_, name)| name);
    let (address, _) = name.rsplit_once('/')?;
    let words = words.rfind(" (after ").map_or(words, |end| &words[..end]);
    let words = match words.strip_prefix("Connect to ") {
        Some(rest) => rest.split_once(" failed: ").map_or(words, |(_, why)| why),
        None => words,
    };
    address.contains(':').then_some((address, words.trim()))
}

#[cfg(test)]
mod tests;
