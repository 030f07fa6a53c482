//! librdkafka's statistics, as far as they say how its connections are. They come once a second with figures for every
//! partition, most of which are passed over.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What librdkafka says of itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Statistics<'a> {
    #[serde(borrow)]
    brokers: HashMap<Cow<'a, str>, Connection<'a>>,
    #[serde(borrow)]
    eos: Option<Idempotence<'a>>,
}

/// One connection to a broker, or the place for one.
#[derive(Debug, Deserialize)]
pub(crate) struct Connection<'a> {
    /// `host:port`.
    #[serde(borrow)]
    pub(crate) nodename: Cow<'a, str>,
    /// The broker's number; -1 before it is known.
    pub(crate) nodeid: i32,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) state: Cow<'a, str>,
    /// In microseconds.
    stateage: u64,
    throttle: Window,
    /// The partitions that it leads, of the topics in use.
    #[serde(borrow)]
    toppars: &'a RawValue,
}

/// How a figure was in the last second.
#[derive(Debug, Deserialize)]
struct Window {
    max: i64,
}

#[derive(Debug, Deserialize)]
struct Idempotence<'a> {
    #[serde(borrow)]
    idemp_state: Cow<'a, str>,
    /// In milliseconds.
    idemp_stateage: u64,
}

/// What else can hold records up besides a broker that is away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hindrances {
    /// Who throttles us.
    pub(crate) throttling: Option<String>,
    /// The state of a producer that waits for its number, without which it may not send.
    pub(crate) numberless: Option<String>,
}

impl<'a> Statistics<'a> {
    /// `None` if this is not what librdkafka writes today.
    pub(crate) fn parse(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json)
            .inspect_err(|error| tracing::debug!(target: "librdkafka", %error, "unknown statistics"))
            .ok()
    }

    /// Its connections, librdkafka's inner ones aside.
    pub(crate) fn connections(&self) -> impl Iterator<Item = &Connection<'a>> {
        let outer = |connection: &&Connection<'_>| matches!(&*connection.source, "configured" | "learned");
        self.brokers.values().filter(outer)
    }

    /// What holds records up.
    pub(crate) fn hindrances(&self) -> Hindrances {
        const LONG: u64 = 2_000;
        let throttling = self.connections().find(|connection| connection.throttle.max > 0);
        let waits = self
            .eos
            .as_ref()
            .filter(|eos| eos.idemp_state != "Assigned" && eos.idemp_stateage > LONG);
        Hindrances {
            throttling: throttling.map(|connection| connection.nodename.clone().into_owned()),
            numberless: waits.map(|eos| eos.idemp_state.clone().into_owned()),
        }
    }
}

impl Connection<'_> {
    /// For how long it has been in its state.
    pub(crate) fn age(&self) -> Duration {
        Duration::from_micros(self.stateage)
    }

    /// Whether the broker leads partitions of topics in use.
    pub(crate) fn leads(&self) -> bool {
        self.nodeid >= 0 && self.toppars.get().contains('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_few_fields_are_found_among_the_many() {
        let json = br#"{"name":"birdfeed#producer-1","ts":1,"brokers":{
            "k:9092/1":{"name":"k:9092/1","nodeid":1,"nodename":"k:9092","source":"learned","state":"UP","stateage":1500000,
              "int_latency":{"min":0},"throttle":{"min":0,"max":7,"avg":0},"req":{"Produce":3},
              "toppars":{"x.tweets-0":{"topic":"x.tweets","partition":0}}},
            ":0/internal":{"nodeid":-1,"nodename":":0","source":"internal","state":"UP","stateage":1,"throttle":{"max":0},
              "toppars":{}}},
            "topics":{"x.tweets":{"partitions":{}}},"tx":9,
            "eos":{"idemp_state":"WaitPID","idemp_stateage":2500,"txn_state":"Init"}}"#;
        let statistics = Statistics::parse(json).unwrap();
        let connections: Vec<_> = statistics.connections().collect();
        assert_eq!(connections.len(), 1);
        assert!(connections[0].leads());
        assert_eq!(connections[0].age(), Duration::from_millis(1_500));
        let hindrances = statistics.hindrances();
        assert_eq!(hindrances.throttling.as_deref(), Some("k:9092"));
        assert_eq!(hindrances.numberless.as_deref(), Some("WaitPID"));
        assert!(Statistics::parse(b"{}").is_none());
    }
}
