//! Validation without a network: settings become what librdkafka takes, or every mistake is told.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;
use rdkafka::types::RDKafkaConfRes;
use stream_core::sink::{Mistake, SettingsError};

use crate::property;
use crate::settings::Settings;

/// The whole configuration for librdkafka, or every mistake in `settings` at once.
pub(crate) fn client_config(settings: &Settings) -> Result<ClientConfig, SettingsError> {
    let mut mistakes = Vec::new();
    check_servers(&settings.bootstrap_servers, &mut mistakes);
    settings.check_topics(&mut mistakes);
    for (name, value) in &settings.properties {
        mistakes.extend(property_mistake(name, value));
    }
    SettingsError::check(mistakes)?;
    let mut config = ClientConfig::new();
    for (name, value) in property::DEFAULTS {
        config.set(*name, *value);
    }
    for (name, value) in &settings.properties {
        config.set(property::canonical(name), value);
    }
    config.set_log_level(RDKafkaLogLevel::Info);
    check_together(&config, &settings.properties)?;
    config.set("metadata.broker.list", &settings.bootstrap_servers);
    Ok(config)
}

fn check_servers(servers: &str, mistakes: &mut Vec<Mistake>) {
    if servers.split(',').any(|server| server.trim().is_empty()) {
        mistakes.push(Mistake::new(
            "bootstrap_servers",
            "wants host:port, several joined by commas",
        ));
    }
    if let Err(error) = native("metadata.broker.list", servers) {
        mistakes.push(Mistake::new("bootstrap_servers", error.1));
    }
}

/// Some mistakes show only when librdkafka sees everything together and reads the files. Without servers it
/// connects to nothing.
fn check_together(config: &ClientConfig, properties: &BTreeMap<String, String>) -> Result<(), SettingsError> {
    match config.create::<BaseProducer>() {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = match error {
                KafkaError::ClientCreation(reason) | KafkaError::ClientConfig(_, reason, ..) => reason,
                other => other.to_string(),
            };
            let reason = property::scrub(reason, properties);
            Err(Mistake::new("properties", reason).into())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(properties: &[(&str, &str)]) -> Settings {
        Settings {
            properties: properties
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Settings::new("127.0.0.1:9092")
        }
    }

    fn complaint(properties: &[(&str, &str)]) -> String {
        client_config(&settings(properties)).unwrap_err().to_string()
    }

    #[test]
    fn our_defaults_pass_and_a_user_s_alias_replaces_them() {
        let config = client_config(&settings(&[("compression.type", "zstd"), ("linger.ms", "1")])).unwrap();
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
        assert!(client_config(&same).is_ok());
    }

    #[test]
    fn every_mistake_comes_at_once() {
        let mut settings = settings(&[("no.such.thing", "1"), ("linger.ms", "soon")]);
        settings.bootstrap_servers = String::new();
        settings.topic_prefix = "x/".to_owned();
        settings.partitions = Some(0);
        settings.replication = Some(-1);
        let error = client_config(&settings).unwrap_err();
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
