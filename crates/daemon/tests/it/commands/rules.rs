//! `birdfeed rules`: by hand and from a file, against an X that refuses, is full, or has others' rules.

use std::path::Path;
use std::time::Duration;

use simulator::{RuleIds, Settings, Simulator, Untagged};

use super::{Ended, end};
use crate::support::{birdfeed, stream};

const PAGE: &str = include_str!("../../../../../docs/rules.md");

async fn start(change: impl FnOnce(&mut Settings)) -> Simulator {
    let mut settings = Settings {
        rate: 0.0,
        ..Settings::default()
    };
    change(&mut settings);
    Simulator::start(settings).await.unwrap()
}

/// A folder with a configuration that has `rules` and the way to `simulator`.
fn folder(simulator: &Simulator, rules: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let config = format!("{}{rules}", stream(simulator));
    std::fs::write(dir.path().join("birdfeed.toml"), config).unwrap();
    dir
}

fn write(dir: &Path, rules: &[(String, &str)]) {
    let rules = rules
        .iter()
        .map(|(value, tag)| format!("[[rule]]\nvalue = '{value}'\ntag = \"{tag}\"\n"));
    std::fs::write(dir.join("rules.toml"), rules.collect::<String>()).unwrap();
}

fn numbered(numbers: std::ops::Range<usize>) -> Vec<(String, &'static str)> {
    numbers.map(|n| (format!("word{n}"), "n")).collect()
}

fn rules(dir: &Path, args: &[&str]) -> Ended {
    let mut command = birdfeed();
    command.current_dir(dir).arg("rules").args(args);
    end(command
        .args(["--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "simulator-token"))
}

fn file(dir: &Path, command: &str) -> Ended {
    rules(dir, &[command, "--file", "rules.toml"])
}

fn said(ended: &Ended, parts: &[&str]) {
    for part in parts {
        assert!(ended.out.contains(part), "no {part:?} in {ended:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_example_is_planned_applied_and_then_there_is_nothing_to_do() {
    let simulator = start(|_| {}).await;
    let examples: Vec<_> = PAGE
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    let [file, config] = examples[..] else {
        panic!("{examples:?}")
    };
    let dir = folder(&simulator, config);
    std::fs::write(dir.path().join("rules.toml"), file).unwrap();
    let plan = rules(dir.path(), &["plan"]);
    plan.expect(1, &["2 changes to do: birdfeed rules apply"]);
    said(
        &plan,
        &[
            "+ cats has:images -is:retweet  [birdfeed:cats]\n",
            "+ (dog OR puppy) lang:en \"good boy\"  [birdfeed:]\n",
            "to create: 2, to delete: 0, to tag anew: 0; 0 as wanted, 0 not ours\n",
        ],
    );
    assert!(simulator.rules().is_empty());
    let validated = rules(dir.path(), &["validate"]);
    validated.expect(0, &[]);
    said(&validated, &["X would take 2 rules\n"]);
    let applied = rules(dir.path(), &["apply"]);
    applied.expect(0, &[]);
    said(&applied, &["created 2, deleted 0\n"]);
    assert_eq!(simulator.rules().len(), 2);
    for command in ["plan", "apply"] {
        let again = rules(dir.path(), &[command]);
        again.expect(0, &[]);
        assert_eq!(again.out, "nothing to do: 2 as wanted, 0 not ours\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rules_with_a_duplicate_an_invalid_one_and_a_foreign_one() {
    let simulator = start(|world| world.rule_cap = 1_001).await;
    let foreign = simulator.add_rule("llamas", Some("theirs"));
    let duplicate = simulator.add_rule("word1", Some("theirs"));
    let dir = folder(&simulator, "");
    let mut wanted = numbered(1..1_000);
    wanted.push(("has:media".to_owned(), "n"));
    write(dir.path(), &wanted);
    let invalid = "\"has:media\": X does not take it: Rules must contain at least one positive";
    let validated = file(dir.path(), "validate");
    validated.expect(1, &["X does not take 1 rule:\n", invalid]);
    said(&validated, &["X would take 999 rules\n"]);
    let plan = file(dir.path(), "plan");
    plan.expect(
        1,
        &[
            "999 changes to do",
            "birdfeed: warning: rules.toml:2999:1: operators such as has:",
        ],
    );
    said(
        &plan,
        &[
            "= word1  [theirs]: wanted, and not ours: stays under its tag\n",
            "  llamas  [theirs]: not ours: stays\n",
            "to create: 999, to delete: 0, to tag anew: 0; 1 as wanted, 1 not ours\n",
        ],
    );
    let applied = file(dir.path(), "apply");
    applied.expect(69, &["X does not take 1 rule:\n", invalid]);
    said(&applied, &["created 998, deleted 0\n"]);
    assert_eq!(simulator.rules().len(), 1_000);
    wanted.pop();
    write(dir.path(), &wanted);
    let again = file(dir.path(), "plan");
    again.expect(0, &[]);
    assert_eq!(
        again.out.lines().last(),
        Some("nothing to do: 999 as wanted, 1 not ours")
    );
    // Half of them are exchanged, with room for one.
    write(dir.path(), &numbered(501..1_500));
    let exchanged = file(dir.path(), "apply");
    exchanged.expect(0, &[]);
    said(&exchanged, &["created 500, deleted 499\n"]);
    file(dir.path(), "plan").expect(0, &[]);
    let ids: Vec<_> = simulator.rules().into_iter().map(|rule| rule.id).collect();
    assert!(ids.contains(&foreign) && ids.contains(&duplicate) && ids.len() == 1_001);
    // With prune, nothing is foreign.
    let ended = end(birdfeed()
        .current_dir(dir.path())
        .args([
            "rules",
            "apply",
            "--file",
            "rules.toml",
            "--config",
            "birdfeed.toml",
        ])
        .env("BIRDFEED__RULES__PRUNE", "true")
        .env("X_BEARER_TOKEN", "simulator-token"));
    ended.expect(0, &[]);
    assert!(
        simulator
            .rules()
            .iter()
            .all(|rule| rule.tag.as_deref() == Some("birdfeed:n"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_fit_change_nothing_and_a_limit_is_waited_for() {
    let simulator = start(|world| {
        world.rule_cap = 600;
        world.rule_write_limit = 2;
        world.window = Duration::from_secs(3);
    })
    .await;
    let dir = folder(&simulator, "");
    write(dir.path(), &numbered(0..601));
    let full = file(dir.path(), "apply");
    full.expect(
        69,
        &["601 rules are to be created and there is room for 600 only"],
    );
    assert!(simulator.rules().is_empty());
    write(dir.path(), &numbered(0..600));
    let limited = file(dir.path(), "apply");
    limited.expect(0, &["HTTP 429", "; again in "]);
    assert_eq!(simulator.rules().len(), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_changed_by_delete_and_add() {
    let simulator = start(|world| world.rule_cap = 1).await;
    let before = simulator.add_rule("cats", Some("birdfeed:cat"));
    let dir = folder(&simulator, "");
    write(dir.path(), &[("cats".to_owned(), "cats")]);
    let plan = file(dir.path(), "plan");
    plan.expect(1, &[]);
    said(&plan, &["~ cats  [birdfeed:cat] -> [birdfeed:cats]\n"]);
    file(dir.path(), "apply").expect(0, &[]);
    let after = simulator.rules();
    assert_eq!(after[0].tag.as_deref(), Some("birdfeed:cats"));
    assert_ne!(after[0].id, before);
    let json = rules(dir.path(), &["plan", "--file", "rules.toml", "--json"]);
    json.expect(0, &[]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["kept"][0]["tag"], "birdfeed:cats");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_of_the_file_are_told_where_they_stand_without_asking_x() {
    let simulator = start(|_| {}).await;
    let dir = folder(&simulator, "");
    let text = "[[rule]]\nvalue = \"cats or dogs\"\n[[rule]]\nvalue = \"(a\"\n[[rule]]\nvalue = \"b\"\n\
                [[rule]]\nvalue = \" b \"\ntags = \"b\"\n[[rule]]\n[[rule]]\nvalue = \"-a\"\n";
    std::fs::write(dir.path().join("rules.toml"), text).unwrap();
    for command in ["plan", "apply", "validate"] {
        file(dir.path(), command).expect(
            64,
            &[
                "rules.toml:2:1: rule.0.value: write OR to join, or \"or\" for the word (at position 6)\n",
                "rules.toml:4:1: rule.1.value: the parenthesis is not closed (at position 1)\n",
                "rules.toml:8:1: rule.3.value: the same rule stands at rules.toml:6:1\n",
                "rules.toml:9:1: rule.3.tags: is not a known key\n    did you mean tag?\n",
                "rules.toml:10:1: rule.4.value: is missing\n",
                "rules.toml:12:1: rule.5.value: the rule only says what posts must not have (at position 1)\n",
            ],
        );
    }
    let nothing = rules(dir.path(), &["plan"]);
    nothing.expect(64, &["which rules? name their file with --file"]);
    rules(dir.path(), &["plan", "--file", "none.toml"]).expect(64, &["none.toml", "cannot be read"]);
    // A configuration that keeps the file has its mistakes too.
    let config = format!(
        "{}[rules]\nfile = \"rules.toml\"\nmode = \"apply\"\n",
        stream(&simulator)
    );
    super::check(dir.path(), &config).expect(64, &["rules.toml:2:1: rule.0.value: "]);
    let none = "[rules]\nmode = \"check\"\n[stream]\nendpoint = \"sample\"\n";
    super::check(dir.path(), none).expect(
        64,
        &[
            "birdfeed.toml:2:1: rules.mode: the stream sample has no rules that run could keep\n",
            "rules.file: is missing\n",
        ],
    );
    super::check(dir.path(), "[rules]\nevery = \"1s\"\n").expect(64, &["birdfeed.toml:2:1: rules.every: "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_added_listed_and_deleted_by_hand() {
    let simulator = start(|world| {
        world.untagged = Untagged::Null;
        world.rule_ids = RuleIds::Number;
    })
    .await;
    let dir = folder(&simulator, "");
    let added = rules(dir.path(), &["add", "cats has:images", "--tag", "cats"]);
    added.expect(0, &[]);
    let id = simulator.rules()[0].id.clone();
    assert_eq!(added.out, format!("added {id}  cats has:images  [cats]\n"));
    let again = rules(dir.path(), &["add", "cats has:images"]);
    again.expect(0, &[]);
    assert_eq!(
        again.out,
        format!("\"cats has:images\": is stored already, as {id}\n")
    );
    rules(dir.path(), &["add", "has:media"])
        .expect(69, &["warning: ", "\"has:media\": X does not take it: "]);
    rules(dir.path(), &["add", "cats or dogs"]).expect(64, &["write OR to join"]);
    for value in ["a", "b", "c"] {
        rules(dir.path(), &["add", value, "--tag", "letters"]).expect(0, &[]);
    }
    simulator.add_rule("d\u{1b}[2J", None);
    let listed = rules(dir.path(), &["list"]);
    listed.expect(0, &[]);
    said(
        &listed,
        &[
            &format!("{id}  cats has:images  [cats]\n"),
            "  d\\u{1b}[2J\n",
            "\n5 rules\n",
        ],
    );
    let json = rules(dir.path(), &["list", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (json[0]["id"].as_str(), json[4]["tag"].is_null()),
        (Some(&*id), true)
    );
    let gone = |args: &[&str], says: &str| {
        let deleted = rules(dir.path(), &[&["delete"], args].concat());
        deleted.expect(0, &[]);
        assert_eq!(deleted.out, says);
    };
    gone(&["--id", &id], "deleted 1 rule\n");
    gone(&["--value", "a"], "deleted 1 rule\n");
    gone(&["--tag", "letters"], "deleted 2 rules\n");
    rules(dir.path(), &["delete", "--tag", "letters"]).expect(69, &["no rule has this tag"]);
    rules(dir.path(), &["delete", "--id", "7"]).expect(69, &["1 not deleted: "]);
    rules(dir.path(), &["delete"]).expect(64, &[]);
    gone(&["--all"], "deleted 1 rule\n");
    assert!(simulator.rules().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_endpoint_the_rules_are_powerstream_s_own() {
    let simulator = start(|_| {}).await;
    simulator.add_rule("of the other", None);
    let dir = folder(&simulator, "endpoint = \"powerstream\"\n");
    rules(dir.path(), &["add", "cats", "--tag", "own"]).expect(0, &[]);
    write(dir.path(), &[("dogs".to_owned(), "d")]);
    let planned = file(dir.path(), "plan");
    planned.expect(1, &[]);
    said(
        &planned,
        &["+ dogs  [birdfeed:d]\n", "  cats  [own]: not ours: stays\n"],
    );
    file(dir.path(), "apply").expect(0, &[]);
    file(dir.path(), "plan").expect(0, &[]);
    file(dir.path(), "validate").expect(69, &["Powerstream has no dry run"]);
    rules(dir.path(), &["delete", "--tag", "own"]).expect(0, &[]);
    said(
        &rules(dir.path(), &["list"]),
        &["  dogs  [birdfeed:d]\n", "\n1 rule\n"],
    );
    rules(dir.path(), &["delete", "--value", "cats"]).expect(69, &["1 not deleted"]);
    assert_eq!(simulator.rules().len(), 1, "the filtered stream's");
    let kept = "[stream]\nendpoint = \"powerstream\"\n[rules]\nmode = \"apply\"\nfile = \"rules.toml\"\n";
    super::check(dir.path(), kept).expect(64, &["the stream powerstream has no rules that run could keep"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_the_whole_account_are_told_in_words() {
    let simulator = start(|world| world.rule_cap = 0).await;
    let dir = folder(&simulator, "");
    rules(dir.path(), &["add", "cats"]).expect(69, &["the account's rules are full: delete some"]);
    let wrong = end(birdfeed()
        .current_dir(dir.path())
        .args(["rules", "list", "--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "wrong-token"));
    wrong.expect(69, &["HTTP 401", "X does not know the bearer token"]);
    assert!(!wrong.err.contains("wrong-token"));
    let keys = "X_CONSUMER_KEY X_CONSUMER_SECRET X_ACCESS_TOKEN X_ACCESS_TOKEN_SECRET";
    let mut command = birdfeed();
    command
        .current_dir(dir.path())
        .args(["rules", "list", "--config", "birdfeed.toml"]);
    for key in keys.split(' ') {
        command.env(key, "k");
    }
    end(command.env("BIRDFEED__STREAM__ENDPOINT", "v1-sample")).expect(64, &["v1.1 has no rules"]);
    let enrolled = start(|world| world.faults = "rules 1: status 403".parse().unwrap()).await;
    let dir = folder(&enrolled, "");
    rules(dir.path(), &["list"]).expect(69, &["attach the app to a Project"]);
}
