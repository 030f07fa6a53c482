//! The examples that people copy, and what `check --connect` and an unusable machine are told.

use std::net::TcpListener;

use simulator::{Settings, Simulator};

use super::{check, end};
use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, stream};

const README: &str = include_str!("../../../../../README.md");
const DEFAULT: &str = include_str!("../../../../../config/birdfeed.toml");

#[test]
fn the_default_file_is_printed_and_passes() {
    let dir = tempfile::tempdir().unwrap();
    let printed = end(birdfeed().args(["config", "default"]));
    assert_eq!((printed.code, printed.out.as_str()), (Some(0), DEFAULT));
    check(dir.path(), &printed.out).expect(0, &[]);
}

#[test]
fn the_examples_pass() {
    let dir = tempfile::tempdir().unwrap();
    let in_readme: Vec<_> = README
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(in_readme.len(), 2);
    for example in in_readme {
        check(dir.path(), example).expect(0, &[]);
    }
    // The sinks that are commented out, uncommented as an editor does it.
    let sinks: String = DEFAULT
        .lines()
        .skip_while(|line| *line != "# [[sink]]")
        .take_while(|line| !line.starts_with('['))
        .map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line)))
        .collect();
    assert_eq!(sinks.matches("[[sink]]").count(), 2);
    check(dir.path(), &sinks).expect(0, &[]);
}

#[test]
fn a_connect_to_nothing_says_what_does_not_answer() {
    let dir = tempfile::tempdir().unwrap();
    let config = "[stream]\nbase_url = \"http://127.0.0.1:1\"\n\
                  [[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"127.0.0.1:1\"\n\
                  [[sink]]\ntype = \"amqp\"\nurl = \"amqp://127.0.0.1:1\"\n\
                  [[sink]]\ntype = \"file\"\n";
    check(dir.path(), config).expect(0, &[]);
    let ended = end(birdfeed()
        .current_dir(dir.path())
        .args(["check", "--connect", "--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "secret-token"));
    ended.expect(69, &["3 of 4 services failed"]);
    for line in [
        "X: FAILED: ",
        "sink kafka: FAILED: ",
        "sink amqp: FAILED: ",
        "sink file: answers",
    ] {
        assert!(ended.out.contains(line), "{line}: {ended:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_is_refused_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    std::fs::write(dir.path().join("birdfeed.toml"), stream(&simulator)).unwrap();
    let connect = |token| {
        end(birdfeed()
            .current_dir(dir.path())
            .args(["check", "--connect", "--config", "birdfeed.toml"])
            .env("X_BEARER_TOKEN", token))
    };
    let refused = connect("wrong-token");
    refused.expect(69, &["1 of 2 services failed"]);
    assert!(
        refused.out.contains("X: FAILED: rules: HTTP 401: "),
        "{refused:#?}"
    );
    let fine = connect("simulator-token");
    fine.expect(0, &[]);
    assert!(fine.out.contains("X: answers\nsink file: answers\n"), "{fine:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_cannot_be_used_is_74() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let config = [stream(&simulator), file_sink(dir.path())].concat();
    let mut first = Daemon::start(dir.path(), &config);
    first.wait_delivered(1, PATIENCE);
    let run = |name: &str, value: &str| {
        end(birdfeed()
            .current_dir(dir.path())
            .args(["run", "--config", "birdfeed.toml"])
            .env("X_BEARER_TOKEN", "simulator-token")
            .env(name, value))
    };
    // Of two daemons with one journal, the second ends.
    run("BIRDFEED__LOG__LEVEL", "info").expect(74, &["journal"]);
    assert_eq!(first.status()["stream"]["connections"], 1);
    run("BIRDFEED__JOURNAL__DIR", "birdfeed.toml/journal").expect(74, &["birdfeed.toml/journal"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run("BIRDFEED__ADMIN__LISTEN", &address).expect(74, &["admin server", &address]);
    assert_eq!(simulator.attempts(), 1, "none of them may cost a connect");
}
