//! Settings: what a user may say about Kafka.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use stream_core::cloudevents::Headers;
use stream_core::model::Lane;
use stream_core::sink::{Mistake, SettingsError};

use crate::admin::Shape;
use crate::{properties_file, property};

/// How to reach Kafka and what to write there.
#[derive(Clone)]
pub struct Settings {
    /// `host:port`, joined by commas.
    pub bootstrap_servers: String,
    /// Goes before the lane's name to make the topic's: `x.` gives `x.tweets`.
    pub topic_prefix: String,
    /// Whether missing topics are created. Otherwise a missing topic is an error until somebody creates it.
    pub create_topics: bool,
    /// Partitions of a topic that we create; `None` leaves it to the broker (`num.partitions`).
    pub partitions: Option<i32>,
    /// Replicas of a topic that we create; `None` leaves it to the broker (`default.replication.factor`).
    pub replication: Option<i32>,
    /// Any librdkafka property, over our defaults, except those that the guarantee rests on.
    pub properties: BTreeMap<String, String>,
    /// More of them, for secrets: a file of `name=value` lines, which is read for every new client. `properties` go before it.
    pub properties_file: Option<PathBuf>,
    /// Which headers a record carries besides `birdfeed`.
    pub headers: Headers,
    /// CloudEvents' `source`: `/x/<endpoint>/<stream name>`.
    pub event_source: String,
    /// The lanes in use: the topics to create together, and to look for in a check.
    pub lanes: Vec<Lane>,
}

/// Leaves out the values of secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: BTreeMap<_, _> = self
            .properties
            .iter()
            .map(|(name, value)| {
                let shown = if property::is_secret(name) {
                    "…"
                } else {
                    value.as_str()
                };
                (name, shown)
            })
            .collect();
        f.debug_struct("Settings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("topic_prefix", &self.topic_prefix)
            .field("create_topics", &self.create_topics)
            .field("partitions", &self.partitions)
            .field("replication", &self.replication)
            .field("properties", &properties)
            .field("properties_file", &self.properties_file)
            .field("headers", &self.headers)
            .field("event_source", &self.event_source)
            .field("lanes", &self.lanes)
            .finish()
    }
}

impl Settings {
    /// The defaults for brokers at `bootstrap_servers`: prefix `x.`, topics created as the broker likes them.
    pub fn new(bootstrap_servers: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            topic_prefix: "x.".to_owned(),
            create_topics: true,
            partitions: None,
            replication: None,
            properties: BTreeMap::new(),
            properties_file: None,
            headers: Headers::Minimal,
            event_source: String::new(),
            lanes: Vec::new(),
        }
    }

    /// The topic of `lane`.
    pub fn topic(&self, lane: Lane) -> String {
        format!("{}{lane}", self.topic_prefix)
    }

    /// What topics that we create are to be like.
    pub(crate) fn shape(&self) -> Shape {
        Shape {
            partitions: self.partitions.unwrap_or(-1),
            replication: self.replication.unwrap_or(-1),
        }
    }

    /// All properties, as the settings and the file say now.
    pub(crate) fn all_properties(&self) -> Result<BTreeMap<String, String>, SettingsError> {
        let mut properties = match &self.properties_file {
            Some(path) => properties_file::read(path)?,
            None => BTreeMap::new(),
        };
        let said = |name: &str| {
            let mut names = self.properties.keys();
            names.any(|other| property::canonical(other) == property::canonical(name))
        };
        properties.retain(|name, _| !said(name));
        properties.extend(self.properties.clone());
        Ok(properties)
    }

    /// What is wrong with the topics that this makes.
    pub(crate) fn check_topics(&self, mistakes: &mut Vec<Mistake>) {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !self.topic_prefix.chars().all(legal) {
            mistakes.push(Mistake::new(
                "topic_prefix",
                "a topic's name has only letters, digits, `.`, `_` and `-`",
            ));
        }
        if Lane::ALL.into_iter().any(|lane| self.topic(lane).len() > 249) {
            mistakes.push(Mistake::new(
                "topic_prefix",
                "a topic's name has at most 249 characters",
            ));
        }
        if self.partitions.is_some_and(|partitions| partitions < 1) {
            mistakes.push(Mistake::new("partitions", "a topic has at least one"));
        }
        let replicas = 1..=i32::from(i16::MAX);
        if self
            .replication
            .is_some_and(|replication| !replicas.contains(&replication))
        {
            mistakes.push(Mistake::new("replication", "a topic has 1 to 32767 replicas"));
        }
    }
}
