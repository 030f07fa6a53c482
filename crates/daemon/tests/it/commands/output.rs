//! Nobody reading what we say is no reason to fail.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use simulator::{Settings, Simulator};

use super::end;
use crate::support::{Daemon, PATIENCE, birdfeed, end_of, file_sink, lane_lines, signal, stream};

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
fn a_closed_output_changes_no_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let code = |args: &[&str]| {
        let mut command = birdfeed();
        command.current_dir(dir.path()).args(args);
        command.stdout(full()).stderr(full());
        command
            .env("X_BEARER_TOKEN", "secret-token")
            .status()
            .unwrap()
            .code()
    };
    assert_eq!(code(&["config", "default"]), Some(0));
    assert_eq!(code(&["check"]), Some(0));
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["run", "--config", "/none"]), Some(64));
    assert_eq!(code(&["status", "--address", "127.0.0.1:1"]), Some(69));
    assert_eq!(code(&["demo", "--for", "1s", "--dir", "demo"]), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let config = [stream(&simulator), file_sink(dir.path())].concat();
    std::fs::write(dir.path().join("birdfeed.toml"), config).unwrap();
    let mut child = birdfeed()
        .current_dir(dir.path())
        .args(["run", "--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "simulator-token")
        .env("BIRDFEED__ADMIN__LISTEN", "off")
        .stderr(full())
        .spawn()
        .unwrap();
    let written = simulator.ledger().wait_for(|totals| totals.whole_posts > 50);
    tokio::time::timeout(PATIENCE, written).await.unwrap();
    assert_eq!(child.try_wait().unwrap(), None);
    simulator.pause();
    assert!(signal(&child, "TERM"));
    assert!(end_of(&mut child).unwrap().success());
    assert!(!lane_lines(dir.path(), "tweets").is_empty());
}

#[test]
fn a_simulator_that_nobody_reads_serves_until_it_is_told_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("ledger");
    let mut simulator = birdfeed()
        .args(["simulate", "--listen", "127.0.0.1:0", "--ledger"])
        .arg(&ledger)
        .stdout(full())
        .spawn()
        .unwrap();
    // The ledger is there before the first line is said.
    let deadline = Instant::now() + PATIENCE;
    while !ledger.exists() {
        assert!(Instant::now() < deadline, "no ledger");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(signal(&simulator, "TERM"));
    assert!(end_of(&mut simulator).unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_when_nobody_reads() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    let mut watch = birdfeed()
        .args(["status", "--watch", "--address", daemon.admin()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(watch.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("birdfeed"), "{line}");
    assert!(end_of(&mut watch).unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_outlives_the_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let config = [stream(&simulator), file_sink(dir.path())].concat();
    let first = Daemon::start(dir.path(), &config);
    let address = first.admin().to_owned();
    let mut watch = birdfeed()
        .args(["status", "--watch", "--address", &address])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.any(|line| line.contains("stream main")));
    first.kill();
    assert!(lines.any(|line| line.contains("nothing listens at")));
    let mut again = birdfeed();
    again
        .current_dir(dir.path())
        .args(["run", "--config", "birdfeed.toml"]);
    again
        .env("X_BEARER_TOKEN", "simulator-token")
        .env("BIRDFEED__ADMIN__LISTEN", &address);
    let _again = Daemon::spawn(dir.path(), &mut again);
    assert!(lines.any(|line| line.contains("stream main")));
    drop(lines);
    assert!(end_of(&mut watch).unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_needs_no_secret_and_its_exit_code_says_whether_it_is_ready() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let mut daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    daemon.wait_for("readiness", PATIENCE, |daemon| {
        (daemon.get("/readyz").0 == 200).then_some(())
    });
    let config =
        |listen: &str| format!("[stream]\nbearer_token_file = \"/none\"\n[admin]\nlisten = \"{listen}\"\n");
    let file = dir.path().join("other.toml");
    // By its name too, whatever else that leads to.
    let port = daemon.admin().rsplit_once(':').unwrap().1.to_owned();
    for listen in [daemon.admin().to_owned(), format!("localhost:{port}")] {
        std::fs::write(&file, config(&listen)).unwrap();
        let ended = end(birdfeed().args(["status", "--json", "--config"]).arg(&file));
        ended.expect(0, &[]);
        assert!(ended.out.contains("\"name\": \"main\""), "{ended:#?}");
    }
    std::fs::write(&file, "[admin]\nlisten = \"nowhere\"\n").unwrap();
    end(birdfeed().args(["status", "--config"]).arg(&file)).expect(64, &["admin.listen: \"nowhere\""]);
    let address = daemon.admin().to_owned();
    daemon.signal("STOP");
    end(birdfeed().args(["status", "--address", &address]))
        .expect(69, &["is there and does not answer within 5s"]);
    daemon.signal("CONT");
    daemon.kill();
    end(birdfeed().args(["status", "--address", &address])).expect(69, &["nothing listens at", &address]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_a_daemon_that_is_not_ready_is_69() {
    let dir = tempfile::tempdir().unwrap();
    let config = [
        "[stream]\nbase_url = \"http://127.0.0.1:1\"\n",
        &file_sink(dir.path()),
    ]
    .concat();
    let daemon = Daemon::start(dir.path(), &config);
    for format in [&[][..], &["--json"]] {
        let mut status = birdfeed();
        status.args(["status", "--address", daemon.admin()]).args(format);
        let ended = end(&mut status);
        ended.expect(69, &["birdfeed: it is not ready\n"]);
        assert!(ended.out.contains("nothing has come from X"), "{ended:#?}");
    }
}

#[test]
fn a_short_demo_proves_itself() {
    let dir = tempfile::tempdir().unwrap();
    let ended = end(birdfeed().current_dir(dir.path()).args(["demo", "--for", "3"]));
    ended.expect(0, &[]);
    let said = [
        "look while it runs: http://127.0.0.1:",
        "the first posts:\n  ",
        "planned fault: ",
        "connected again by itself",
        "rules add \"cats has:images\"; ",
    ];
    for words in said {
        assert!(ended.out.contains(words), "no {words:?} in {ended:#?}");
    }
    assert!(
        ended
            .out
            .contains("received = delivered for every lane, and the files hold exactly"),
        "{ended:#?}"
    );
    let again = ["demo", "--for", "2s", "--dir", "birdfeed-data"];
    end(birdfeed().current_dir(dir.path()).args(again)).expect(64, &["birdfeed-data is already there"]);
    end(birdfeed().current_dir(dir.path()).args(["demo", "--for", "1s"])).expect(0, &[]);
    let demos = std::fs::read_dir(dir.path().join("birdfeed-data")).unwrap();
    assert_eq!(demos.count(), 1, "the earlier demo is left behind");
}

#[test]
fn a_demo_that_is_interrupted_proves_itself() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = birdfeed()
        .current_dir(dir.path())
        .args(["demo", "--for", "1h"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(
        lines.any(|line| line.contains("  tweets ")),
        "nothing is delivered"
    );
    assert!(signal(&demo, "INT"));
    assert!(end_of(&mut demo).unwrap().success());
    assert!(lines.any(|line| line.starts_with("received = delivered for every lane")));
}
