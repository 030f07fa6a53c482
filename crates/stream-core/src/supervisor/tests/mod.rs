//! The driver on a clock of its own: hours pass in milliseconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connect_budget::CONNECTS;
use super::framer::MAX_LINE;
use super::{MemoryFile, Reconnector, StreamReader, Supervisor, SupervisorExit, WhenFull};
use crate::ingest::{IngestQueue, JournalIntake, JournalQuota};
use crate::intake::Finder;
use crate::model::{StreamState, WaitClass};
use crate::source::{ConnectErrorClass, ReadError};
use crate::telemetry::{StatusCell, StreamStatus};
use crate::testing::counts::Counts;
use crate::testing::scripted::{Script, scripted};

mod blind;
mod killed;

struct Rig {
    script: Script,
    reconnector: Reconnector,
    counts: Arc<Counts>,
    status: StatusCell<StreamStatus>,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<SupervisorExit>,
    queue: Arc<IngestQueue>,
    _appender: journal::Appender,
    dir: Arc<tempfile::TempDir>,
}

impl Rig {
    fn start(max_retries: Option<u32>) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), max_retries)
    }

    fn start_in(dir: Arc<tempfile::TempDir>, max_retries: Option<u32>) -> Self {
        let (source, script) = scripted();
        let (counts, status) = (Arc::<Counts>::default(), StatusCell::new(StreamStatus::default()));
        let (stop, reconnector) = (CancellationToken::new(), Reconnector::default());
        let (appender, journal) = journal::open(journal::Settings::new(dir.path().join("journal"))).unwrap();
        let queue = Arc::new(IngestQueue::new(1 << 20));
        let intake = Arc::new(JournalIntake {
            queue: queue.clone(),
            quota: JournalQuota {
                journal,
                max_bytes: 1 << 20,
            },
        });
        let supervisor = Supervisor {
            stream: "main".to_owned(),
            source: source.clone(),
            reader: StreamReader {
                source,
                intake: intake.clone(),
                when_full: WhenFull::Pause,
                max_line: MAX_LINE,
                // The finder may go: messages are not what is tried here.
                findings: Finder::new().1,
                observer: counts.clone(),
                status: status.clone(),
            },
            intake,
            max_retries,
            memory: Some(MemoryFile::within(dir.path())),
            last_received: None,
            owed: None,
            observer: counts.clone(),
            status: status.clone(),
            reconnector: reconnector.clone(),
            stop: stop.clone(),
        };
        Self {
            script,
            reconnector,
            counts,
            status,
            stop,
            running: tokio::spawn(supervisor.run()),
            queue,
            _appender: appender,
            dir,
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
    for _ in 0..2 {
        wire.send(&b"\r\n"[..]).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
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
async fn what_a_person_has_cured_is_tried_at_once_and_what_the_server_asks_for_is_not() {
    let reset_in = Some(Duration::from_secs(100));
    let rig = Rig::start(None);
    rig.script.refuse(ConnectErrorClass::Refused);
    rig.counted("waiting operator", 1).await;
    rig.script.refuse(ConnectErrorClass::RateLimited { reset_in });
    let start = Instant::now();
    rig.reconnector.retry();
    rig.counted("waiting rate_limited", 1).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let wire = rig.script.accept();
    rig.reconnector.retry();
    rig.counted("connect accepted", 1).await;
    assert!(start.elapsed() > Duration::from_secs(99), "{:?}", start.elapsed());
    // The attempt has met the wish, so the next wait is not ended by it.
    rig.script.refuse(ConnectErrorClass::Refused);
    wire.end(Ok(())).await;
    rig.counted("waiting operator", 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(rig.counts.of("connect refused"), 2);
    assert_eq!(rig.status.get().state, StreamState::Waiting);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_renewed_at_once_and_a_retry_leaves_it_alone() {
    let rig = Rig::start(None);
    let first = rig.script.accept();
    rig.counted("connect accepted", 1).await;
    rig.reconnector.retry();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(rig.counts.of("disconnected renewed"), 0);
    let second = rig.script.accept();
    let start = Instant::now();
    rig.reconnector.renew();
    first.hung_up().await;
    rig.counted("connect accepted", 2).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(rig.counts.of("disconnected renewed"), 1);
    // A wish during a wait is met by the attempt after it, and by nothing before it.
    rig.script.refuse(ConnectErrorClass::Http);
    let third = rig.script.accept();
    second.end(Ok(())).await;
    rig.counted("waiting http", 1).await;
    rig.reconnector.renew();
    rig.counted("connect accepted", 3).await;
    assert!(start.elapsed() > Duration::from_secs(4), "{:?}", start.elapsed());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(rig.counts.of("disconnected renewed"), 1);
    drop(third);
    rig.stop().await;
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
    let dir = Arc::new(tempfile::tempdir().unwrap());
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

#[tokio::test(start_paused = true)]
async fn an_outage_of_an_hour_costs_no_connect_and_ends_within_16_s() {
    let rig = Rig::start(None);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3_600) {
        let waits = rig.counts.of("connect network");
        rig.script.refuse(ConnectErrorClass::Network);
        rig.counted("connect network", waits + 1).await;
    }
    let over = Instant::now();
    let _wire = rig.script.accept();
    rig.counted("connect accepted", 1).await;
    assert!(over.elapsed() < Duration::from_secs(16), "{:?}", over.elapsed());
    assert_eq!(rig.status.get().connect_budget, CONNECTS as u64 - 1);
    assert_eq!(rig.counts.of("waiting budget"), 0);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_for_the_next_process() {
    let reset_in = Some(Duration::from_secs(900));
    let mut rig = Rig::start(None);
    rig.script.refuse(ConnectErrorClass::RateLimited { reset_in });
    rig.counted("waiting rate_limited", 1).await;
    for _ in 0..5 {
        let dir = rig.dir.clone();
        rig.stop().await;
        rig = Rig::start_in(dir, None);
        rig.script.refuse(ConnectErrorClass::Http);
        rig.counted("waiting rate_limited", 1).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(rig.counts.of("connect http"), 0);
    }
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn pages_in_the_place_of_a_stream_climb_and_are_not_believed() {
    let rig = Rig::start(None);
    let start = Instant::now();
    for n in 1..=4 {
        let wire = rig.script.accept();
        // Lines, empty ones too, but all at once: no sign of a stream.
        wire.lines(["garbage <html>", "", "", "garbage </html>"]).await;
        rig.counted("connect accepted", n).await;
        wire.end(Ok(())).await;
        rig.counted("disconnected clean_end", n).await;
        assert_eq!(rig.status.get().unproven, n);
    }
    // A refusal's body that does not end with a line end is read before it is thrown away, and its ladder climbed.
    for n in 1..=2 {
        let wire = rig.script.accept();
        wire.send(r#"{"goodbye":"refused: no more of this"}"#).await;
        wire.end(Ok(())).await;
        rig.counted("disconnected refused", n).await;
        rig.counted("waiting http", n).await;
        assert_eq!(rig.status.get().wait_class, Some(WaitClass::Http));
    }
    let status = rig.status.get();
    assert_eq!(
        status.last_error.as_deref(),
        Some("refused: refused: no more of this")
    );
    assert!(start.elapsed() > Duration::from_secs(5));
    // Two keep-alives that come apart are a stream.
    let wire = rig.script.accept();
    wire.send(&b"\r\n"[..]).await;
    rig.counted("connect accepted", 7).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(rig.status.get().unproven, 7);
    wire.send(&b"\r\n"[..]).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let status = rig.status.get();
    assert_eq!(
        (status.unproven, status.last_error, status.failing),
        (0, None, None)
    );
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_heard_is_noted_every_five_seconds() {
    let rig = Rig::start(None);
    let wire = rig.script.accept();
    rig.counted("connect accepted", 1).await;
    let mut noted = None;
    for _ in 0..4 {
        wire.send(&b"\r\n"[..]).await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        let heard = rig.status.get().last_byte;
        // The disk is not on the paused clock.
        while MemoryFile::within(rig.dir.path()).load().seen != heard {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(heard > noted);
        noted = heard;
    }
    rig.stop().await;
}

/// As a disk that is slower than the stream: it takes a little whenever the queue is full, and never catches up.
#[tokio::test(start_paused = true)]
async fn backpressure_has_an_end_though_there_is_room_now_and_then() {
    let rig = Rig::start(None);
    let wire = rig.script.accept();
    let queue = rig.queue.clone();
    let start = Instant::now();
    let disk = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if queue.is_full() {
                let taken = queue.next(64 << 10, Duration::ZERO).unwrap();
                queue.done(IngestQueue::weight(&taken));
            }
        }
    });
    while wire.lines([vec![b'x'; 64 << 10]]).await {
        assert!(start.elapsed() < Duration::from_secs(40), "still open");
    }
    disk.abort();
    assert_eq!(rig.counts.of("disconnected journal_full"), 1);
    assert!(start.elapsed() >= Duration::from_secs(5), "{:?}", start.elapsed());
    rig.stop().await;
}
