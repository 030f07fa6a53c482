//! What the admin server says as it happens.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::support::{Daemon, PATIENCE, birdfeed, end_of, file_sink, stream};

async fn simulator() -> Simulator {
    let settings = Settings {
        rate: 100.0,
        ..Settings::default()
    };
    Simulator::start(settings).await.unwrap()
}

/// The next event of this name.
fn next(lines: &mut impl Iterator<Item = String>, name: &str) -> Value {
    let named = format!("event: {name}");
    lines.find(|line| *line == named).expect("no more events");
    let data = lines.next().unwrap();
    serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_bring_the_past_and_then_a_report_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let mut daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    daemon.wait_delivered(50, PATIENCE);
    let mut lines = daemon.listen("/events");
    let past = next(&mut lines, "history");
    assert!(!past["points"].as_array().unwrap().is_empty(), "{past}");
    let mut reports = Vec::new();
    while reports.len() < 8 {
        reports.push(next(&mut lines, "report"));
    }
    let (first, last) = (&reports[0], &reports[7]);
    assert!(
        last["rates"]["messages_per_second"].as_f64().unwrap() > 10.0,
        "{last}"
    );
    assert!(last["stream"]["messages"].as_u64() > first["stream"]["messages"].as_u64());
    let words = last["words"]["stream"].as_str().unwrap();
    assert!(words.starts_with("connected for "), "{words}");
    // Everything that `/status` says is said here.
    for (name, _) in daemon.status().as_object().unwrap() {
        assert!(last.get(name).is_some(), "{name} is missing in {last}");
    }
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_are_bounded_and_who_does_not_read_is_hung_up_on() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    let silent: Vec<_> = (0..16)
        .map(|_| {
            let socket = socket_with_little_room(daemon.admin());
            write!(&socket, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            socket
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let (status, body) = daemon.get("/events");
    assert_eq!((status, body.as_str()), (503, "16 listen already\n"));
    assert_eq!(daemon.get("/livez").0, 200);
    // They take nothing more: sooner or later the kernel's buffers are full, and then patience ends.
    let started = Instant::now();
    while daemon.listen("/events").next().is_none() {
        assert!(started.elapsed() < PATIENCE * 2, "they hold their seats");
        std::thread::sleep(Duration::from_secs(1));
    }
    drop(silent);
}

/// A connection whose kernel keeps as little as it can of what nobody reads.
fn socket_with_little_room(address: &str) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let address: std::net::SocketAddr = address.parse().unwrap();
    socket.connect(&address.into()).unwrap();
    socket.into()
}

const TAP: [(&str, &str); 1] = [("BIRDFEED__ADMIN__TAP", "true")];

#[tokio::test(flavor = "multi_thread")]
async fn who_taps_sees_what_passes_as_it_came_and_the_stream_does_not_notice() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let config = [stream(&simulator), file_sink(dir.path())].concat();
    let mut daemon = Daemon::start_with(dir.path(), &config, &TAP);
    daemon.wait_delivered(1, PATIENCE);
    let tap = |arguments: &[&str]| {
        let mut tap = birdfeed();
        tap.args(["tap", "--address", daemon.admin()]).args(arguments);
        let mut tap = tap.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(tap.stdout.take().unwrap()).lines();
        (tap, lines.map(Result::unwrap))
    };
    let (mut all, lines) = tap(&["tweets"]);
    let records: Vec<String> = lines.take(100).collect();
    let (mut some, lines) = tap(&["--sample", "0.2"]);
    let sampled: Vec<Value> = lines
        .take(100)
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect();
    // Nobody reads any more: that is no error.
    for child in [&mut all, &mut some] {
        assert!(end_of(child).unwrap().success());
    }
    let posts = simulator.ledger().posts();
    let ids: Vec<&str> = posts.iter().map(|post| post.id.as_str()).collect();
    let first: Value = serde_json::from_str(&records[0]).unwrap();
    let start = ids.iter().position(|id| first["key"] == *id).unwrap();
    for (record, post) in records.iter().zip(&posts[start..]) {
        let data = String::from_utf8(post.data().to_vec()).unwrap();
        assert!(record.starts_with(r#"{"lane":"tweets","birdfeed":""#), "{record}");
        assert!(
            record.ends_with(&format!(r#","value":{data}}}"#)),
            "{record} is not {data}"
        );
    }
    // A message's records are in the sample together, and every lane is.
    let lanes: std::collections::BTreeSet<_> =
        sampled.iter().map(|record| record["lane"].to_string()).collect();
    assert!(lanes.len() >= 3, "{lanes:?}");
    let status = daemon.status();
    assert_eq!(status["stream"]["connections"], 1);
    assert_eq!(status["stream"]["dropped"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_that_is_off_or_asked_for_nonsense_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let config = [stream(&simulator), file_sink(dir.path())].concat();
    let daemon = Daemon::start(dir.path(), &config);
    assert_eq!(
        daemon.get("/tap"),
        (403, "it is off: [admin] tap = true\n".to_owned())
    );
    let tap = |daemon: &Daemon, lane: &str| {
        let mut tap = birdfeed();
        tap.args(["tap", lane, "--address", daemon.admin()]);
        let output = tap.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = tap(&daemon, "tweets");
    assert_eq!(code, Some(69));
    assert!(said.ends_with("it is off: [admin] tap = true\n"), "{said}");
    assert_eq!(tap(&daemon, "tweet").0, Some(64));
    daemon.kill();
    let daemon = Daemon::start_with(dir.path(), &config, &TAP);
    let (code, said) = tap(&daemon, "responses");
    assert_eq!(code, Some(69));
    assert!(
        said.contains("the lane responses is off: see [lanes] enabled"),
        "{said}"
    );
    assert_eq!(daemon.get("/tap?sample=2").0, 400);
    let taps: Vec<_> = (0..4).map(|_| daemon.listen("/tap").next()).collect();
    assert!(taps.iter().all(Option::is_some));
}
