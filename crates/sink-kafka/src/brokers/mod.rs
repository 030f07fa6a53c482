//! How each broker is, by what librdkafka complains of and by the state of its connections; and whether that keeps Kafka from
//! serving us. No clock and no I/O in here.
//!
//! librdkafka connects to a broker when there is something to ask or to send, so a broker without a connection is none that
//! is away, and one of many that is away does no harm once others lead its partitions.

mod line;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use stream_core::sink::SinkError;

pub(crate) use self::line::complaint;
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
    told: Option<Told>,
}

/// What was said of those that keep Kafka from serving us. It stands for as long as it is true, whoever joins them.
#[derive(Debug)]
struct Told {
    error: SinkError,
    of: Vec<(String, Complaint)>,
}

/// What is wrong with a broker, in librdkafka's words.
type Complaint = (Trouble, String);

/// What librdkafka has to do with a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Link {
    /// It is connected.
    Up,
    /// It is to be connected, now or at its turn.
    #[default]
    Wanted,
    /// It is not needed.
    Unwanted,
}

#[derive(Debug, Default)]
struct Broker {
    /// Its number, if this is the address that the cluster names for it.
    id: Option<i32>,
    /// The address is the user's, or has proved right.
    trusted: bool,
    leads: bool,
    link: Link,
    complaint: Option<Complaint>,
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
        self.forgive();
        if self.culprits().is_empty() {
            (self.since, self.told) = (None, None);
            return None;
        }
        let since = *self.since.get_or_insert(now);
        if now - since < PATIENCE {
            return None;
        }
        if !self.told.as_ref().is_some_and(|told| self.still_true(told)) {
            let culprits = self.culprits();
            let complaint = |(address, broker): &(&str, &Broker)| {
                Some(((*address).to_owned(), broker.complaint.clone()?))
            };
            self.told = Some(Told {
                error: words(&culprits),
                of: culprits.iter().take(NAMED).filter_map(complaint).collect(),
            });
        }
        self.told.as_ref().map(|told| told.error.clone())
    }

    /// Nobody needs every broker; but while none is up, librdkafka tries one at a time, and the others wait for their turn.
    fn forgive(&mut self) {
        let serves = self.known.values().any(|broker| broker.link == Link::Up);
        let rests = self.known.values().all(|broker| broker.link == Link::Unwanted);
        if serves || rests {
            for broker in self.known.values_mut() {
                broker.complaint.take_if(|_| broker.link == Link::Unwanted);
            }
        }
    }

    fn still_true(&self, told: &Told) -> bool {
        let culprits = self.culprits();
        told.of.iter().all(|(address, complaint)| {
            let same = |(other, broker): &(&str, &Broker)| {
                other == address && broker.complaint.as_ref() == Some(complaint)
            };
            culprits.iter().any(same)
        })
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
        if !leaders.is_empty() || self.known.values().any(|broker| broker.link == Link::Up) {
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
        let steady = connections
            .iter()
            .filter(up)
            .any(|connection| connection.age() >= STEADY);
        let rests = |connection: &&Connection<'_>| connection.state == "INIT" && connection.age() >= UNWANTED;
        self.link = if connections.iter().any(|connection| up(&connection)) {
            Link::Up
        } else if connections.iter().all(rests) {
            Link::Unwanted
        } else {
            Link::Wanted
        };
        self.trusted |= steady || connections.iter().any(|connection| connection.nodeid < 0);
        if steady {
            self.complaint = None;
        }
        let silent = connections.iter().any(|connection| connection.is_silent());
        if silent && self.link != Link::Up && self.complaint.is_none() {
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

#[cfg(test)]
mod tests;
