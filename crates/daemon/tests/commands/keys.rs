//! Every key of the design: it works, or it is refused as not there yet; never accepted and ignored. From the file and from
//! the environment.

use std::path::Path;

use crate::support::birdfeed;
use crate::{Ended, check, end};

/// A section; a line of it; the same as a variable and its value; whether it works.
type Row = (&'static str, &'static str, &'static str, &'static str, bool);

const STREAM: &[Row] = &[
    ("stream", "name = \"a\"", "NAME", "a", true),
    ("stream", "endpoint = \"search\"", "ENDPOINT", "search", true),
    ("stream", "endpoint = \"sample\"", "ENDPOINT", "sample", true),
    ("stream", "endpoint = \"sample10\"", "ENDPOINT", "sample10", false),
    ("stream", "endpoint = \"firehose\"", "ENDPOINT", "firehose", false),
    (
        "stream",
        "endpoint = \"firehose-lang\"",
        "ENDPOINT",
        "firehose-lang",
        false,
    ),
    (
        "stream",
        "endpoint = \"tweets-compliance\"",
        "ENDPOINT",
        "tweets-compliance",
        false,
    ),
    (
        "stream",
        "endpoint = \"v1-filter\"",
        "ENDPOINT",
        "v1-filter",
        false,
    ),
    (
        "stream",
        "endpoint = \"v1-sample\"",
        "ENDPOINT",
        "v1-sample",
        false,
    ),
    (
        "stream",
        "base_url = \"https://api.twitter.com\"",
        "BASE_URL",
        "https://api.twitter.com",
        true,
    ),
    (
        "stream",
        "allow_custom_host = true",
        "ALLOW_CUSTOM_HOST",
        "true",
        true,
    ),
    (
        "stream",
        "bearer_token_file = \"x-token\"",
        "BEARER_TOKEN_FILE",
        "x-token",
        true,
    ),
    (
        "stream",
        "max_retries = \"unlimited\"",
        "MAX_RETRIES",
        "unlimited",
        true,
    ),
    ("stream", "max_retries = 5", "MAX_RETRIES", "5", true),
    ("stream", "backfill = \"off\"", "BACKFILL", "off", true),
    ("stream", "backfill = \"auto\"", "BACKFILL", "auto", false),
    ("stream", "backfill = 5", "BACKFILL", "5", true),
    ("stream", "dedupe = \"off\"", "DEDUPE", "off", true),
    ("stream", "dedupe = \"drop\"", "DEDUPE", "drop", false),
    ("stream", "dedupe = \"mark\"", "DEDUPE", "mark", false),
    (
        "stream.fields",
        "tweet = [\"created_at\", \"author_id\"]",
        "TWEET",
        "created_at,author_id",
        true,
    ),
    ("stream.fields", "user = [\"username\"]", "USER", "username", true),
    ("stream.fields", "media = [\"url\"]", "MEDIA", "url", true),
    ("stream.fields", "poll = [\"options\"]", "POLL", "options", true),
    ("stream.fields", "place = [\"country\"]", "PLACE", "country", true),
    (
        "stream.fields",
        "expansions = [\"author_id\"]",
        "EXPANSIONS",
        "author_id",
        true,
    ),
    ("rules", "file = \"rules.toml\"", "FILE", "rules.toml", false),
    ("rules", "mode = \"off\"", "MODE", "off", true),
    ("rules", "mode = \"check\"", "MODE", "check", false),
    ("rules", "mode = \"apply\"", "MODE", "apply", false),
    ("rules", "prune = true", "PRUNE", "true", false),
];

const REST: &[Row] = &[
    ("lanes", "prefix = \"y.\"", "PREFIX", "y.", true),
    (
        "lanes",
        "enabled = [\"tweets\", \"responses\"]",
        "ENABLED",
        "tweets,responses",
        true,
    ),
    ("journal", "dir = \"j\"", "DIR", "j", true),
    ("journal", "max_bytes = \"8GiB\"", "MAX_BYTES", "8GiB", true),
    (
        "journal",
        "durability = \"process\"",
        "DURABILITY",
        "process",
        true,
    ),
    (
        "journal",
        "durability = \"adaptive\"",
        "DURABILITY",
        "adaptive",
        true,
    ),
    ("journal", "durability = \"strict\"", "DURABILITY", "strict", true),
    ("journal", "when_full = \"pause\"", "WHEN_FULL", "pause", true),
    (
        "journal",
        "when_full = \"drop-newest\"",
        "WHEN_FULL",
        "drop-newest",
        true,
    ),
    (
        "kafka",
        "bootstrap_servers = \"b:1\"",
        "BOOTSTRAP_SERVERS",
        "b:1",
        true,
    ),
    ("kafka", "create_topics = false", "CREATE_TOPICS", "false", true),
    ("kafka", "partitions = 6", "PARTITIONS", "6", true),
    ("kafka", "replication = 3", "REPLICATION", "3", true),
    (
        "kafka",
        "headers = \"cloudevents\"",
        "HEADERS",
        "cloudevents",
        true,
    ),
    (
        "kafka",
        "properties = { \"compression.type\" = \"lz4\" }",
        "PROPERTIES__COMPRESSION_TYPE",
        "lz4",
        true,
    ),
    (
        "kafka",
        "properties_file = \"kafka.properties\"",
        "PROPERTIES_FILE",
        "kafka.properties",
        true,
    ),
    (
        "amqp",
        "url = \"amqp://guest:guest@localhost:5672/%2f\"",
        "URL",
        "amqp://guest:guest@localhost:5672/%2f",
        true,
    ),
    ("amqp", "exchange = \"y\"", "EXCHANGE", "y", true),
    ("amqp", "declare = false", "DECLARE", "false", true),
    ("amqp", "headers = \"minimal\"", "HEADERS", "minimal", true),
    ("file", "dir = \"lanes\"", "DIR", "lanes", true),
    ("file", "name = \"archive\"", "NAME", "archive", true),
    ("file", "rotate_bytes = \"1GiB\"", "ROTATE_BYTES", "1GiB", true),
    ("file", "rotate_every = \"1day\"", "ROTATE_EVERY", "1day", true),
    ("admin", "listen = \"127.0.0.1:1\"", "LISTEN", "127.0.0.1:1", true),
    ("admin", "listen = \"off\"", "LISTEN", "off", true),
    ("log", "format = \"json\"", "FORMAT", "json", true),
    (
        "log",
        "level = \"debug,stream_core=trace\"",
        "LEVEL",
        "debug,stream_core=trace",
        true,
    ),
    ("shutdown", "drain = \"5s\"", "DRAIN", "5s", true),
];

/// What a sink of this kind needs besides `line`.
fn needed(kind: &str, line: &str) -> Vec<(&'static str, &'static str)> {
    let needed: &[_] = match kind {
        "kafka" => &[("type", "kafka"), ("bootstrap_servers", "a:1")],
        "amqp" => &[("type", "amqp"), ("url", "amqp://localhost")],
        "file" => &[("type", "file")],
        _ => &[],
    };
    let others = needed
        .iter()
        .filter(|(key, _)| !line.starts_with(&format!("{key} ")));
    others.copied().collect()
}

fn from_file(dir: &Path, (section, line, ..): Row) -> Ended {
    let needed = needed(section, line);
    let needed: String = needed
        .iter()
        .map(|(key, value)| format!("{key} = {value:?}\n"))
        .collect();
    let header = if needed.is_empty() {
        format!("[{section}]")
    } else {
        "[[sink]]".to_owned()
    };
    check(dir, &format!("{header}\n{line}\n{needed}"))
}

fn from_environment(dir: &Path, (section, line, key, value, _): Row) -> Ended {
    let needed = needed(section, line);
    let prefix = if needed.is_empty() {
        format!("BIRDFEED__{}__", section.replace('.', "__").to_uppercase())
    } else {
        "BIRDFEED__SINK__0__".to_owned()
    };
    let mut command = birdfeed();
    command
        .current_dir(dir)
        .arg("check")
        .env("X_BEARER_TOKEN", "secret-token");
    for (key, value) in needed {
        command.env(format!("{prefix}{}", key.to_uppercase()), value);
    }
    end(command.env(format!("{prefix}{key}"), value))
}

#[test]
fn each_works_or_is_not_there_yet() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x-token"), "secret-token\n").unwrap();
    std::fs::write(dir.path().join("kafka.properties"), "linger.ms=5\n").unwrap();
    for row in STREAM.iter().chain(REST) {
        let (section, line, key, _, works) = *row;
        let name = line.split(' ').next().unwrap();
        let outcomes = [
            (from_file(dir.path(), *row), "birdfeed.toml:2:1: ".to_owned()),
            (from_environment(dir.path(), *row), format!("__{key}: ")),
        ];
        for (ended, place) in outcomes {
            if works {
                assert_eq!(ended.code, Some(0), "{line}: {ended:#?}");
            } else {
                let refusal = format!("{place}{section}.{name}: ");
                ended.expect(
                    64,
                    &[&refusal, "is not there yet\n", "1 problem in the configuration\n"],
                );
            }
        }
    }
}
