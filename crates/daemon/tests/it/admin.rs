//! What the admin server says as it happens.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::support::{Daemon, PATIENCE, file_sink, stream};

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
