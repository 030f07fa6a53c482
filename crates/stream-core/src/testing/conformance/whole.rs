//! What a sink owes the whole data path: a scripted source, a real journal, the real lane loops, the sink under test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bench::Bench;
use super::check::Batch;
use crate::model::Lane;
use crate::pipeline::{NamedSink, Pipeline, Settings};
use crate::telemetry::{LaneStatus, Observer};
use crate::testing::scripted::{Scripted, Wire, scripted};

/// How long the sink may take to be done with everything.
const PATIENCE: Duration = Duration::from_secs(120);
/// How soon after the broker's return something must be confirmed. The aim is 3 s; a busy test machine gets more.
const SOON: Duration = Duration::from_secs(15);
/// How soon a lane must know that its broker has gone. The promise is 5 s; a busy test machine gets more.
const NOTICED: Duration = Duration::from_secs(10);
/// How much the process may grow while the broker is away.
const GROWTH: u64 = 96 << 20;
const SIZE: usize = 300;

/// A data path into the sink under test.
struct Path {
    pipeline: Pipeline,
    wire: Wire,
    sent: usize,
    dir: tempfile::TempDir,
}

impl Path {
    fn start(bench: &dyn Bench) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let (pipeline, wire) = run(bench, &dir);
        Self {
            pipeline,
            wire,
            sent: 0,
            dir,
        }
    }

    /// Sends the values up to `until`, never so fast that the reader would have to close the stream.
    async fn send(&mut self, batch: &Batch, until: usize, size: usize) {
        while self.sent < until {
            let portion = (until - self.sent).min((256 << 10) / size);
            let values = (self.sent..self.sent + portion).map(|n| batch.value(n, size));
            assert!(self.wire.lines(values).await, "the reader hung up");
            self.sent += portion;
            self.received(self.sent.saturating_sub((8 << 20) / size)).await;
        }
    }

    /// Waits until `count` messages have come in since the start.
    async fn received(&self, count: usize) {
        wait("journaled", || {
            self.pipeline.view().status().stream.messages >= count as u64
        })
        .await;
    }

    fn lane(&self, lane: Lane) -> LaneStatus {
        let lanes = self.pipeline.view().status().lanes;
        let found = lanes.into_iter().find(|status| status.lane == lane);
        found.expect("the lane is enabled")
    }

    async fn delivered(&self, lane: Lane, count: usize) {
        wait(&format!("{count} delivered to {lane}"), || {
            let status = self.lane(lane);
            assert!(status.balances(), "{status:?}");
            status.delivered >= count as u64
        })
        .await;
    }

    async fn drain(self) -> tempfile::TempDir {
        // A lane that waits for a broker to come back ends where it is.
        wait("every lane is back", || {
            let lanes = self.pipeline.view().status().lanes;
            lanes.iter().all(|lane| lane.connected || lane.received == 0)
        })
        .await;
        let rest = self.pipeline.drain(PATIENCE).await;
        rest.journal.expect("the journal closes");
        for lane in rest.status.lanes {
            assert!(
                lane.balances() && lane.in_flight == 0 && lane.pending == 0,
                "{lane:?}"
            );
        }
        self.dir
    }

    /// Ends without a farewell and starts again in the same folder.
    async fn crash(self, bench: &dyn Bench) -> Self {
        drop((self.pipeline, self.wire));
        let start = Instant::now();
        while journal_is_locked(&self.dir) {
            assert!(start.elapsed() < PATIENCE, "the journal stays locked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (pipeline, wire) = run(bench, &self.dir);
        Self {
            pipeline,
            wire,
            ..self
        }
    }
}

fn journal_settings(dir: &tempfile::TempDir) -> journal::Settings {
    journal::Settings::new(dir.path().join("journal"))
}

fn journal_is_locked(dir: &tempfile::TempDir) -> bool {
    matches!(
        journal::open(journal_settings(dir)),
        Err(journal::OpenError::Locked { .. })
    )
}

fn run(bench: &dyn Bench, dir: &tempfile::TempDir) -> (Pipeline, Wire) {
    let (source, script): (Arc<Scripted>, _) = scripted();
    let lanes = [Lane::Tweets, Lane::DeadLetter].into_iter().collect();
    let settings = Settings::new("conformance", lanes, journal_settings(dir));
    let sink = NamedSink {
        name: "bench".to_owned(),
        sink: bench.sink(),
    };
    let observer: Arc<dyn Observer> = Arc::new(());
    let wire = script.accept();
    let pipeline = Pipeline::start(&settings, source, &[sink], &observer).expect("the data path starts");
    (pipeline, wire)
}

async fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Records flow, the broker dies, more records come, the broker is back: everything is there at least once, first
/// occurrences of each key in order, the chain whole, and confirming goes on soon. A sink without a broker has our own
/// process die instead.
pub async fn reconnect(bench: &dyn Bench) {
    const COUNT: usize = 900;
    let batch = Batch::new("reconnect");
    let before = bench.read_back(Lane::Tweets, 0).await.len();
    let mut path = Path::start(bench);
    path.send(&batch, COUNT / 3, SIZE).await;
    path.delivered(Lane::Tweets, COUNT / 6).await;
    if let Some(broker) = bench.broker() {
        broker.kill().await;
        path.send(&batch, COUNT * 2 / 3, SIZE).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let confirmed = path.lane(Lane::Tweets).delivered;
        broker.up().await;
        let up = Instant::now();
        wait("confirming again", || {
            path.lane(Lane::Tweets).delivered > confirmed
        })
        .await;
        assert!(
            up.elapsed() < SOON,
            "took {:?} after the broker's return",
            up.elapsed()
        );
        println!(
            "reconnect: confirming {:?} after the broker's return",
            up.elapsed()
        );
        path.send(&batch, COUNT, SIZE).await;
        path.delivered(Lane::Tweets, COUNT).await;
    } else {
        path.send(&batch, COUNT * 2 / 3, SIZE).await;
        path.received(COUNT * 2 / 3).await;
        path = path.crash(bench).await;
        path.send(&batch, COUNT, SIZE).await;
        path.received(COUNT - COUNT * 2 / 3).await;
    }
    path.drain().await;
    let repeats = batch.check(bench, Lane::Tweets, before, COUNT, SIZE).await;
    println!("reconnect: {repeats} of {COUNT} repeated");
    let records = bench.read_back(Lane::Tweets, before + COUNT).await;
    batch.check_chain(&records, bench.sink().kind());
}

/// The broker goes and comes while nothing is under way: the lane says both, soon, and why.
pub async fn health(bench: &dyn Bench) {
    let Some(broker) = bench.broker() else {
        return;
    };
    let mut path = Path::start(bench);
    // A publisher is opened at the first record.
    path.send(&Batch::new("health"), 1, SIZE).await;
    path.delivered(Lane::Tweets, 1).await;
    wait("connected", || path.lane(Lane::Tweets).connected).await;
    let before = path.lane(Lane::Tweets);
    broker.kill().await;
    let killed = Instant::now();
    wait("not connected", || !path.lane(Lane::Tweets).connected).await;
    let (took, lane) = (killed.elapsed(), path.lane(Lane::Tweets));
    println!("health: {:?} in {took:?}", lane.last_error);
    assert!(took < NOTICED, "noticed {took:?} after the broker's death");
    let why = lane.last_error.as_deref().unwrap_or_default();
    assert!(!why.trim().is_empty() && lane.last_error_at.is_some(), "{lane:?}");
    let errors = |lane: &LaneStatus| lane.errors_unavailable + lane.errors_operator;
    assert!(errors(&lane) > errors(&before), "{lane:?}");
    broker.up().await;
    let up = Instant::now();
    wait("connected again", || path.lane(Lane::Tweets).connected).await;
    println!("health: well {:?} after the broker's return", up.elapsed());
    assert!(
        up.elapsed() < SOON,
        "noticed {:?} after the broker's return",
        up.elapsed()
    );
    wait("the error is over", || {
        path.lane(Lane::Tweets).last_error.is_none()
    })
    .await;
    path.drain().await;
}

/// One record that the broker refuses among hundreds of good ones: each good one is there, and the bad one alone is in
/// `dead_letter`. A sink that refuses nothing has nothing to show.
pub async fn one_bad_record(bench: &dyn Bench) {
    const COUNT: usize = 600;
    let Some(bad) = bench.refused() else {
        return;
    };
    let batch = Batch::new("bad");
    let before = bench.read_back(Lane::Tweets, 0).await.len();
    let letters_before = bench.read_back(Lane::DeadLetter, 0).await.len();
    let mut path = Path::start(bench);
    path.send(&batch, COUNT / 2, SIZE).await;
    assert!(path.wire.lines([&bad]).await, "the reader hung up");
    path.send(&batch, COUNT, SIZE).await;
    path.delivered(Lane::Tweets, COUNT).await;
    wait("dead-lettered", || path.lane(Lane::Tweets).dead_lettered == 1).await;
    path.delivered(Lane::DeadLetter, 1).await;
    let tweets = path.lane(Lane::Tweets);
    assert_eq!((tweets.delivered, tweets.dropped), (COUNT as u64, 0));
    path.drain().await;
    batch.check(bench, Lane::Tweets, before, COUNT, SIZE).await;
    let letters = bench.read_back(Lane::DeadLetter, letters_before + 1).await;
    assert_eq!(letters.len(), letters_before + 1, "dead letters");
    let letter = String::from_utf8_lossy(&letters[letters_before].value).into_owned();
    for part in ["\"reason\":\"refused\"", &format!("\"length\":{},", bad.len())] {
        assert!(letter.contains(part), "no {part} in the dead letter");
    }
}

/// While the broker is away, far more is pushed than memory may hold: the process grows little, and nothing is lost
/// afterwards. A sink without a broker is simply pushed.
pub async fn bounded_memory(bench: &dyn Bench) {
    const COUNT: usize = 8_000;
    const SIZE: usize = 16 << 10;
    let batch = Batch::new("memory");
    let before = bench.read_back(Lane::Tweets, 0).await.len();
    let mut path = Path::start(bench);
    path.send(&batch, 100, SIZE).await;
    path.delivered(Lane::Tweets, 100).await;
    if let Some(broker) = bench.broker() {
        broker.kill().await;
    }
    let resident = resident();
    path.send(&batch, COUNT, SIZE).await;
    let grown = self::resident().saturating_sub(resident);
    println!(
        "bounded memory: grown by {} KiB while {} KiB came in",
        grown >> 10,
        (COUNT * SIZE) >> 10
    );
    if let Some(broker) = bench.broker() {
        broker.up().await;
    }
    assert!(grown < GROWTH, "grown by {grown} bytes");
    path.delivered(Lane::Tweets, COUNT).await;
    path.drain().await;
    batch.check(bench, Lane::Tweets, before, COUNT, SIZE).await;
}

/// The memory that the process has, in bytes. A page has 4 KiB wherever this runs.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.map_or(0, |pages| pages * 4096)
}
