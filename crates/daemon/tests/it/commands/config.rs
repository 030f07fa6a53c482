//! `birdfeed config`: what is in force, from where, and without its secrets; the schema, which passes what `check` passes.

use std::path::Path;

use serde_json::Value;

use super::{check, end};
use crate::support::birdfeed;

const SCHEMA: &str = include_str!("../../../../../docs/config.schema.json");

fn at(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn it_is_shown_where_each_value_comes_from_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let toml = "[stream]\nproxy_file = \"proxy\"\n[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1\"\n\
                properties = { \"linger.ms\" = 7, \"sasl.password\" = \"s3cret\" }\n\
                [[sink]]\ntype = \"amqp\"\nurl = \"amqp://bird:s3cret@localhost:5672/%2f\"\n";
    std::fs::write(dir.path().join("birdfeed.toml"), toml).unwrap();
    let shown = end(birdfeed()
        .current_dir(dir.path())
        .args(["config", "show", "--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "s3cret")
        .env("BIRDFEED__LOG__LEVEL", "debug")
        .env("BIRDFEED__SINK__0__PROPERTIES__SSL_KEY_PASSWORD", "s3cret"));
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    assert!(!format!("{shown:?}").contains("s3cret"), "{shown:#?}");
    let lines: Vec<_> = shown
        .out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "stream.name = \"main\" # default",
        "stream.proxy_file = \"proxy\" # birdfeed.toml:2:1",
        "stream.backfill = \"auto\" # default",
        "log.level = \"debug\" # environment BIRDFEED__LOG__LEVEL",
        "sink.0.properties.linger.ms = 7 # birdfeed.toml:6:16",
        "sink.0.properties.sasl.password = (secret) # birdfeed.toml:6:33",
        "sink.0.create_topics = true # default",
        "sink.1.url = \"amqp://(secret)@localhost:5672/%2f\" # birdfeed.toml:9:1",
        "X_BEARER_TOKEN = (secret) # environment",
    ] {
        assert!(lines.iter().any(|shown| shown == line), "no {line} in {lines:#?}");
    }
    assert!(lines.last().unwrap().starts_with("not set: "), "{lines:#?}");
    // What is wrong is told too, and what is right is shown.
    let wrong = end(birdfeed()
        .args(["config", "show"])
        .env("BIRDFEED__LOG__LEVEL", "lots"));
    wrong.expect(64, &["log.level: \"lots\""]);
    assert!(wrong.out.contains("admin.listen = "), "{wrong:#?}");
}

#[test]
fn variables_are_listed_those_that_are_set_with_their_values() {
    let listed = end(birdfeed()
        .args(["config", "env"])
        .env("X_BEARER_TOKEN", "s3cret")
        .env("BIRDFEED__JOURNAL__MAX_BYTES", "1GiB")
        .env("BIRDFEED__SINK__1__URL", "amqp://bird:s3cret@localhost"));
    assert_eq!(listed.code, Some(0), "{listed:#?}");
    assert!(!listed.out.contains("s3cret"), "{listed:#?}");
    for line in [
        "BIRDFEED__JOURNAL__MAX_BYTES=1GiB",
        "BIRDFEED__SINK__1__URL=amqp://(secret)@localhost",
        "X_BEARER_TOKEN=(secret)",
        "# BIRDFEED__STREAM__PARTITION",
        "# BIRDFEED__STREAM__OAUTH__CONSUMER_KEY_FILE",
        "# BIRDFEED__SINK__0__PROPERTIES__…",
        "# BIRDFEED__SINK__0__VERIFY_BYTES",
    ] {
        assert!(
            listed.out.lines().any(|listed| listed == line),
            "no {line} in {listed:#?}"
        );
    }
}

fn judged(toml: &str) -> Result<(), String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let instance = serde_json::to_value(toml.parse::<toml::Table>().unwrap()).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(&instance)
        .map(|error| error.to_string())
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors.join("\n"))
    }
}

#[test]
fn the_schema_passes_every_example() {
    assert_eq!(end(birdfeed().args(["config", "schema"])).out, SCHEMA);
    let mut files: Vec<_> = std::fs::read_dir(at("config"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.push(at("deploy/debian/birdfeed.toml"));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(judged(&text), Ok(()), "{}", file.display());
    }
    for page in [
        "README.md",
        "docs/endpoints.md",
        "docs/account.md",
        "docs/wire.md",
        "docs/gaps.md",
        "docs/v1.1.md",
    ] {
        let page = std::fs::read_to_string(at(page)).unwrap();
        for example in page.split("```toml\n").skip(1) {
            let example = example.split("```").next().unwrap();
            assert_eq!(judged(example), Ok(()), "{example}");
        }
    }
}

#[test]
fn what_the_schema_refuses_is_refused_by_check() {
    let dir = tempfile::tempdir().unwrap();
    for wrong in [
        "[stream]\nendpont = \"search\"\n",
        "[stream]\nendpoint = \"serach\"\n",
        "[stream]\nbackfill = 6\n",
        "[stream]\nbackfill = \"never\"\n",
        "[stream.fields]\ntweet = [\"created\"]\n",
        "[lanes]\nenabled = [\"tweets\", \"tweets\"]\n",
        "[lanes.tweets]\non_stuck = \"never\"\n",
        "[rules]\nprune = \"yes\"\n",
        "[[sink]]\ndir = \"lanes\"\n",
        "[[sink]]\ntype = \"carrier\"\n",
        "[[sink]]\ntype = \"file\"\nbootstrap_servers = \"a:1\"\n",
        "[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1\"\npartitions = 0\n",
        "[weather]\n",
    ] {
        assert!(judged(wrong).is_err(), "{wrong}");
        check(dir.path(), wrong).expect(64, &[]);
    }
}
