//! `[[sink]] type = "kafka"`: Kafka and what speaks its protocol.

use std::collections::BTreeMap;
use std::sync::Arc;

use sink_kafka::{KafkaSink, Settings};
use stream_core::sink::{Mistake, Sink};

use super::sink::{SinkContext, headers};
use crate::config::{Entries, Origin, Section};

pub(super) fn build(section: &mut Section, context: &mut SinkContext) -> Option<Arc<dyn Sink>> {
    let hint = "for example bootstrap_servers = \"localhost:9092\"";
    section.require("bootstrap_servers", hint);
    let bootstrap_servers = section.text("bootstrap_servers");
    let partitions = section.number("partitions", 1..=i32::MAX);
    let replication = section.number("replication", 1..=i32::from(i16::MAX));
    let mut properties = properties_file(section);
    let (mut origins, named) = (BTreeMap::new(), section.section("properties", properties_of));
    for (name, (value, origin)) in named {
        origins.insert(format!("properties.{name:?}"), origin);
        properties.insert(name, value);
    }
    let settings = Settings {
        create_topics: section.flag("create_topics").unwrap_or(true),
        headers: headers(section),
        bootstrap_servers: bootstrap_servers?,
        topic_prefix: context.prefix.clone(),
        partitions,
        replication,
        properties,
        event_source: context.event_source.clone(),
        lanes: context.lanes.clone(),
    };
    match KafkaSink::new(settings) {
        Ok(sink) => Some(Arc::new(sink)),
        Err(error) => {
            for mistake in error.mistakes() {
                note(section, mistake, &origins);
            }
            None
        }
    }
}

/// Property names have dots, which no variable's name can have.
fn properties_of(section: &mut Section) -> Entries {
    section.entries(|variable| variable.replace('_', "."))
}

/// Properties as `name=value` lines: for secrets, which may not stand in the configuration.
fn properties_file(section: &mut Section) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let Some(path) = section.path("properties_file") else {
        return properties;
    };
    let text = section.contents("properties_file", &path).unwrap_or_default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, value)) = line.split_once('=') {
            properties.insert(name.trim().to_owned(), value.trim().to_owned());
        } else {
            let message = format!("{}: line {} is not name=value", path.display(), at + 1);
            section.note("properties_file", message, "one property a line");
        }
    }
    properties
}

/// A property stands where it is set, or in the file of properties.
fn note(section: &Section, mistake: &Mistake, origins: &BTreeMap<String, Origin>) {
    let setting = &mistake.setting;
    let key = if setting.starts_with("properties.") {
        "properties_file"
    } else {
        setting
    };
    let origin = origins.get(setting).cloned();
    let origin = origin.unwrap_or_else(|| section.origin_of(key));
    let hint = "librdkafka's CONFIGURATION.md lists its properties";
    section.note_at(origin, setting, &mistake.reason, hint);
}
