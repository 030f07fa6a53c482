//! A lane's patience, with a clock that goes on by itself whenever everybody waits.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use journal::Journal;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::ingest::IngestQueue;
use crate::log::{Chain, Kind, LaneCursor, LaneReader, LogWriter, Replay, Splitter, Tail, cursor_name};
use crate::model::{Lane, Timestamp};
use crate::pipeline::Settings;
use crate::sink::SinkError;
use crate::telemetry::{LaneStatus, Observer, StatusCell};
use crate::testing::counts::Counts;
use crate::testing::memory::{Fault, MemorySink};
use crate::testing::scripted::scripted;

const SINK: &str = "memory";
const LANE: Lane = Lane::Tweets;

/// A lane's loop, and all that it needs.
struct Running {
    writer: LogWriter,
    journal: Journal,
    tail: Arc<Tail>,
    splitter: Splitter,
    memory: MemorySink,
    status: StatusCell<LaneStatus>,
    stop: StopSignals,
    _dir: tempfile::TempDir,
}

impl Running {
    fn start() -> (Self, JoinHandle<Result<(), Broken>>) {
        let dir = tempfile::tempdir().unwrap();
        let lanes = [LANE].into_iter().collect();
        let settings = Settings::new("main", lanes, journal::Settings::new(dir.path()));
        let (appender, journal) = journal::open(settings.journal.clone()).unwrap();
        let tail = Arc::new(Tail::new(0, Chain::default(), settings.cache_bytes));
        let replay = Replay::new(journal.clone(), tail.clone(), 0, |hole| {
            panic!("{hole:?} is lost")
        })
        .unwrap();
        let reader = LaneReader::new(tail.seat(LANE), Arc::new(replay), 0);
        let running = Self {
            writer: LogWriter::new(appender, journal.clone(), 1, Chain::default()),
            journal,
            tail,
            splitter: Splitter {
                source: scripted().0,
                enabled: lanes,
                stream: Bytes::new(),
            },
            memory: MemorySink::new(),
            status: StatusCell::new(LaneStatus::new(SINK, LANE)),
            stop: StopSignals::default(),
            _dir: dir,
        };
        let with = running.delivery(&settings);
        let lane = LaneLoop::new(with, LaneCursor::default(), reader, &running.journal);
        (running, tokio::spawn(lane.run()))
    }

    fn delivery(&self, settings: &Settings) -> Delivery {
        let observer: Arc<dyn Observer> = Arc::new(Counts::default());
        Delivery {
            sink_name: SINK.to_owned(),
            sink: Arc::new(self.memory.clone()),
            lane: LANE,
            dead_letters: None,
            drops: Drops {
                stream: settings.stream.clone(),
                sink: SINK.to_owned(),
                lane: LANE,
                queue: Arc::new(IngestQueue::new(settings.queue_bytes)),
                observer: observer.clone(),
            },
            on_stuck: OnStuck::Hold,
            limits: settings.limits,
            observer,
            trouble: LaneTrouble::none(LANE, self.status.clone(), Teller::of(SINK)),
            status: self.status.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Journals a message and waits until it is confirmed and the lane rests; how long the sink had to wait for it.
    async fn deliver(&mut self) -> Duration {
        let draft = self
            .splitter
            .draft(Kind::Message, Timestamp::now(), Bytes::from_static(b"{}"));
        let messages = self.writer.append([&draft].into_iter()).unwrap();
        let (start, held) = (Instant::now(), self.memory.stored(LANE).len());
        self.tail.push(messages, self.writer.chain(), self.writer.end());
        let arrived = async {
            while self.memory.stored(LANE).len() == held {
                self.memory.holds(LANE, held + 1).await;
            }
        };
        timeout(Duration::from_secs(600), arrived).await.unwrap();
        let waited = start.elapsed();
        // The clock goes on only when the lane has nothing to do.
        while self.cursor() < self.tail.end() {
            sleep(Duration::from_millis(1)).await;
        }
        waited
    }

    fn cursor(&self) -> u64 {
        self.journal.cursor(&cursor_name(SINK, LANE)).unwrap().position
    }
}

fn away() -> Fault {
    Fault::Fails(SinkError::Unavailable("away".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn what_comes_to_a_lane_at_rest_is_handed_over_at_once() {
    let (mut lane, _runs) = Running::start();
    for n in 0..100 {
        assert_eq!(lane.deliver().await, Duration::ZERO, "message {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_success_the_lane_s_ladder_begins_at_its_first_step() {
    let (mut lane, _runs) = Running::start();
    for round in 0..3 {
        lane.memory.fault_publish(away());
        (0..5).for_each(|_| lane.memory.fault_open(away()));
        // 0.1, 0.2, 0.4, 0.8, 1.6 and 2 s, and up to a tenth more each.
        let waited = lane.deliver().await.as_millis();
        assert!((5_100..5_700).contains(&waited), "round {round}: {waited} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_takes_no_records_is_given_up() {
    let (mut lane, _runs) = Running::start();
    lane.memory.fault_publish(Fault::Hangs);
    let waited = lane.deliver().await.as_millis();
    // The deadline, and the ladder's first step.
    assert!((30_100..30_200).contains(&waited), "{waited} ms");
    assert_eq!(lane.memory.opened(LANE), 2);
    assert_eq!(lane.status.update(|status| status.resets), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_has_had_nothing_ends_at_a_drain_that_came_before_it() {
    let (lane, runs) = Running::start();
    lane.stop.drain.cancel();
    let ended = timeout(Duration::from_secs(600), runs).await;
    ended.expect("it ends").unwrap().unwrap();
}
