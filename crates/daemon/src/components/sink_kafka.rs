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
    let properties_file = section.path("properties_file");
    let properties_file = properties_file.filter(|path| !section.is_elsewhere(path));
    let (mut origins, mut properties) = (BTreeMap::new(), BTreeMap::new());
    let named = section.section("properties", properties_of);
    for (name, (value, origin)) in named {
        origins.insert(format!("properties.{name:?}"), origin);
        properties.insert(name, value);
    }
    let settings = Settings {
        create_topics: section.flag("create_topics", true),
        headers: headers(section),
        bootstrap_servers: bootstrap_servers?,
        topic_prefix: context.prefix.clone(),
        partitions,
        replication,
        properties,
        properties_file,
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
