//! Every key of the design: it works, or it is refused as not there yet; never accepted and ignored. From the file and from
//! the environment.

use std::path::Path;

use super::{Ended, check, end};
use crate::support::birdfeed;

/// A section, or the type of a sink; a line of it; the same in the environment; whether it works, or comes later.
const KEYS: &str = r#"
stream        | name = "a"                                          | NAME=a                                          | works
stream        | endpoint = "search"                                 | ENDPOINT=search                                 | works
stream        | endpoint = "sample"                                 | ENDPOINT=sample                                 | works
stream        | endpoint = "labels"                                 | ENDPOINT=labels                                 | works
stream        | endpoint = "likes-compliance"                       | ENDPOINT=likes-compliance                       | works
stream        | endpoint = "activity"                               | ENDPOINT=activity                               | works
stream        | endpoint = "powerstream"                            | ENDPOINT=powerstream                            | works
stream        | base_url = "https://api.twitter.com"                | BASE_URL=https://api.twitter.com                | works
stream        | allow_custom_host = true                            | ALLOW_CUSTOM_HOST=true                          | works
stream        | bearer_token_file = "x-token"                       | BEARER_TOKEN_FILE=x-token                       | works
stream        | proxy = "off"                                       | PROXY=off                                       | works
stream        | proxy = "env"                                       | PROXY=env                                       | works
stream        | proxy = "socks5h://proxy:1080"                      | PROXY=http://proxy:3128                         | works
stream        | proxy_file = "proxy"                                | PROXY_FILE=proxy                                | works
stream        | compression = "off"                                 | COMPRESSION=off                                 | works
stream        | http = "2"                                          | HTTP=2                                          | works
stream        | ip = "6"                                            | IP=6                                            | works
stream        | user_agent = "acme/1.0"                             | USER_AGENT=acme/1.0                             | works
stream        | max_retries = "unlimited"                           | MAX_RETRIES=unlimited                           | works
stream        | max_retries = 5                                     | MAX_RETRIES=5                                   | works
stream        | backfill = "off"                                    | BACKFILL=off                                    | works
stream        | backfill = "auto"                                   | BACKFILL=auto                                   | works
stream        | backfill = 5                                        | BACKFILL=5                                      | works
stream        | too_many_connections = "wait"                       | TOO_MANY_CONNECTIONS=wait                       | works
stream        | too_many_connections = "close"                      | TOO_MANY_CONNECTIONS=close                      | works
stream        | usage_every = "1h"                                  | USAGE_EVERY=1h                                  | works
stream        | usage_every = "off"                                 | USAGE_EVERY=off                                 | works
stream        | dedupe = "off"                                      | DEDUPE=off                                      | works
stream        | dedupe = "drop"                                     | DEDUPE=drop                                     | works
stream        | dedupe = "mark"                                     | DEDUPE=mark                                     | works
stream        | recovery = "on"                                     | RECOVERY=on                                     | works
stream.fields | tweet = ["created_at", "author_id"]                 | TWEET=created_at,author_id                      | works
stream.fields | user = ["username"]                                 | USER=username                                   | works
stream.fields | media = ["url"]                                     | MEDIA=url                                       | works
stream.fields | poll = ["options"]                                  | POLL=options                                    | works
stream.fields | place = ["country"]                                 | PLACE=country                                   | works
stream.fields | expansions = ["author_id"]                          | EXPANSIONS=author_id                            | works
rules         | file = "rules.toml"                                 | FILE=rules.toml                                 | works
rules         | mode = "off"                                        | MODE=off                                        | works
rules         | mode = "check"                                      | MODE=check                                      | works
rules         | mode = "apply"                                      | MODE=apply                                      | works
rules         | prune = true                                        | PRUNE=true                                      | works
rules         | tag_prefix = "zoo:"                                 | TAG_PREFIX=zoo:                                 | works
rules         | every = "1min"                                      | EVERY=1min                                      | works
lanes         | prefix = "y."                                       | PREFIX=y.                                       | works
lanes         | enabled = ["tweets", "responses"]                   | ENABLED=tweets,responses                        | works
lanes.tweets  | on_stuck = "hold"                                   | ON_STUCK=hold                                   | works
journal       | dir = "j"                                           | DIR=j                                           | works
journal       | max_bytes = "8GiB"                                  | MAX_BYTES=8GiB                                  | works
journal       | durability = "process"                              | DURABILITY=process                              | works
journal       | durability = "adaptive"                             | DURABILITY=adaptive                             | works
journal       | durability = "strict"                               | DURABILITY=strict                               | works
journal       | when_full = "pause"                                 | WHEN_FULL=pause                                 | works
journal       | when_full = "drop-newest"                           | WHEN_FULL=drop-newest                           | works
kafka         | bootstrap_servers = "b:1"                           | BOOTSTRAP_SERVERS=b:1                           | works
kafka         | create_topics = false                               | CREATE_TOPICS=false                             | works
kafka         | partitions = 6                                      | PARTITIONS=6                                    | works
kafka         | replication = 3                                     | REPLICATION=3                                   | works
kafka         | headers = "cloudevents"                             | HEADERS=cloudevents                             | works
kafka         | properties = { "compression.type" = "lz4" }         | PROPERTIES__COMPRESSION_TYPE=lz4                | works
kafka         | properties_file = "kafka.properties"                | PROPERTIES_FILE=kafka.properties                | works
amqp          | url = "amqp://guest:guest@localhost:5672/%2f"       | URL=amqp://guest:guest@localhost:5672/%2f       | works
amqp          | verify_bytes = "1GiB"                               | VERIFY_BYTES=1GiB                               | works
amqp          | url_file = "amqp-url"                               | URL_FILE=amqp-url                               | works
amqp          | cert_file = "bird.pem"                              | CERT_FILE=bird.pem                              | works
amqp          | key_file = "bird.key"                               | KEY_FILE=bird.key                               | works
amqp          | exchange = "y"                                      | EXCHANGE=y                                      | works
amqp          | declare = false                                     | DECLARE=false                                   | works
amqp          | headers = "minimal"                                 | HEADERS=minimal                                 | works
file          | dir = "lanes"                                       | DIR=lanes                                       | works
file          | name = "archive"                                    | NAME=archive                                    | works
file          | rotate_bytes = "1GiB"                               | ROTATE_BYTES=1GiB                               | works
file          | rotate_every = "1day"                               | ROTATE_EVERY=1day                               | works
file          | envelope = true                                     | ENVELOPE=true                                   | works
file          | keep_for = "30days"                                 | KEEP_FOR=30days                                 | works
file          | keep_bytes = "for ever"                             | KEEP_BYTES=100GiB                               | works
file          | mode = "0640"                                       | MODE=0640                                       | works
admin         | listen = "127.0.0.1:1"                              | LISTEN=127.0.0.1:1                              | works
admin         | tap = true                                          | TAP=true                                        | works
admin         | listen = "off"                                      | LISTEN=off                                      | works
traces        | otlp = "off"                                        | OTLP=off                                        | works
traces        | otlp = "http://127.0.0.1:4318"                      | OTLP=http://127.0.0.1:4318                      | works
log           | format = "json"                                     | FORMAT=json                                     | works
log           | level = "debug,stream_core=trace"                   | LEVEL=debug,stream_core=trace                   | works
shutdown      | drain = "5s"                                        | DRAIN=5s                                        | works
"#;

/// What this section, or a sink of this kind, needs besides `line`.
fn needed(kind: &str, line: &str) -> Vec<(&'static str, &'static str)> {
    let needed: &[_] = match kind {
        "kafka" => &[("type", "kafka"), ("bootstrap_servers", "a:1")],
        "amqp" if line.starts_with("cert_file") || line.starts_with("key_file") => &[
            ("type", "amqp"),
            ("url", "amqps://localhost"),
            ("cert_file", "bird.pem"),
            ("key_file", "bird.key"),
        ],
        "amqp" => &[("type", "amqp"), ("url", "amqp://localhost")],
        "file" => &[("type", "file")],
        "rules" if line.starts_with("mode") => &[("file", "rules.toml")],
        _ => &[],
    };
    let others = needed.iter().filter(|(key, _)| !line.starts_with(key));
    others.copied().collect()
}

fn is_sink(section: &str) -> bool {
    matches!(section, "kafka" | "amqp" | "file")
}

fn from_file(dir: &Path, section: &str, line: &str) -> Ended {
    let needed = needed(section, line);
    let needed: String = needed
        .iter()
        .map(|(key, value)| format!("{key} = {value:?}\n"))
        .collect();
    let header = if is_sink(section) {
        "[[sink]]".to_owned()
    } else {
        format!("[{section}]")
    };
    check(dir, &format!("{header}\n{line}\n{needed}"))
}

fn from_environment(dir: &Path, section: &str, line: &str, (key, value): (&str, &str)) -> Ended {
    let needed = needed(section, line);
    let prefix = if is_sink(section) {
        "BIRDFEED__SINK__0__".to_owned()
    } else {
        format!("BIRDFEED__{}__", section.replace('.', "__").to_uppercase())
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
    std::fs::write(dir.path().join("proxy"), "http://bird:s3cret@proxy:3128\n").unwrap();
    std::fs::write(dir.path().join("kafka.properties"), "linger.ms=5\n").unwrap();
    std::fs::write(
        dir.path().join("rules.toml"),
        "[[rule]]\nvalue = \"cats has:images\"\n",
    )
    .unwrap();
    std::fs::write(dir.path().join("amqp-url"), "amqp://localhost\n").unwrap();
    for row in KEYS.lines().filter(|row| !row.is_empty()) {
        let [section, line, variable, verdict] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let [section, line, variable] = [section, line, variable].map(str::trim);
        let (key, value) = variable.split_once('=').unwrap();
        let name = line.split(' ').next().unwrap();
        let outcomes = [
            (
                from_file(dir.path(), section, line),
                "birdfeed.toml:2:1: ".to_owned(),
            ),
            (
                from_environment(dir.path(), section, line, (key, value)),
                format!("__{key}: "),
            ),
        ];
        for (ended, place) in outcomes {
            if verdict == "works" {
                assert_eq!(ended.code, Some(0), "{row}: {ended:#?}");
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
