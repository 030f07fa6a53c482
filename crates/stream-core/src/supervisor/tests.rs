//! The driver on a clock of its own: hours pass in milliseconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connect_budget::{CONNECTS, ConnectBudgetFile};
use super::framer::MAX_LINE;
use super::{StreamReader, Supervisor, SupervisorExit, WhenFull};
use crate::ingest::{IngestQueue, JournalQuota};
use crate::source::{ConnectErrorClass, ReadError};
use crate::telemetry::{StatusCell, StreamStatus};
use crate::testing::counts::Counts;
use crate::testing::scripted::{Script, scripted};

struct Rig {
    script: Script,
    counts: Arc<Counts>,
    status: StatusCell<StreamStatus>,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<SupervisorExit>,
    _appender: journal::Appender,
    _dir: tempfile::TempDir,
}

impl Rig {
    fn start(max_retries: Option<u32>) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), max_retries)
    }

    fn start_in(dir: tempfile::TempDir, max_retries: Option<u32>) -> Self {
        let (source, script) = scripted();
        let (counts, status) = (Arc::<Counts>::default(), StatusCell::new(StreamStatus::default()));
        let stop = CancellationToken::new();
        let (appender, journal) = journal::open(journal::Settings::new(dir.path().join("journal"))).unwrap();
        let queue = Arc::new(IngestQueue::new(1 << 20));
        let supervisor = Supervisor {
            stream: "main".to_owned(),
            source,
            reader: StreamReader {
                queue: queue.clone(),
                when_full: WhenFull::Pause,
                max_line: MAX_LINE,
                // The sender may go: disconnects are not what is tried here.
                disconnects: mpsc::unbounded_channel().1,
                observer: counts.clone(),
                status: status.clone(),
            },
            queue,
            quota: JournalQuota {
                journal,
                max_bytes: 1 << 20,
            },
            max_retries,
            budget: ConnectBudgetFile::within(dir.path()),
            last_received: None,
            observer: counts.clone(),
            status: status.clone(),
            stop: stop.clone(),
        };
        Self {
            script,
            counts,
            status,
            stop,
            running: tokio::spawn(supervisor.run()),
            _appender: appender,
            _dir: dir,
        }
    }

    async fn counted(&self, what: &str, times: u64) {
        while self.counts.of(what) < times {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn stop(self) {
        self.stop.cancel();
        assert_eq!(self.running.await.unwrap(), SupervisorExit::Asked);
    }
}

#[tokio::test(start_paused = true)]
async fn flapping_spends_the_budget_and_no_more() {
    let rig = Rig::start(None);
    for _ in 0..CONNECTS + 20 {
        rig.script.accept().end(Ok(())).await;
    }
    let start = Instant::now();
    rig.counted("waiting budget", 1).await;
    assert_eq!(rig.counts.of("connect accepted"), CONNECTS as u64);
    assert_eq!(rig.counts.of("disconnected clean_end"), CONNECTS as u64);
    assert_eq!(rig.status.get().connect_budget, 0);
    // The schedule: nothing, then 250 ms more each time.
    let scheduled: u64 = (0..CONNECTS as u64 - 1).map(|n| 250 * n).sum();
    assert!(
        start.elapsed() >= Duration::from_millis(scheduled),
        "{:?}",
        start.elapsed()
    );
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_healthy_stream_the_first_reconnect_is_at_once() {
    let rig = Rig::start(None);
    for _ in 0..10 {
        rig.script.refuse(ConnectErrorClass::Network);
    }
    let wire = rig.script.accept();
    rig.counted("connect accepted", 1).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    let next = rig.script.accept();
    let waits = rig.counts.of("waiting network");
    let start = Instant::now();
    wire.end(Err(ReadError::Silence(Duration::from_secs(20)))).await;
    rig.counted("connect accepted", 2).await;
    assert!(
        start.elapsed() < Duration::from_millis(200),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(rig.counts.of("waiting network"), waits);
    // This one does not last: the schedule goes on.
    next.end(Ok(())).await;
    rig.counted("waiting network", waits + 1).await;
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_trickle_without_a_line_end_is_cut_off() {
    let rig = Rig::start(None);
    let wire = rig.script.accept();
    let start = Instant::now();
    while wire.send(&b"x"[..]).await {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(start.elapsed() < Duration::from_secs(120), "still open");
    }
    assert_eq!(rig.counts.of("disconnected stalled"), 1);
    assert!(rig.counts.of("half line") >= 60);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn waits_are_the_server_s_and_giving_up_is_counted() {
    let reset_in = Some(Duration::from_secs(100));
    let rig = Rig::start(Some(2));
    let start = Instant::now();
    rig.script.refuse(ConnectErrorClass::RateLimited { reset_in });
    rig.script.refuse(ConnectErrorClass::Http);
    rig.script.refuse(ConnectErrorClass::UsageCapped);
    assert_eq!(rig.running.await.unwrap(), SupervisorExit::RetriesExhausted);
    let took = start.elapsed();
    assert!(
        took >= Duration::from_secs(105) && took < Duration::from_secs(120),
        "{took:?}"
    );
    assert_eq!(
        (
            rig.counts.of("waiting rate_limited"),
            rig.counts.of("waiting http")
        ),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_stops_wherever_it_is() {
    for accepted in [false, true] {
        let rig = Rig::start(None);
        let wire = accepted.then(|| rig.script.accept());
        tokio::time::sleep(Duration::from_secs(5)).await;
        let told = u64::from(wire.is_some());
        let counts = rig.counts.clone();
        rig.stop().await;
        assert_eq!(counts.of("disconnected shutdown"), told);
    }
}

#[tokio::test]
async fn a_disk_that_hangs_does_not_keep_it_from_connecting() {
    let dir = tempfile::tempdir().unwrap();
    // Opening a pipe waits until somebody reads from it.
    let pipe = dir.path().join("connects.new");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let rig = Rig::start_in(dir, None);
    let wire = rig.script.accept();
    tokio::time::timeout(Duration::from_secs(120), rig.counted("connect accepted", 1))
        .await
        .unwrap();
    drop(wire);
    let noted = tokio::task::spawn_blocking(move || std::fs::read(pipe));
    assert!(!noted.await.unwrap().unwrap().is_empty());
    rig.stop().await;
}
