//! The examples that people copy, and what `check --connect` and an unusable machine are told.

use std::net::TcpListener;
use std::path::Path;

use simulator::{Settings, Simulator};

use super::{Ended, check, end};
use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, stream};

/// Pages whose examples are run elsewhere: they want keys, or are files of rules.
const RUN_ELSEWHERE: [&str; 2] = ["v1.1.md", "rules.md"];
const DEFAULT: &str = include_str!("../../../../../config/birdfeed.toml");

#[test]
fn the_default_file_is_printed_and_passes() {
    let dir = tempfile::tempdir().unwrap();
    let printed = end(birdfeed().args(["config", "default"]));
    assert_eq!((printed.code, printed.out.as_str()), (Some(0), DEFAULT));
    check(dir.path(), &printed.out).expect(0, &[]);
}

/// README and the pages of `docs`, those that are run elsewhere left out.
fn pages() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = std::fs::read_dir(root.join("docs")).unwrap();
    let docs = docs.map(|page| page.unwrap().path()).filter(|page| {
        let name = page.file_name().unwrap().to_str().unwrap();
        page.extension().is_some_and(|kind| kind == "md") && !RUN_ELSEWHERE.contains(&name)
    });
    let all = docs.chain([root.join("README.md")]);
    all.map(|page| std::fs::read_to_string(page).unwrap()).collect()
}

#[test]
fn the_examples_pass() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("proxy-url"), "http://bird:s3cret@proxy:3128\n").unwrap();
    let mut examples = 0;
    for page in pages() {
        for rest in page.split("```toml\n").skip(1) {
            check(dir.path(), rest.split("```").next().unwrap()).expect(0, &[]);
            examples += 1;
        }
    }
    assert!(examples >= 7, "{examples}");
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
    // More than any disk has.
    let too_much = "[journal]\nmax_bytes = \"9000TiB\"\n";
    let config = "[stream]\nbase_url = \"http://127.0.0.1:1\"\n\
                  [[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"127.0.0.1:1\"\n\
                  [[sink]]\ntype = \"amqp\"\nurl = \"amqp://127.0.0.1:1\"\n\
                  [[sink]]\ntype = \"file\"\n\
                  [admin]\nlisten = \"127.0.0.1:0\"\n";
    let config = &[config, too_much].concat();
    check(dir.path(), config).expect(0, &[]);
    let ended = end(birdfeed()
        .current_dir(dir.path())
        .args(["check", "--connect", "--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "secret-token"));
    ended.expect(69, &["3 of 6 failed"]);
    for line in [
        "journal (./birdfeed-data/journal): can be made\n",
        "X (127.0.0.1:1, search): FAILED: ",
        "sink kafka (127.0.0.1:1): FAILED: ",
        "sink amqp (",
        "sink file (./birdfeed-data/lanes): answers",
        "\ndisk: ",
        "\nwarning: disk: it is full before the journal is, which may have 9000.0 TiB: ",
    ] {
        assert!(ended.out.contains(line), "{line}: {ended:#?}");
    }
}

/// A rule of the account that `simulator` has.
async fn rule(simulator: &Simulator) {
    let settings = source_x::Settings {
        base_url: Some(simulator.base_url()),
        ..source_x::Settings::new(source_x::Token::from_value("simulator-token"))
    };
    let rule = source_x::rules::NewRule {
        value: "cat".to_owned(),
        tag: None,
    };
    let client = source_x::RulesClient::new(&settings).unwrap();
    let added = client.add(&[rule], source_x::rules::Mode::Apply).await.unwrap();
    assert_eq!(added.created.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_says_what_would_keep_the_stream_away() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let address = simulator.base_url().trim_start_matches("http://").to_owned();
    let config = [&stream(&simulator), "[admin]\nlisten = \"localhost:0\"\n"].concat();
    std::fs::write(dir.path().join("birdfeed.toml"), config).unwrap();
    let connect = |token, endpoint| {
        end(birdfeed()
            .current_dir(dir.path())
            .args(["check", "--connect", "--config", "birdfeed.toml"])
            .env("BIRDFEED__STREAM__ENDPOINT", endpoint)
            // Nobody is behind a proxy to himself.
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .env("X_BEARER_TOKEN", token))
    };
    let said = |ended: &Ended, line: &str| assert!(ended.out.contains(line), "no {line} in {ended:#?}");
    let refused = connect("wrong-token", "search");
    refused.expect(69, &["1 of 4 failed"]);
    said(
        &refused,
        &format!("X ({address}, search): FAILED: rules: HTTP 401: "),
    );
    let without_rules = connect("simulator-token", "search");
    without_rules.expect(69, &["1 of 4 failed"]);
    said(
        &without_rules,
        &format!("X ({address}, search): FAILED: there are no rules"),
    );
    // Rules are nothing to the sample.
    let sample = connect("simulator-token", "sample");
    sample.expect(0, &[]);
    said(
        &sample,
        &format!("X ({address}, sample): answers\nsink file (./birdfeed-data/lanes): answers\n"),
    );
    let refused = connect("wrong-token", "sample");
    refused.expect(69, &["1 of 4 failed"]);
    said(
        &refused,
        &format!("X ({address}, sample): FAILED: usage: HTTP 401: "),
    );
    rule(&simulator).await;
    let fine = connect("simulator-token", "search");
    fine.expect(0, &[]);
    for line in ["\nclock: 0 s ", " free, a sync takes "] {
        said(&fine, line);
    }
    assert_eq!(simulator.attempts(), 0, "none of them may cost a connect");
    assert!(!dir.path().join("birdfeed-data").exists());
}

#[test]
fn a_journal_that_cannot_be_used_is_told_by_a_plain_check() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    std::fs::create_dir(dir.path().join("other")).unwrap();
    std::fs::write(dir.path().join("other/version"), "7\n").unwrap();
    for (journal, why) in [
        ("file", "file: not a directory"),
        ("file/journal", "file: not a directory"),
        (
            "other",
            "is of format 7, and this program reads formats up to 2 only",
        ),
    ] {
        let ended = check(dir.path(), &format!("[journal]\ndir = {journal:?}\n"));
        ended.expect(74, &["1 of 1 failed"]);
        let line = format!("journal ({journal}): FAILED: ");
        assert!(
            ended.out.contains(&line) && ended.out.contains(why),
            "{why}: {ended:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_runs_is_in_nobodys_way_and_a_stranger_is() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    rule(&simulator).await;
    let daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    let connect = |listen: &str| {
        end(birdfeed()
            .current_dir(dir.path())
            .args(["check", "--connect", "--config", "birdfeed.toml"])
            .env("BIRDFEED__ADMIN__LISTEN", listen)
            .env("X_BEARER_TOKEN", "simulator-token"))
    };
    let beside = connect(daemon.admin());
    beside.expect(0, &[]);
    assert_eq!(
        beside.out.matches("in use by a daemon that is running").count(),
        2,
        "{beside:#?}"
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let stranger = connect(&address);
    stranger.expect(74, &["1 of 4 failed"]);
    let line = format!("admin server ({address}): FAILED: another program listens there");
    assert!(stranger.out.contains(&line), "{stranger:#?}");
}

#[test]
fn a_configuration_can_be_judged_where_its_secrets_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let config = "[stream]\nbearer_token_file = \"/none/x-token\"\nca_file = \"/none/ca.pem\"\n\
                  [journal]\ndir = \"/proc/journal\"\n\
                  [[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1\"\nproperties_file = \"/none/properties\"\n\
                  [[sink]]\ntype = \"amqp\"\nurl_file = \"/none/url\"\n";
    let judge = |config: &str| {
        std::fs::write(dir.path().join("birdfeed.toml"), config).unwrap();
        let mut command = birdfeed();
        command.current_dir(dir.path());
        end(command.args(["check", "--no-secrets", "--config", "birdfeed.toml"]))
    };
    judge(config).expect(0, &[]);
    judge("").expect(0, &[]);
    judge(&[config, "exchnge = \"x\"\n"].concat()).expect(64, &["did you mean exchange?", "1 problem in"]);
    // What is here is judged.
    std::fs::write(dir.path().join("x-token"), "two words").unwrap();
    judge(&config.replace("/none/x-token", "x-token"))
        .expect(64, &["token file x-token has space", "1 problem in"]);
    end(birdfeed().args(["check", "--no-secrets", "--connect"])).expect(64, &[]);
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
