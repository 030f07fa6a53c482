//! A configuration that changes under a daemon that runs: by the file, and by `birdfeed reload`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use simulator::Simulator;

use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, stream};

async fn simulator() -> Simulator {
    Simulator::start(simulator::Settings::default()).await.unwrap()
}

fn config(dir: &Path, simulator: &Simulator) -> String {
    [stream(simulator), file_sink(dir)].concat()
}

/// Waits for the reload with this number, and gives its report.
fn reload(daemon: &mut Daemon, count: u64) -> Value {
    daemon.wait_for("the reload", PATIENCE, |daemon| {
        let reload = daemon.status()["reload"].clone();
        (reload["count"] == count).then_some(reload)
    })
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

/// `birdfeed reload` with the file of a daemon whose admin server has any port.
fn ask(dir: &Path, daemon: &Daemon) -> Output {
    let mut command = birdfeed();
    command
        .args(["reload", "--config"])
        .arg(dir.join("birdfeed.toml"))
        .env("BIRDFEED__ADMIN__LISTEN", daemon.admin());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_are_swapped_are_a_change_and_a_mistake_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut command = Daemon::command(dir.path(), &config(dir.path(), &simulator));
    // As a ConfigMap is mounted.
    let at = |name: &str| dir.path().join(name);
    for version in ["v1", "v2", "v3"] {
        fs::create_dir(at(version)).unwrap();
        fs::copy(at("birdfeed.toml"), at(version).join("birdfeed.toml")).unwrap();
    }
    edit(&at("v2/birdfeed.toml"), "[log]", "[log]\nlevel = \"lots\"");
    edit(&at("v3/birdfeed.toml"), "[log]", "[log]\nlevel = \"debug\"");
    fs::remove_file(at("birdfeed.toml")).unwrap();
    symlink("..data/birdfeed.toml", at("birdfeed.toml")).unwrap();
    let swap = |version: &str| {
        symlink(version, at("..new")).unwrap();
        fs::rename(at("..new"), at("..data")).unwrap();
    };
    swap("v1");
    let mut daemon = Daemon::spawn(dir.path(), &mut command);
    let successful = "birdfeed_config_reload_successful";
    assert!(daemon.metric(successful) > 0.5);
    swap("v2");
    let refused = reload(&mut daemon, 1);
    assert_eq!(
        (&refused["result"], &refused["cause"]),
        (&json!("refused"), &json!("file"))
    );
    let problems = refused["problems"].as_str().unwrap();
    assert!(problems.contains("log.level: \"lots\""), "{problems}");
    assert!(
        daemon.log().contains("reload: the configuration is wrong"),
        "{}",
        daemon.log()
    );
    assert!(daemon.metric(successful) < 0.5);
    daemon.wait_delivered(10, PATIENCE);
    swap("v3");
    let applied = reload(&mut daemon, 2);
    assert_eq!(
        (&applied["result"], &applied["changed"]),
        (&json!("applied"), &json!(["log.level"]))
    );
    assert!(daemon.metric(successful) > 0.5);
    for (result, count) in [("refused", 1.0), ("applied", 1.0), ("unchanged", 0.0)] {
        let series = format!("birdfeed_reloads_total{{result=\"{result}\"}}");
        assert!((daemon.metric(&series) - count).abs() < 0.5, "{series}");
    }
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_what_came_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut daemon = Daemon::start(dir.path(), &config(dir.path(), &simulator));
    let file = dir.path().join("birdfeed.toml");
    let unchanged = ask(dir.path(), &daemon);
    assert_eq!(said(&unchanged), "read again: no key has changed\n");
    edit(
        &file,
        "[log]",
        "[shutdown]\ndrain = \"7s\"\n[log]\nlevel = \"warn\"",
    );
    let partly = ask(dir.path(), &daemon);
    assert!(partly.status.success());
    let words = "log.level: changed\nshutdown.drain: needs a restart: it was read at the start\n";
    assert_eq!(said(&partly), words);
    assert_eq!(reload(&mut daemon, 2)["result"], "needs_restart");
    edit(&file, "drain", "dran");
    let wrong = ask(dir.path(), &daemon);
    assert_eq!(wrong.status.code(), Some(64));
    assert!(
        said(&wrong).contains("shutdown.dran: is not a known key"),
        "{}",
        said(&wrong)
    );
    edit(&file, "dran", "drain");
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    let nobody = ask(dir.path(), &daemon);
    assert_eq!(nobody.status.code(), Some(69));
    assert!(
        said(&nobody).contains("nothing listens at 127.0.0.1:"),
        "{}",
        said(&nobody)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_daemon_can_see_is_refused_by_the_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let token = dir.path().join("x-token");
    fs::write(&token, "simulator-token\n").unwrap();
    let named = format!("bearer_token_file = {token:?}\n");
    let config = [stream(&simulator), named, file_sink(dir.path())].concat();
    let daemon = Daemon::start(dir.path(), &config);
    fs::remove_file(token).unwrap();
    let refused = ask(dir.path(), &daemon);
    assert_eq!(refused.status.code(), Some(64));
    let words = said(&refused);
    assert!(
        words.contains("the daemon goes on with what it has:\n"),
        "{words}"
    );
    assert!(words.contains("x-token: No such file"), "{words}");
    assert!(daemon.terminate().success());
}

#[test]
fn without_an_admin_server_it_says_how() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("birdfeed.toml"), "[admin]\nlisten = \"off\"\n").unwrap();
    let mut command = birdfeed();
    command
        .current_dir(dir.path())
        .args(["reload", "--config", "birdfeed.toml"]);
    let told = command.env_remove("MAINPID").output().unwrap();
    assert_eq!(told.status.code(), Some(64));
    assert!(said(&told).contains("kill -HUP"), "{}", said(&told));
    // Not of this program: what systemd says is not believed blindly.
    let stranger = command.env("MAINPID", "1").output().unwrap();
    assert_eq!(stranger.status.code(), Some(69));
    assert!(
        said(&stranger).contains("is no birdfeed here"),
        "{}",
        said(&stranger)
    );
}
