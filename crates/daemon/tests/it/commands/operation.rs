//! A daemon that runs, and those who look after it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use simulator::{Settings, Simulator};

use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, lane_lines, stream};

async fn simulator() -> Simulator {
    let settings = Settings {
        rate: 200.0,
        ..Settings::default()
    };
    Simulator::start(settings).await.unwrap()
}

/// A Kafka that nobody has started.
const DEAD: &str = "[[sink]]\ntype = \"kafka\"\nname = \"a\"\nbootstrap_servers = \"127.0.0.1:1\"\n";

/// Stops the posts and waits until all that were written are journaled; gives their number.
async fn journaled(simulator: &Simulator, daemon: &mut Daemon) -> u64 {
    daemon.wait_for("fifty messages", PATIENCE, |daemon| {
        (daemon.status()["stream"]["messages"].as_u64()? > 50).then_some(())
    });
    simulator.pause();
    let sent = simulator.at_rest().await.whole_posts;
    daemon.wait_for("the last message", PATIENCE, |daemon| {
        (daemon.status()["stream"]["messages"] == sent).then_some(sent)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_it_collects_into_the_current_folder() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut command = birdfeed();
    command.current_dir(dir.path()).arg("run");
    command.env("X_BEARER_TOKEN", "simulator-token");
    command.env("BIRDFEED__STREAM__BASE_URL", simulator.base_url());
    command.env("BIRDFEED__STREAM__ALLOW_CUSTOM_HOST", "true");
    command.env("BIRDFEED__ADMIN__LISTEN", "127.0.0.1:0");
    let mut daemon = Daemon::spawn(dir.path(), &mut command);
    let messages = journaled(&simulator, &mut daemon).await;
    assert!(daemon.terminate().success());
    let posts = simulator.ledger().posts();
    assert_eq!(posts.len() as u64, messages);
    let found = lane_lines(&dir.path().join("birdfeed-data"), "tweets");
    assert!(posts.iter().map(simulator::Post::data).eq(found));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_broker_delays_the_end_by_the_drain_at_most_and_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let head = [stream(&simulator), "[shutdown]\ndrain = \"1s\"\n".to_owned()].concat();
    let mut daemon = Daemon::start(dir.path(), &[&head, DEAD].concat());
    let messages = journaled(&simulator, &mut daemon).await;
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    assert!(
        daemon.log().contains("the journal keeps these messages"),
        "{}",
        daemon.log()
    );
    // A file sink of the same name goes on where Kafka was.
    let file = file_sink(dir.path());
    let mut daemon = Daemon::start(dir.path(), &[head, file, "name = \"a\"\n".to_owned()].concat());
    daemon.wait_delivered(0, PATIENCE);
    assert!(daemon.terminate().success());
    assert_eq!(lane_lines(dir.path(), "tweets").len() as u64, messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let config = [&stream(&simulator), "[shutdown]\ndrain = \"1h\"\n", DEAD].concat();
    let mut daemon = Daemon::start(dir.path(), &config);
    journaled(&simulator, &mut daemon).await;
    daemon.signal("INT");
    daemon.wait_for("the drain", PATIENCE, |daemon| {
        // While the lanes drain, the process is alive and not ready.
        let stopped = daemon.status()["stream"]["state"] == "stopped";
        (stopped && daemon.get("/livez").0 == 200 && daemon.get("/readyz").0 == 503).then_some(())
    });
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    assert!(daemon.log().contains("ending at once"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_is_answered_and_survived() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    daemon.signal("HUP");
    daemon.wait_for("the answer", PATIENCE, |daemon| {
        daemon.log().contains("\"cause\":\"SIGHUP\"").then_some(())
    });
    journaled(&simulator, &mut daemon).await;
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_at_the_start_what_runs() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let config = [&stream(&simulator), DEAD, &file_sink(dir.path())].concat();
    std::fs::write(dir.path().join("birdfeed.toml"), config).unwrap();
    let run = || {
        let mut command = birdfeed();
        command
            .current_dir(dir.path())
            .args(["run", "--config", "birdfeed.toml"]);
        command
            .env("X_BEARER_TOKEN", "simulator-token")
            .env("BIRDFEED__ADMIN__LISTEN", "127.0.0.1:0")
            .env("BIRDFEED__SHUTDOWN__DRAIN", "0s");
        Daemon::spawn(dir.path(), &mut command)
    };
    let mut daemon = run();
    let messages = journaled(&simulator, &mut daemon).await;
    assert!(daemon.terminate().success());
    let mut daemon = run();
    let log = daemon.wait_for("the journal", PATIENCE, |daemon| {
        let log = daemon.log();
        log.contains("\"the journal\"").then_some(log)
    });
    let lines = [
        format!(
            "\"birdfeed starts\",\"version\":\"{}\",\"configuration\":\"birdfeed.toml\"",
            env!("CARGO_PKG_VERSION")
        ),
        format!(
            "\"the stream\",\"stream\":\"main\",\"endpoint\":\"search\",\"address\":\"{}\"",
            simulator.base_url().trim_start_matches("http://")
        ),
        "\"a sink\",\"sink\":\"a\",\"kind\":\"kafka\",\"address\":\"127.0.0.1:1\"".to_owned(),
        format!(
            "\"a sink\",\"sink\":\"file\",\"kind\":\"file\",\"address\":{:?}",
            dir.path().join("lanes")
        ),
    ];
    for line in lines {
        assert!(log.contains(&line), "no {line} in {log}");
    }
    let journal = log.lines().find(|line| line.contains("\"the journal\"")).unwrap();
    let replayed = serde_json::from_str::<serde_json::Value>(journal).unwrap()["replayed"]
        .as_u64()
        .unwrap();
    assert!(replayed >= messages, "{journal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_that_mean_nothing_end_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    for signal in ["USR1", "USR2", "PIPE", "ALRM", "IO"] {
        daemon.signal(signal);
    }
    daemon.wait_for("four answers", PATIENCE, |daemon| {
        (daemon.log().matches("this signal means nothing here").count() == 4).then_some(())
    });
    journaled(&simulator, &mut daemon).await;
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_that_is_replaced_after_a_401_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let token = dir.path().join("x-token");
    std::fs::write(&token, "old-token\n").unwrap();
    let named = format!("bearer_token_file = {token:?}\n");
    let config = [stream(&simulator), named, file_sink(dir.path())].concat();
    let mut daemon = Daemon::start(dir.path(), &config);
    let why = daemon.wait_for("the refusal", PATIENCE, |daemon| {
        let (status, why) = daemon.get("/readyz");
        (status == 503 && why.contains("401")).then_some(why)
    });
    assert!(why.starts_with("X refuses us, and no retry cures it: "), "{why}");
    assert_eq!(daemon.get("/livez"), (200, "ok\n".to_owned()));
    assert!(daemon.metric("birdfeed_stream_http_errors_total{status=\"401\"}") > 0.0);
    assert!(!daemon.log().contains("old-token"));
    std::fs::write(&token, "simulator-token\n").unwrap();
    daemon.wait_for("the stream", PATIENCE, |daemon| {
        (daemon.get("/readyz").0 == 200).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_clients_do_not_keep_probes_out() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    journaled(&simulator, &mut daemon).await;
    let address = daemon.admin().to_owned();
    // As many as it takes to keep a server busy that gives each its second.
    for _ in 0..3 {
        let idle: Vec<_> = (0..400).map(|_| TcpStream::connect(&address).unwrap()).collect();
        let asked = Instant::now();
        assert_eq!(daemon.get("/livez").0, 200);
        // A probe's limit.
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        drop(idle);
    }
    for request in [
        "POST /metrics HTTP/1.0\r\n\r\n".to_owned(),
        "\0\0\0\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.0\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET / HTTP/1.0\r\na: {}\r\n\r\n", "a".repeat(1 << 20)),
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        // The server may hang up in the middle.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.0 200"), "{:?}", &request[..20]);
        assert_eq!(daemon.get("/readyz").0, 200);
    }
    assert!(daemon.terminate().success());
}
