//! Validation without a network: settings become what librdkafka takes, or every mistake is told.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaConfRes;
use stream_core::sink::{Mistake, SettingsError};

use crate::property;
use crate::settings::Settings;

/// The whole configuration for librdkafka, as the settings and their files are now, or every mistake in them at once.
pub(crate) fn client_config(settings: &Settings) -> Result<ClientConfig, SettingsError> {
    Ok(checked(settings)?.0)
}

/// What works and should be known all the same, a sentence each.
pub(crate) fn warnings(settings: &Settings) -> Result<Vec<String>, SettingsError> {
    Ok(checked(settings)?.1)
}

fn checked(settings: &Settings) -> Result<(ClientConfig, Vec<String>), SettingsError> {
    let mut mistakes = Vec::new();
    check_servers(&settings.bootstrap_servers, &mut mistakes);
    settings.check_topics(&mut mistakes);
    let properties = settings.all_properties().unwrap_or_else(|error| {
        mistakes.extend_from_slice(error.mistakes());
        settings.properties.clone()
    });
    let mut names = BTreeMap::new();
    for (name, value) in &properties {
        mistakes.extend(property_mistake(name, value));
        if let Some(other) = names.insert(property::canonical(name), name) {
            let setting = format!("properties.{name:?}");
            mistakes.push(Mistake::new(
                setting,
                format!("is another name of {other:?}, which is set too"),
            ));
        }
    }
    mistakes.extend(mechanism_mistake(&properties));
    SettingsError::check(mistakes)?;
    let mut config = ClientConfig::new();
    for (name, value) in property::DEFAULTS {
        config.set(*name, *value);
    }
    for (name, value) in &properties {
        config.set(property::canonical(name), value);
    }
    config.set_log_level(log_level(&config));
    let mut warnings: Vec<_> = properties
        .iter()
        .filter_map(|(name, value)| {
            let why = property::warning(property::canonical(name), value)?;
            Some(format!("properties.{name:?} = {value:?}: {why}"))
        })
        .collect();
    warnings.extend(check_together(&config, &properties)?);
    config.set("metadata.broker.list", &settings.bootstrap_servers);
    Ok((config, warnings))
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

/// librdkafka would log in by Kerberos if nothing is said.
fn mechanism_mistake(properties: &BTreeMap<String, String>) -> Option<Mistake> {
    let says = |wanted: &str| {
        properties
            .iter()
            .find(|(name, _)| property::canonical(name) == wanted)
    };
    let (name, protocol) = says("security.protocol")?;
    let wants = protocol.to_ascii_lowercase().starts_with("sasl_") && says("sasl.mechanisms").is_none();
    wants.then(|| {
        let reason = "wants sasl.mechanism, too: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512";
        Mistake::new(format!("properties.{name:?}"), reason)
    })
}

/// How much librdkafka says: the number of `log_level`; with `debug`, everything unless that is set.
fn log_level(config: &ClientConfig) -> RDKafkaLogLevel {
    match config.get("log_level") {
        Some("0") => RDKafkaLogLevel::Emerg,
        Some("1") => RDKafkaLogLevel::Alert,
        Some("2") => RDKafkaLogLevel::Critical,
        Some("3") => RDKafkaLogLevel::Error,
        Some("4") => RDKafkaLogLevel::Warning,
        Some("5") => RDKafkaLogLevel::Notice,
        Some("7") => RDKafkaLogLevel::Debug,
        None if config.get("debug").is_some() => RDKafkaLogLevel::Debug,
        _ => RDKafkaLogLevel::Info,
    }
}

/// Hears what librdkafka says of a configuration that it takes.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl ClientContext for Heard {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == "CONFWARN" {
            let message = message.strip_prefix("[thrd:app]: ").unwrap_or(message);
            self.0.lock().push(message.to_owned());
        }
    }
}

impl ProducerContext for Heard {
    type DeliveryOpaque = ();

    fn delivery(&self, _report: &DeliveryResult<'_>, (): ()) {}
}

/// Some mistakes show only when librdkafka sees everything together and reads the files. Without servers it
/// connects to nothing. Gives what it warns of.
fn check_together(
    config: &ClientConfig,
    properties: &BTreeMap<String, String>,
) -> Result<Vec<String>, SettingsError> {
    match config.create_with_context::<_, BaseProducer<Heard>>(Heard::default()) {
        Ok(producer) => {
            // Its warnings are there from the start.
            producer.poll(Duration::ZERO);
            let heard = std::mem::take(&mut *producer.context().0.lock());
            let about_servers = |line: &String| line.contains("bootstrap.servers");
            let lines = heard.into_iter().filter(|line| !about_servers(line));
            Ok(lines.map(|line| property::scrub(line, properties)).collect())
        }
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
    let (kind, reason) = native(property::canonical(name), value).err()?;
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
            ("max.in.flight.requests.per.connection", "2"),
            ("queue.buffering.max.kbytes", "65536"),
            ("batch.size", "1000000"),
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
    fn what_this_build_cannot_do_is_said() {
        for (name, value, words) in [
            ("sasl.mechanisms", "GSSAPI", "no Kerberos"),
            ("sasl.mechanism", "OAUTHBEARER", "fetch a token"),
            ("sasl.oauthbearer.method", "oidc", "fetch a token"),
            ("sasl.mechanism", "scram", "SCRAM-SHA-512"),
            ("security.protocol", "sasl_ssl", "wants sasl.mechanism"),
            ("statistics.interval.ms", "60000", "the sink's own"),
        ] {
            let text = complaint(&[(name, value)]);
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn two_names_of_one_property_are_a_mistake() {
        let text = complaint(&[("linger.ms", "1"), ("queue.buffering.max.ms", "2")]);
        assert!(text.contains("is another name of \"linger.ms\""), "{text}");
    }

    #[test]
    fn the_properties_of_librdkafka_s_log_have_their_effect() {
        for (properties, level) in [
            (vec![], RDKafkaLogLevel::Info),
            (vec![("debug", "broker")], RDKafkaLogLevel::Debug),
            (vec![("log_level", "4")], RDKafkaLogLevel::Warning),
            (vec![("log.level", "7")], RDKafkaLogLevel::Debug),
            (
                vec![("log_level", "5"), ("debug", "all")],
                RDKafkaLogLevel::Notice,
            ),
        ] {
            let config = client_config(&settings(&properties)).unwrap();
            assert_eq!(config.log_level as i32, level as i32, "{properties:?}");
        }
        assert!(complaint(&[("log_level", "9")]).contains("log_level"));
    }

    #[test]
    fn what_is_dangerous_or_void_is_warned_of() {
        let warned = |properties: &[_]| warnings(&settings(properties)).unwrap().join("\n");
        assert_eq!(warned(&[]), "");
        assert!(
            warned(&[
                ("security.protocol", "ssl"),
                ("enable.ssl.certificate.verification", "false")
            ])
            .contains("not verified")
        );
        assert!(
            warned(&[("ssl.endpoint.identification.algorithm", "none")]).contains("need not be the broker's")
        );
        assert!(warned(&[("fetch.min.bytes", "1000")]).contains("fetch.min.bytes"));
        assert!(warned(&[("sasl.username", "bird")]).contains("sasl.username"));
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
