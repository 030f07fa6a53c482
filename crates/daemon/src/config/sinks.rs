//! The keys of `[[sink]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use stream_core::cloudevents::Headers;

use super::section::Section;
use super::tree::Origin;
use super::{Properties, Sink, SinkKind, units};

/// Reads the sinks; without any, files in `./birdfeed-data/lanes`.
pub(super) fn read(sections: Vec<Section>) -> Option<Vec<Sink>> {
    if sections.is_empty() {
        return Some(vec![Sink { name: "file".to_owned(), kind: files(None, None, None) }]);
    }
    let mut sinks: Vec<Sink> = Vec::new();
    let mut all = true;
    for section in sections {
        match sink(section, &sinks) {
            Some(sink) => sinks.push(sink),
            None => all = false,
        }
    }
    all.then_some(sinks)
}

fn sink(mut section: Section, others: &[Sink]) -> Option<Sink> {
    let kinds = [("kafka", "kafka"), ("amqp", "amqp"), ("file", "file")];
    let before = section.notes();
    let kind = section.choice("type", &kinds);
    if kind.is_none() && section.notes() == before {
        section.missing("type", "one of: kafka, amqp, file");
    }
    let name = name(&mut section, kind?, others);
    let settings = match kind? {
        "kafka" => kafka(&mut section),
        "amqp" => amqp(&mut section),
        _ => {
            let dir = section.path("dir").map(|(dir, _)| dir);
            let bytes = section.parsed("rotate_bytes", "\"256MiB\"", units::bytes);
            let every = section.parsed("rotate_every", "\"1h\"", units::duration);
            Some(files(dir, bytes, every))
        }
    };
    section.finish();
    Some(Sink { name, kind: settings? })
}

fn files(dir: Option<PathBuf>, bytes: Option<u64>, every: Option<Duration>) -> SinkKind {
    SinkKind::File {
        dir: dir.unwrap_or_else(|| "./birdfeed-data/lanes".into()),
        rotate_bytes: bytes.unwrap_or(256 << 20),
        rotate_every: every.unwrap_or(Duration::from_secs(60 * 60)),
    }
}

/// The given name, or the kind's with a number if it is taken.
fn name(section: &mut Section, kind: &str, others: &[Sink]) -> String {
    let taken = |name: &str| others.iter().any(|sink| sink.name == name);
    if let Some((name, origin)) = section.text("name") {
        if taken(&name) {
            section.note(origin, "name", format!("{name:?} is taken by an earlier sink"), "give each its own");
        } else if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            let message = format!("{name:?} is no name");
            section.note(origin, "name", message, "letters, digits, '-', '_' and '.'");
        }
        return name;
    }
    let numbered = (2..).map(|number| format!("{kind}-{number}"));
    std::iter::once(kind.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

fn headers(section: &mut Section) -> Headers {
    let choices = [("minimal", Headers::Minimal), ("cloudevents", Headers::CloudEvents)];
    section.choice("headers", &choices).unwrap_or_default()
}

fn kafka(section: &mut Section) -> Option<SinkKind> {
    let bootstrap_servers = section.text("bootstrap_servers").map(|(servers, _)| servers);
    if bootstrap_servers.is_none() {
        section.missing("bootstrap_servers", "for example bootstrap_servers = \"localhost:9092\"");
    }
    let create_topics = section.flag("create_topics").unwrap_or(true);
    let partitions = section.number("partitions", 1..=i64::from(i32::MAX)).and_then(|n| i32::try_from(n).ok());
    let replication = section.number("replication", 1..=i64::from(i16::MAX)).and_then(|n| i32::try_from(n).ok());
    let mut properties = properties_file(section).unwrap_or_default();
    properties.extend(section.section("properties").rest().into_iter().map(|(name, value, _)| (name, value)));
    let headers = headers(section);
    Some(SinkKind::Kafka {
        bootstrap_servers: bootstrap_servers?,
        create_topics,
        partitions,
        replication,
        properties: Properties(properties),
        headers,
    })
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

fn amqp(section: &mut Section) -> Option<SinkKind> {
    let inline = section.text("url").map(|(url, _)| url);
    let from_file = section
        .path("url_file")
        .and_then(|(path, origin)| read_secret(section, "url_file", &path, &origin))
        .map(|url| url.trim().to_owned());
    let url = from_file.or(inline);
    let exchange = section.text("exchange").map_or_else(|| "x".to_owned(), |(exchange, _)| exchange);
    let declare = section.flag("declare").unwrap_or(true);
    let ca_file = section.path("ca_file").map(|(path, _)| path);
    let headers = headers(section);
    if url.is_none() {
        section.missing("url", "for example url = \"amqp://guest:guest@localhost:5672/%2f\", or name a url_file");
    }
    Some(SinkKind::Amqp { url: SecretString::from(url?), exchange, declare, ca_file, headers })
}

fn read_secret(section: &Section, key: &str, path: &std::path::Path, origin: &Origin) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            let message = format!("{} cannot be read: {error}", path.display());
            section.note(origin.clone(), key, message, "the daemon's user must be able to read it");
            None
        }
    }
}
