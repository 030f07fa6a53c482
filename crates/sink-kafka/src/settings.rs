//! What a user may say about Kafka, checked without a network, and what it becomes for librdkafka.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;
use rdkafka::types::RDKafkaConfRes;
use stream_core::cloudevents::Headers;
use stream_core::model::Lane;

use crate::property;

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
            .field("headers", &self.headers)
            .field("event_source", &self.event_source)
            .field("lanes", &self.lanes)
            .finish()
    }
}

impl Settings {
    /// The topic of `lane`.
    pub fn topic(&self, lane: Lane) -> String {
        format!("{}{lane}", self.topic_prefix)
    }

    /// The whole configuration for librdkafka, or every mistake in the settings at once.
    pub(crate) fn client_config(&self) -> Result<ClientConfig, SettingsError> {
        let mut mistakes = Vec::new();
        self.check_servers(&mut mistakes);
        self.check_topics(&mut mistakes);
        for (name, value) in &self.properties {
            mistakes.extend(property_mistake(name, value));
        }
        if !mistakes.is_empty() {
            return Err(SettingsError(mistakes));
        }
        let mut config = ClientConfig::new();
        for (name, value) in property::DEFAULTS {
            config.set(*name, *value);
        }
        for (name, value) in &self.properties {
            config.set(property::canonical(name), value);
        }
        config.set_log_level(RDKafkaLogLevel::Info);
        self.check_together(&config)?;
        config.set("metadata.broker.list", &self.bootstrap_servers);
        Ok(config)
    }

    fn check_servers(&self, mistakes: &mut Vec<Mistake>) {
        if self
            .bootstrap_servers
            .split(',')
            .any(|server| server.trim().is_empty())
        {
            mistakes.push(Mistake::new(
                "bootstrap_servers",
                "wants host:port, several joined by commas",
            ));
        }
        if let Err(error) = native("metadata.broker.list", &self.bootstrap_servers) {
            mistakes.push(Mistake::new("bootstrap_servers", error.1));
        }
    }

    fn check_topics(&self, mistakes: &mut Vec<Mistake>) {
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

    /// Some mistakes show only when librdkafka sees everything together and reads the files. Without servers it
    /// connects to nothing.
    fn check_together(&self, config: &ClientConfig) -> Result<(), SettingsError> {
        match config.create::<BaseProducer>() {
            Ok(_) => Ok(()),
            Err(error) => {
                let reason = match error {
                    KafkaError::ClientCreation(reason) | KafkaError::ClientConfig(_, reason, ..) => reason,
                    other => other.to_string(),
                };
                let reason = property::scrub(reason, &self.properties);
                Err(SettingsError(vec![Mistake::new("properties", reason)]))
            }
        }
    }
}

/// What is wrong with one property, if anything.
fn property_mistake(name: &str, value: &str) -> Option<Mistake> {
    let setting = format!("properties.{name:?}");
    if let Some(why) = property::refusal(property::canonical(name), value) {
        return Some(Mistake::new(setting, why));
    }
    let (kind, reason) = native(name, value).err()?;
    Some(match kind {
        RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN => {
            Mistake::new(setting, "librdkafka has no property of this name")
        }
        _ if property::is_secret(name) => Mistake::new(setting, "librdkafka does not accept the value"),
        _ => Mistake::new(setting, reason),
    })
}

/// What librdkafka says to one property alone.
fn native(name: &str, value: &str) -> Result<(), (RDKafkaConfRes, String)> {
    let mut config = ClientConfig::new();
    config.set(name, value);
    match config.create_native_config() {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(kind, reason, ..)) => Err((kind, reason)),
        // A NUL byte; its own text shows the value.
        Err(_) => Err((
            RDKafkaConfRes::RD_KAFKA_CONF_INVALID,
            "holds a NUL byte".to_owned(),
        )),
    }
}

/// Everything that is wrong with [`Settings`]. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(Vec<Mistake>);

impl SettingsError {
    /// Each mistake; at least one.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl std::error::Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

/// One thing wrong with [`Settings`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as a path: `bootstrap_servers`, `properties."acks"`.
    pub setting: String,
    /// What is wrong with it, or what it wants.
    pub reason: String,
}

impl Mistake {
    fn new(setting: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            setting: setting.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(properties: &[(&str, &str)]) -> Settings {
        Settings {
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            topic_prefix: "x.".to_owned(),
            create_topics: true,
            partitions: None,
            replication: None,
            properties: properties
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            headers: Headers::Minimal,
            event_source: "/x/search/main".to_owned(),
            lanes: vec![Lane::Tweets],
        }
    }

    fn complaint(properties: &[(&str, &str)]) -> String {
        settings(properties).client_config().unwrap_err().to_string()
    }

    #[test]
    fn our_defaults_pass_and_a_user_s_alias_replaces_them() {
        let config = settings(&[("compression.type", "zstd"), ("linger.ms", "1")])
            .client_config()
            .unwrap();
        assert_eq!(config.get("compression.codec"), Some("zstd"));
        assert_eq!(config.get("queue.buffering.max.ms"), Some("1"));
        assert_eq!(config.get("compression.type"), None);
        for (name, value) in [
            ("message.timeout.ms", "0"),
            ("request.required.acks", "all"),
            ("enable.idempotence", "true"),
            ("max.in.flight.requests.per.connection", "5"),
            ("queue.buffering.max.kbytes", "65536"),
            ("batch.size", "262144"),
            ("partitioner", "murmur2_random"),
        ] {
            assert_eq!(config.get(name), Some(value), "{name}");
        }
    }

    #[test]
    fn what_breaks_the_guarantee_is_refused_under_every_name() {
        for (name, value) in [
            ("acks", "1"),
            ("request.required.acks", "0"),
            ("enable.idempotence", "false"),
            ("message.timeout.ms", "300000"),
            ("delivery.timeout.ms", "1"),
            ("delivery.report.only.error", "true"),
            ("enable.gapless.guarantee", "true"),
            ("transactional.id", "t"),
            ("max.in.flight", "6"),
            ("max.in.flight.requests.per.connection", "1000"),
            ("queuing.strategy", "lifo"),
            ("retries", "5"),
            ("message.send.max.retries", "0"),
            ("partitioner", "random"),
            ("sasl.mechanism", "OAUTHBEARER"),
            ("bootstrap.servers", "elsewhere:1"),
        ] {
            let text = complaint(&[(name, value)]);
            assert!(text.starts_with(&format!("properties.{name:?}: ")), "{text}");
        }
        let same = settings(&[
            ("acks", "-1"),
            ("max.in.flight", "1"),
            ("enable.idempotence", "true"),
            ("retries", "2147483647"),
            ("partitioner", "consistent_random"),
        ]);
        assert!(same.client_config().is_ok());
    }

    #[test]
    fn every_mistake_comes_at_once() {
        let mut settings = settings(&[("no.such.thing", "1"), ("linger.ms", "soon")]);
        settings.bootstrap_servers = String::new();
        settings.topic_prefix = "x/".to_owned();
        settings.partitions = Some(0);
        settings.replication = Some(-1);
        let error = settings.client_config().unwrap_err();
        let named: Vec<_> = error.mistakes().iter().map(|m| m.setting.as_str()).collect();
        for setting in [
            "bootstrap_servers",
            "topic_prefix",
            "partitions",
            "replication",
            "properties.\"linger.ms\"",
            "properties.\"no.such.thing\"",
        ] {
            assert!(named.contains(&setting), "{setting} not in {error}");
        }
        assert!(error.to_string().contains("no property of this name"), "{error}");
    }

    #[test]
    fn a_contradiction_is_found_without_a_network() {
        let text = complaint(&[
            ("security.protocol", "ssl"),
            ("ssl.ca.location", "/does/not/exist"),
        ]);
        assert!(text.contains("ssl.ca.location"), "{text}");
    }

    #[test]
    fn secrets_stay_out_of_errors_and_debug() {
        let secret = "hunter2hunter2";
        for properties in [
            vec![("sasl.password", "hunter2hunter2\0")],
            vec![("security.protocol", "ssl"), ("ssl.key.pem", secret)],
            vec![
                ("security.protocol", "ssl"),
                ("ssl.keystore.location", "/no"),
                ("ssl.keystore.password", secret),
            ],
        ] {
            let text = complaint(&properties);
            assert!(!text.contains(secret), "{text}");
            let debug = format!("{:?}", settings(&properties));
            assert!(!debug.contains(secret), "{debug}");
        }
    }
}
