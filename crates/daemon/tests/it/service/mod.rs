//! A daemon under a service manager: what it tells by `NOTIFY_SOCKET`, and the unit that is shipped.

mod journal;
mod manager;
mod unit;

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use simulator::{Settings, Simulator};

use self::manager::{Frozen, Manager};
use crate::support::{Daemon, PATIENCE, file_sink, stream};

const WATCHDOG: Duration = Duration::from_secs(1);

async fn simulator() -> Simulator {
    let settings = Settings {
        rate: 200.0,
        ..Settings::default()
    };
    Simulator::start(settings).await.unwrap()
}

/// A daemon, and its manager.
fn start(dir: &Path, simulator: &Simulator) -> (Daemon, Manager) {
    let mut command = Daemon::command(dir, &[stream(simulator), file_sink(dir)].concat());
    let manager = Manager::of(&mut command, dir, WATCHDOG);
    (Daemon::spawn(dir, &mut command), manager)
}

fn feeds(message: &str) -> bool {
    message.lines().any(|line| line == "WATCHDOG=1")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_is_told_of_a_whole_life() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let (daemon, manager) = start(dir.path(), &simulator);
    assert_eq!(manager.next(PATIENCE).as_deref(), Some("READY=1"));
    assert_eq!(daemon.get("/livez").0, 200);
    let status = manager.wait("connection", |message| {
        message.starts_with("STATUS=connected ") && !message.contains(" 0/s")
    });
    assert!(status.contains("/s, file lag "), "{status}");
    // Twice as often as the watchdog asks for.
    let fed = manager
        .all(3 * WATCHDOG)
        .iter()
        .filter(|message| feeds(message))
        .count();
    assert!((4..=8).contains(&fed), "{fed} times in 3 s");
    daemon.signal("HUP");
    let reloading = manager.wait("reload", |message| message.starts_with("RELOADING=1\n"));
    let at = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
    assert!(at.parse::<u64>().unwrap() > 0);
    manager.wait("end of the reload", |message| message == "READY=1");
    daemon.signal("TERM");
    let stopping = manager.wait("end", |message| message.starts_with("STOPPING=1\n"));
    assert_eq!(stopping, "STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000");
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_end_asks_for_time_and_feeds_the_watchdog() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let dead =
        "[shutdown]\ndrain = \"1h\"\n[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"127.0.0.1:1\"\n";
    let mut command = Daemon::command(dir.path(), &[&stream(&simulator), dead].concat());
    let manager = Manager::of(&mut command, dir.path(), WATCHDOG);
    let mut daemon = Daemon::spawn(dir.path(), &mut command);
    daemon.wait_for("messages", PATIENCE, |daemon| {
        (daemon.status()["stream"]["messages"].as_u64()? > 50).then_some(())
    });
    daemon.signal("TERM");
    manager.wait("end", |message| message.starts_with("STOPPING=1\n"));
    let message = manager.wait("more time", |message| message.contains("EXTEND_TIMEOUT_USEC="));
    assert!(
        message.starts_with("STATUS=stopped for ") && feeds(&message),
        "{message}"
    );
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_cannot_work_is_never_ready() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = Daemon::command(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    let manager = Manager::of(&mut command, dir.path(), WATCHDOG);
    let address = taken.local_addr().unwrap().to_string();
    command
        .env("BIRDFEED__ADMIN__LISTEN", address)
        .stderr(Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(74));
    assert_eq!(manager.next(Duration::ZERO), None);
}

/// Whether a daemon whose loop `name` stands still is alive for its manager, and whether it is again afterwards.
async fn wedged(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator().await;
    let (mut daemon, manager) = start(dir.path(), &simulator);
    daemon.wait_delivered(50, PATIENCE);
    let frozen = Frozen::thread(daemon.pid(), name);
    daemon.wait_for("a loop that is stuck", PATIENCE, |daemon| {
        let (status, why) = daemon.get("/livez");
        (status == 503 && why.contains(&format!("{name} has not moved"))).then_some(())
    });
    // What was told before that.
    manager.all(Duration::from_millis(1));
    let told = manager.all(2 * WATCHDOG);
    assert!(
        told.iter().any(|message| message.starts_with("STATUS=")),
        "{told:#?}"
    );
    assert!(!told.iter().any(|message| feeds(message)), "{told:#?}");
    drop(frozen);
    manager.wait("sign of life", feeds);
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_feeds_the_watchdog_for_a_reader_that_hangs() {
    wedged("reader").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_feeds_the_watchdog_for_a_writer_that_hangs() {
    wedged("ingest").await;
}
