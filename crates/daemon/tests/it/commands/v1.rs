//! The keys of v1.1 and of Powerstream: what works, what is refused, from the file and from the environment.

use std::path::Path;

use super::{Ended, end};
use crate::support::birdfeed;

const KEYS: [(&str, &str); 4] = [
    ("X_CONSUMER_KEY", "a"),
    ("X_CONSUMER_SECRET", "s3cret-b"),
    ("X_ACCESS_TOKEN", "c"),
    ("X_ACCESS_TOKEN_SECRET", "s3cret-d"),
];

fn check(dir: &Path, toml: &str, variables: &[(&str, &str)]) -> Ended {
    std::fs::write(dir.join("birdfeed.toml"), toml).unwrap();
    let mut command = birdfeed();
    command
        .current_dir(dir)
        .args(["check", "--config", "birdfeed.toml"]);
    end(command.envs(variables.iter().copied()))
}

#[test]
fn every_parameter_works_from_the_file_and_from_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let filter = "[stream]\nendpoint = \"v1-filter\"\n[stream.filter]\n";
    for (line, variable, value) in [
        ("follow = [12, \"13\"]", "FOLLOW", "12,13"),
        ("track = [\"cats\", \"big dogs\"]", "TRACK", "cats,big dogs"),
        (
            "locations = [-122.75, 36, \"-121.75\", 37.8]",
            "LOCATIONS",
            "-122.75,36.8,-121.75,37.8",
        ),
        ("language = [\"en\"]\ntrack = [\"a\"]", "LANGUAGE", "en,zh-cn"),
        (
            "filter_level = \"low\"\ntrack = [\"a\"]",
            "FILTER_LEVEL",
            "medium",
        ),
        ("stall_warnings = true\ntrack = [\"a\"]", "STALL_WARNINGS", "true"),
        ("count = -150000\ntrack = [\"a\"]", "COUNT", "5"),
        ("count = \"off\"\ntrack = [\"a\"]", "COUNT", "off"),
        ("delimited = \"length\"\ntrack = [\"a\"]", "DELIMITED", "off"),
    ] {
        check(dir.path(), &format!("{filter}{line}\n"), &KEYS).expect(0, &[]);
        let name = format!("BIRDFEED__STREAM__FILTER__{variable}");
        let needed = if ["FOLLOW", "TRACK", "LOCATIONS"].contains(&variable) {
            ""
        } else {
            "track = [\"a\"]\n"
        };
        let mut variables = KEYS.to_vec();
        variables.push((&name, value));
        check(dir.path(), &format!("{filter}{needed}"), &variables).expect(0, &[]);
    }
    let powerstream = "[stream]\nendpoint = \"powerstream\"\nlocal_dc_only = true\nbackfill = 5\n";
    check(dir.path(), powerstream, &[("X_BEARER_TOKEN", "t")]).expect(0, &[]);
    check(dir.path(), "[stream]\nendpoint = \"v1-sample\"\n", &KEYS).expect(0, &[]);
}

#[test]
fn mistakes_are_told_where_they_stand_and_with_the_range() {
    let dir = tempfile::tempdir().unwrap();
    let filter = "[stream]\nendpoint = \"v1-filter\"\n[stream.filter]\n";
    for (toml, said) in [
        (
            filter.to_owned(),
            "stream.filter.track: is needed, or follow, or locations: at least one of them\n",
        ),
        (
            format!("{filter}track = [\"{}\"]", "x".repeat(61)),
            "birdfeed.toml:4:1: stream.filter.track: \"xxx",
        ),
        (
            format!("{filter}track = \"cats\""),
            "stream.filter.track: wants [\"cats\", \"big dogs\"], not a string",
        ),
        (
            format!("{filter}follow = [\"x\"]"),
            "stream.filter.follow: \"x\" is not a user id",
        ),
        (
            format!("{filter}locations = [1, 2, 3]"),
            "stream.filter.locations: four numbers for each box, not 3",
        ),
        (
            format!("{filter}locations = [\"north\"]"),
            "stream.filter.locations: wants numbers",
        ),
        (
            format!("{filter}track = [\"a\"]\ncount = 0"),
            "birdfeed.toml:5:1: stream.filter.count: -150000 to 150000 without 0",
        ),
        (
            format!("{filter}track = [\"a\"]\nfilter_level = \"high\""),
            "\"high\" is not known\n    one of: none, low, medium\n",
        ),
        (
            format!("{filter}track = [\"a\"]\nreplies = \"all\""),
            "stream.filter.replies: is not a known key",
        ),
        (
            "[stream]\nendpoint = \"v1-sample\"\n[stream.filter]\ntrack = [\"a\"]".to_owned(),
            "track: the v1-sample stream has no such parameter",
        ),
        (
            "[stream]\nendpoint = \"v1-sample\"\nbearer_token_file = \"t\"".to_owned(),
            "birdfeed.toml:3:1: stream.bearer_token_file: is for v2: v1.1 takes no bearer token",
        ),
        (
            "[stream]\nendpoint = \"v1-sample\"\n[stream.oauth]\naccess_token_file = \"/none\"".to_owned(),
            "birdfeed.toml:4:1: stream.oauth.access_token_file: token file /none: ",
        ),
    ] {
        let ended = check(dir.path(), &toml, &KEYS);
        ended.expect(64, &[said, "1 problem in the configuration\n"]);
        assert!(!ended.err.contains("s3cret"), "{ended:#?}");
    }
}

#[test]
fn missing_keys_are_each_named_and_a_bearer_token_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let sample = "[stream]\nendpoint = \"v1-sample\"\n";
    let ended = check(
        dir.path(),
        sample,
        &[("X_BEARER_TOKEN", "t"), ("X_ACCESS_TOKEN", "\"c\"")],
    );
    ended.expect(
        64,
        &[
            "stream.oauth.consumer_key_file: is missing\n    name a file with the consumer key, or set X_CONSUMER_KEY; v1.1 takes no bearer token\n",
            "stream.oauth.consumer_secret_file: is missing",
            "X_ACCESS_TOKEN: stream.oauth.access_token_file: the access token has quotes around it",
            "stream.oauth.access_token_secret_file: is missing",
            "4 problems in the configuration\n",
        ],
    );
    for (section, line) in [
        ("filter", "track = [\"a\"]"),
        ("oauth", "consumer_key_file = \"a\""),
    ] {
        let toml = format!("[stream.{section}]\n{line}\n");
        let ended = check(dir.path(), &toml, &[("X_BEARER_TOKEN", "t")]);
        let said = format!("stream.{section}: is for v1.1, not for search\n");
        ended.expect(64, &[&said, "1 problem in"]);
    }
    let mut command = birdfeed();
    command
        .current_dir(dir.path())
        .args(["check", "--no-secrets", "--config", "birdfeed.toml"]);
    std::fs::write(dir.path().join("birdfeed.toml"), sample).unwrap();
    end(&mut command).expect(0, &[]);
}

#[test]
fn the_page_s_example_is_a_configuration_that_works() {
    let dir = tempfile::tempdir().unwrap();
    let page = include_str!("../../../../../docs/v1.1.md");
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert!(example.contains("endpoint = \"v1-filter\""));
    std::fs::create_dir(dir.path().join("keys")).unwrap();
    for key in [
        "consumer-key",
        "consumer-secret",
        "access-token",
        "access-token-secret",
    ] {
        std::fs::write(dir.path().join("keys").join(key), "k\n").unwrap();
    }
    check(dir.path(), &example.replace("/etc/birdfeed/keys", "keys"), &[]).expect(0, &[]);
}
