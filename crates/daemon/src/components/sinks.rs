//! The keys of `[[sink]]`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use sink_kafka::KafkaSink;
use stream_core::cloudevents::Headers;
use stream_core::model::Lane;

use crate::config::section::Section;
use crate::config::tree::Origin;
use crate::config::{Sink, SinkSettings, units};

/// What all sinks are told.
pub(super) struct Common {
    /// Goes before a lane's name.
    pub(super) prefix: String,
    /// The lanes that are switched on.
    pub(super) lanes: Vec<Lane>,
    /// `CloudEvents`' `source`.
    pub(super) event_source: String,
}

/// Reads the sinks; without any, files in `./birdfeed-data/lanes`.
pub(super) fn read(sections: Vec<Section>, common: &Common) -> Option<Vec<Sink>> {
    if sections.is_empty() {
        let settings = SinkSettings::File(sink_file::Settings::new("./birdfeed-data/lanes"));
        return Some(vec![Sink {
            name: "file".to_owned(),
            settings,
        }]);
    }
    let mut sinks: Vec<Sink> = Vec::new();
    let mut all = true;
    for section in sections {
        match sink(section, &sinks, common) {
            Some(sink) => sinks.push(sink),
            None => all = false,
        }
    }
    all.then_some(sinks)
}

fn sink(mut section: Section, others: &[Sink], common: &Common) -> Option<Sink> {
    if !section.has("type") {
        section.missing("type", "one of: kafka, amqp, file");
    }
    let kind = section.choice("type", &["kafka", "amqp", "file"].map(|kind| (kind, kind)))?;
    let name = name(&mut section, kind, others);
    let settings = match kind {
        "kafka" => kafka(&mut section, common).map(SinkSettings::Kafka),
        "amqp" => amqp(&mut section, common).map(SinkSettings::Amqp),
        _ => Some(SinkSettings::File(file(&mut section, others))),
    };
    section.finish();
    Some(Sink {
        name,
        settings: settings?,
    })
}

fn file(section: &mut Section, others: &[Sink]) -> sink_file::Settings {
    let dir = section
        .path("dir")
        .map_or_else(|| "./birdfeed-data/lanes".into(), |(dir, _)| dir);
    if others.iter().any(|sink| writes_to(sink, &dir)) {
        let message = format!("{} is an earlier sink's folder", dir.display());
        section.note(section.origin_of("dir"), "dir", message, "give each its own");
    }
    let mut settings = sink_file::Settings::new(dir);
    let bytes = section.parsed("rotate_bytes", "\"256MiB\"", units::bytes);
    settings.rotate_bytes = bytes.unwrap_or(settings.rotate_bytes);
    let every = section.parsed("rotate_every", "\"1h\"", units::duration);
    settings.rotate_every = every.unwrap_or(settings.rotate_every);
    settings
}

fn writes_to(sink: &Sink, dir: &PathBuf) -> bool {
    matches!(&sink.settings, SinkSettings::File(settings) if settings.dir == *dir)
}

/// The given name, or the kind's with a number if it is taken.
fn name(section: &mut Section, kind: &str, others: &[Sink]) -> String {
    let taken = |name: &str| others.iter().any(|sink| sink.name == name);
    if let Some((name, origin)) = section.text("name") {
        if taken(&name) {
            section.note(
                origin,
                "name",
                format!("{name:?} is taken by an earlier sink"),
                "give each its own",
            );
        } else if name.is_empty()
            || !name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        {
            let message = format!("{name:?} is no name");
            section.note(origin, "name", message, "letters, digits, '-', '_' and '.'");
        }
        return name;
    }
    let numbered = (2..).map(|number| format!("{kind}-{number}"));
    std::iter::once(kind.to_owned())
        .chain(numbered)
        .find(|name| !taken(name))
        .unwrap_or_default()
}

fn headers(section: &mut Section) -> Headers {
    let choices = [
        ("minimal", Headers::Minimal),
        ("cloudevents", Headers::CloudEvents),
    ];
    section.choice("headers", &choices).unwrap_or_default()
}

fn kafka(section: &mut Section, common: &Common) -> Option<sink_kafka::Settings> {
    if !section.has("bootstrap_servers") {
        let hint = "for example bootstrap_servers = \"localhost:9092\"";
        section.missing("bootstrap_servers", hint);
    }
    let bootstrap_servers = section.text("bootstrap_servers").map(|(servers, _)| servers);
    let partitions = section.number("partitions", 1..=i64::from(i32::MAX));
    let replication = section.number("replication", 1..=i64::from(i16::MAX));
    let mut properties = properties_file(section).unwrap_or_default();
    let mut origins = BTreeMap::new();
    for (name, value, origin) in section.section("properties").rest() {
        origins.insert(format!("properties.{name:?}"), origin);
        properties.insert(name, value);
    }
    let settings = sink_kafka::Settings {
        create_topics: section.flag("create_topics").unwrap_or(true),
        headers: headers(section),
        bootstrap_servers: bootstrap_servers?,
        topic_prefix: common.prefix.clone(),
        partitions: partitions.and_then(|count| i32::try_from(count).ok()),
        replication: replication.and_then(|count| i32::try_from(count).ok()),
        properties,
        event_source: common.event_source.clone(),
        lanes: common.lanes.clone(),
    };
    if let Err(error) = KafkaSink::new(settings.clone()) {
        for mistake in error.mistakes() {
            let setting = &mistake.setting;
            let key = if setting.starts_with("properties.") {
                "properties_file"
            } else {
                setting
            };
            let origin = origins.get(setting).cloned();
            let origin = origin.unwrap_or_else(|| section.origin_of(key));
            let hint = "librdkafka's CONFIGURATION.md lists its properties";
            section.note(origin, setting, &mistake.reason, hint);
        }
        return None;
    }
    Some(settings)
}

/// Properties as `name=value` lines: for secrets, which may not stand in the configuration.
fn properties_file(section: &mut Section) -> Option<BTreeMap<String, String>> {
    let (path, origin) = section.path("properties_file")?;
    let text = read_secret(section, "properties_file", &path, &origin)?;
    let mut properties = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, value)) = line.split_once('=') {
            properties.insert(name.trim().to_owned(), value.trim().to_owned());
        } else {
            let message = format!("{}: line {} is not name=value", path.display(), at + 1);
            section.note(origin.clone(), "properties_file", message, "one property a line");
        }
    }
    Some(properties)
}

fn amqp(section: &mut Section, common: &Common) -> Option<sink_amqp::Settings> {
    let url = amqp_url(section);
    let exchange = section.text("exchange").map(|(exchange, _)| exchange);
    let declare = section.flag("declare");
    let ca_file = section.path("ca_file").map(|(path, _)| path);
    let headers = headers(section);
    let mut settings = sink_amqp::Settings::new(url?);
    settings.exchange = exchange.unwrap_or(settings.exchange);
    settings.declare = declare.unwrap_or(settings.declare);
    settings.ca_file = ca_file;
    settings.headers = headers;
    settings.prefix.clone_from(&common.prefix);
    settings.event_source.clone_from(&common.event_source);
    settings.lanes.clone_from(&common.lanes);
    if let Err(error) = sink_amqp::AmqpSink::new(settings.clone()) {
        let text = error.to_string();
        let (setting, reason) = text.split_once(": ").unwrap_or(("url", &text));
        let hint = "for example amqp://user:password@host:5672/%2f";
        section.note(section.origin_of(setting), setting, reason, hint);
        return None;
    }
    Some(settings)
}

/// The URL, from one of two keys.
fn amqp_url(section: &mut Section) -> Option<SecretString> {
    if !section.has("url") && !section.has("url_file") {
        let hint = "for example url = \"amqp://guest:guest@localhost:5672/%2f\", or name a url_file";
        section.missing("url", hint);
    }
    match (section.text("url"), section.path("url_file")) {
        (Some(_), Some((_, origin))) => {
            section.note(origin, "url_file", "stands beside a url", "leave one of them out");
            None
        }
        (Some((url, _)), None) => Some(url.into()),
        (None, Some((path, origin))) => {
            let url = read_secret(section, "url_file", &path, &origin)?;
            Some(url.trim().into())
        }
        (None, None) => None,
    }
}

fn read_secret(section: &Section, key: &str, path: &Path, origin: &Origin) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            let message = format!("{} cannot be read: {error}", path.display());
            section.note(
                origin.clone(),
                key,
                message,
                "the daemon's user must be able to read it",
            );
            None
        }
    }
}
