//! v1.1 from end to end: the real messages of a stream through both framings, byte for byte; and the simulator's.

use std::net::SocketAddr;
use std::process::Command;

use simulator::{Fault, FaultPlan, Notice, OAuthKeys, Settings, Simulator, Socket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, lane_lines};

/// 36 messages of a sample stream of 2018 (bear/python-twitter, `testdata/streaming/lines.json`).
const REAL: &str = include_str!("../data/v11-messages.ndjson");

/// `birdfeed run` in `dir` of this configuration, with the simulator's keys in the environment.
fn run(dir: &std::path::Path, config: &str) -> Command {
    let file = dir.join("birdfeed.toml");
    let extra = format!(
        "[admin]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\n[journal]\ndir = {:?}\n",
        dir.join("journal")
    );
    std::fs::write(&file, [config, &file_sink(dir), &extra].concat()).unwrap();
    let mut command = birdfeed();
    command.args(["run", "--config"]).arg(&file);
    let keys = OAuthKeys::default();
    command
        .env("X_CONSUMER_KEY", keys.consumer_key)
        .env("X_CONSUMER_SECRET", keys.consumer_secret)
        .env("X_ACCESS_TOKEN", keys.access_token)
        .env("X_ACCESS_TOKEN_SECRET", keys.access_token_secret);
    command
}

/// A server that answers the first connection with `body` in chunks of many sizes, and then stays silent; gives its requests.
async fn serve(body: Vec<u8>) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = head(&mut socket).await;
        let start = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        socket.write_all(start.as_bytes()).await.unwrap();
        let (mut rest, mut size) = (&body[..], 1);
        while !rest.is_empty() {
            let (chunk, tail) = rest.split_at(rest.len().min(size));
            let coded = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
            socket.write_all(&coded).await.unwrap();
            (rest, size) = (tail, size % 1_999 + 13);
        }
        // Open until the client goes.
        let _ = socket.read_to_end(&mut Vec::new()).await;
        request
    });
    (address, served)
}

async fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        socket.read_buf(&mut head).await.unwrap();
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_six_real_messages_arrive_byte_for_byte_through_both_framings() {
    let messages: Vec<&str> = REAL.lines().map(|line| line.trim_end_matches('\r')).collect();
    assert_eq!(messages.len(), 36);
    // As X may send it if lengths say where it ends; in a file it stands on one line.
    let spread = "{\n\"id_str\":\"1\",\r\n\"text\":\"a\"\n}";
    for delimited in [false, true] {
        let mut body = b"\r\n".to_vec();
        for message in &messages {
            if delimited {
                body.extend_from_slice(format!("{}\r\n", message.len() + 2).as_bytes());
            }
            body.extend_from_slice(message.as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        let mut expected: Vec<_> = messages
            .iter()
            .map(|message| message.as_bytes().to_vec())
            .collect();
        if delimited {
            body.extend_from_slice(format!("\r\n{}\r\n{spread}\r\n", spread.len() + 2).as_bytes());
            expected.push(spread.replace('\n', " ").into_bytes());
        }
        let (address, served) = serve(body).await;
        let dir = tempfile::tempdir().unwrap();
        let framing = if delimited { "length" } else { "off" };
        let config = format!(
            "[stream]\nendpoint = \"v1-sample\"\nbase_url = \"http://{address}\"\n[stream.filter]\ndelimited = {framing:?}\n"
        );
        let mut daemon = Daemon::spawn(dir.path(), &mut run(dir.path(), &config));
        daemon.wait_delivered(expected.len() as u64, PATIENCE);
        assert_eq!(lane_lines(dir.path(), "tweets"), expected);
        let posts = daemon.metric("birdfeed_stream_messages_total{kind=\"post\"}");
        assert_eq!(format!("{posts}"), expected.len().to_string());
        assert!(lane_lines(dir.path(), "dead_letter").is_empty());
        assert!(daemon.terminate().success());
        let request = served.await.unwrap();
        let asked = if delimited { "?delimited=length " } else { " " };
        assert!(
            request.starts_with(&format!("GET /1.1/statuses/sample.json{asked}HTTP/1.1\r\n")),
            "{request}"
        );
        assert!(
            request.contains("\r\nauthorization: OAuth oauth_consumer_key="),
            "{request}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_message_lands_in_its_lane_and_what_is_held_back_is_counted() {
    let step = |fault| simulator::Step {
        at: simulator::At::EveryConnection,
        moment: simulator::Moment::AfterPosts(10),
        fault,
    };
    let faults = Notice::ALL.map(|notice| step(Fault::Notice(notice)));
    let simulator = Simulator::start(Settings {
        faults: FaultPlan::new(faults),
        posts: Some(20),
        ..Settings::default()
    })
    .await
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "[stream]\nendpoint = \"v1-filter\"\nbase_url = \"{}\"\n[stream.filter]\ntrack = [\"cats\"]\ndelimited = \"length\"\n\
         stall_warnings = true\n",
        simulator.base_url()
    );
    let mut daemon = Daemon::spawn(dir.path(), &mut run(dir.path(), &config));
    daemon.wait_delivered(20 + Notice::ALL.len() as u64, PATIENCE);
    let posts: Vec<_> = simulator
        .ledger()
        .posts()
        .iter()
        .map(|post| post.line.to_vec())
        .collect();
    assert_eq!(lane_lines(dir.path(), "tweets"), posts);
    let count = |lane| lane_lines(dir.path(), lane).len();
    assert_eq!(
        (count("compliance"), count("errors"), count("unknown")),
        (4, 3, 5)
    );
    for (metric, value) in [
        ("birdfeed_stream_undelivered_total", "7"),
        ("birdfeed_stream_messages_total{kind=\"limit\"}", "1"),
    ] {
        assert_eq!(format!("{}", daemon.metric(metric)), value, "{metric}");
    }
    let log = daemon.log();
    for secret in ["simulator-consumer-secret", "simulator-access-token"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn powerstream_s_lists_are_their_statuses() {
    let simulator = Simulator::start(Settings {
        posts: Some(40),
        ..Settings::default()
    })
    .await
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "[stream]\nendpoint = \"powerstream\"\nbase_url = \"{}\"\nlocal_dc_only = true\n",
        simulator.base_url()
    );
    let mut command = run(dir.path(), &config);
    let mut daemon = Daemon::spawn(dir.path(), command.env("X_BEARER_TOKEN", "simulator-token"));
    daemon.wait_delivered(41, PATIENCE);
    let posts: Vec<_> = simulator
        .ledger()
        .posts()
        .iter()
        .map(|post| post.data().to_vec())
        .collect();
    assert_eq!(lane_lines(dir.path(), "tweets"), posts);
    assert_eq!(lane_lines(dir.path(), "unknown").len(), 1, "where it comes from");
}

/// A daemon whose first stream ends with this disconnect code.
async fn disconnected(dir: &std::path::Path, code: Fault) -> (Simulator, Daemon) {
    let simulator = Simulator::start(Settings {
        faults: FaultPlan::once(1, code),
        ..Settings::default()
    })
    .await
    .unwrap();
    let config = format!(
        "[stream]\nendpoint = \"v1-sample\"\nbase_url = \"{}\"\n",
        simulator.base_url()
    );
    let daemon = Daemon::spawn(dir, &mut run(dir, &config));
    (simulator, daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_with_the_same_keys_is_not_fought() {
    let dir = tempfile::tempdir().unwrap();
    let (_simulator, mut daemon) = disconnected(dir.path(), Fault::Code(7, Socket::LeftOpen)).await;
    daemon.wait_for("the slow ladder", PATIENCE, |daemon| {
        (daemon.metric("birdfeed_stream_retries_total{class=\"rate_limited\"}") > 0.0).then_some(())
    });
    assert!(daemon.metric("birdfeed_stream_retry_wait_seconds") >= 60.0);
    let status = daemon.status();
    let why = status["stream"]["last_error"].as_str().unwrap();
    assert!(
        why.contains("code 7, admin logout: admin logout (another client streams with the same keys"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_count_ends_the_daemon_in_good_order() {
    let dir = tempfile::tempdir().unwrap();
    let (simulator, mut daemon) = disconnected(dir.path(), Fault::Code(9, Socket::Closed)).await;
    assert!(daemon.wait().success(), "{}", daemon.log());
    assert!(daemon.log().contains("the stream is complete"));
    assert_eq!(simulator.attempts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_asks_for_what_the_filter_says_now_on_a_new_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = head(&mut socket).await;
            while !(request.ends_with("track=cats") || request.ends_with("track=dogs")) {
                request.push(char::from(socket.read_u8().await.unwrap()));
            }
            let start = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n\r\n\r\n";
            socket.write_all(start.as_bytes()).await.unwrap();
            tell.send(request).unwrap();
            tokio::spawn(async move { socket.read_to_end(&mut Vec::new()).await });
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let config = |track: &str| {
        format!(
            "[stream]\nendpoint = \"v1-filter\"\nbase_url = \"http://{address}\"\n[stream.filter]\ntrack = [{track:?}]\n"
        )
    };
    let mut daemon = Daemon::spawn(dir.path(), &mut run(dir.path(), &config("cats")));
    let first = told.recv().await.unwrap();
    assert!(first.contains("track=cats"), "{first}");
    daemon.wait_for("the stream", PATIENCE, |daemon| {
        (daemon.status()["stream"]["state"] == "streaming").then_some(())
    });
    // Nothing new is asked for: the connection stays.
    daemon.signal("HUP");
    daemon.wait_for("the first answer", PATIENCE, |daemon| {
        daemon.log().contains("was read again").then_some(())
    });
    run(dir.path(), &config("dogs"));
    daemon.signal("HUP");
    let second = told.recv().await.unwrap();
    assert!(second.contains("track=dogs"), "{second}");
    daemon.wait_for("the end that we made", PATIENCE, |daemon| {
        let renewed = daemon.metric("birdfeed_stream_disconnects_total{reason=\"renewed\"}");
        (renewed >= 1.0).then_some(())
    });
    // A filter that is wrong changes nothing.
    run(dir.path(), &config(""));
    daemon.signal("HUP");
    daemon.wait_for("the refusal", PATIENCE, |daemon| {
        daemon.log().contains("stays as it was").then_some(())
    });
    assert_eq!(daemon.status()["stream"]["connections"], 2);
    assert!(daemon.terminate().success());
}
