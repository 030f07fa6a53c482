//! A data path under a test's control: scripted source, real journal, sinks in memory.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use stream_core::model::{Lane, LaneSet, Record};
use stream_core::pipeline::{NamedSink, Pipeline, Settings};
use stream_core::telemetry::{LaneStatus, Observer, View};
use stream_core::testing::counts::Counts;
use stream_core::testing::memory::MemorySink;
use stream_core::testing::scripted::{Script, Wire, scripted};

/// A disk under load may hold up an `fdatasync`, and what waits for it, for half a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What outlives a data path: the journal's folder, the sink, the counts.
pub(crate) struct Rig {
    _dir: tempfile::TempDir,
    pub(crate) settings: Settings,
    pub(crate) memory: MemorySink,
    pub(crate) counts: Arc<Counts>,
}

/// One life of the data path.
pub(crate) struct Run {
    pub(crate) pipeline: Pipeline,
    pub(crate) view: View,
    pub(crate) script: Script,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with_lanes(Lane::ALL)
    }

    pub(crate) fn with_lanes(lanes: impl IntoIterator<Item = Lane>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let lanes: LaneSet = lanes.into_iter().collect();
        let journal = journal::Settings::new(dir.path().join("journal"));
        Self {
            settings: Settings::new("main", lanes, journal),
            memory: MemorySink::new(),
            counts: Arc::default(),
            _dir: dir,
        }
    }

    pub(crate) fn start(&self) -> Run {
        self.start_with(&[("memory", &self.memory)])
    }

    pub(crate) fn start_with(&self, sinks: &[(&str, &MemorySink)]) -> Run {
        let (source, script) = scripted();
        let sinks: Vec<_> = sinks
            .iter()
            .map(|(name, memory)| NamedSink {
                name: (*name).to_owned(),
                sink: Arc::new((*memory).clone()),
            })
            .collect();
        let observer: Arc<dyn Observer> = self.counts.clone();
        let pipeline = Pipeline::start(&self.settings, source, &sinks, &observer).unwrap();
        Run {
            view: pipeline.view(),
            pipeline,
            script,
        }
    }

    /// Ends `run` without a farewell and waits until the folder is free.
    pub(crate) async fn crash(&self, run: Run) {
        drop(run);
        let settings = self.settings.journal.clone();
        until("the journal is free", || journal::open(settings.clone()).is_ok()).await;
    }

    /// The journal's segment files, oldest first; one may be trimmed at any moment.
    pub(crate) fn segments(&self) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(&self.settings.journal.dir).unwrap();
        let mut paths: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.metadata().is_ok_and(|found| found.len() > 0))
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                name.chars().next().is_some_and(|first| first.is_ascii_digit())
            })
            .collect();
        paths.sort();
        paths
    }
}

impl Run {
    pub(crate) fn lane(&self, lane: Lane) -> LaneStatus {
        self.lane_of("memory", lane)
    }

    pub(crate) fn lane_of(&self, sink: &str, lane: Lane) -> LaneStatus {
        let lanes = self.view.status().lanes;
        let found = lanes
            .into_iter()
            .find(|status| status.lane == lane && status.sink == sink);
        found.unwrap()
    }

    /// Waits until everything that is journaled has been settled by every lane.
    pub(crate) async fn settled(&self) {
        until("everything is settled", || {
            let status = self.view.status();
            assert!(status.lanes.iter().all(LaneStatus::balances), "{status:#?}");
            assert!(status.stream.balances(), "{status:#?}");
            let end = status.journal.end;
            status
                .lanes
                .iter()
                .all(|lane| lane.pending == 0 && lane.cursor == end)
        })
        .await;
    }

    pub(crate) async fn journaled(&self, messages: u64) {
        until(&format!("{messages} are journaled"), || {
            self.view.status().stream.messages >= messages
        })
        .await;
    }
}

/// The `n`th post: a line for three lanes.
pub(crate) fn post(n: usize) -> String {
    let key = n % 7;
    format!(
        r#"{{"key":"k{key}","also":"includes,matching_rules","n":"{n}","text":"é🐦 {n:>200}", "f":1.50 }}"#
    )
}

/// A post for the lane `tweets` alone, about `size` bytes long.
pub(crate) fn plain(n: usize, size: usize) -> String {
    format!(r#"{{"key":"k{}","n":"{n}","pad":"{}"}}"#, n % 7, "x".repeat(size))
}

pub(crate) async fn send(wire: &Wire, lines: impl IntoIterator<Item = String>) {
    assert!(wire.lines(lines).await, "the reader hung up");
}

pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The values of `records` without repeats, in the order of their first occurrence.
pub(crate) fn firsts(records: &[Record]) -> Vec<Bytes> {
    let mut seen = HashSet::new();
    let new = records.iter().filter(|record| seen.insert(record.place));
    new.map(|record| record.value.clone()).collect()
}

/// Checks that sequences rise (repeats aside) and that every record names the one before it.
pub(crate) fn check_chain(records: &[Record]) {
    let places: HashSet<_> = records.iter().map(|record| record.place).collect();
    let mut in_order: Vec<_> = places.into_iter().collect();
    in_order.sort_by_key(|place| place.seq);
    let mut seen = HashSet::new();
    let mut newest = None;
    for record in records {
        if seen.insert(record.place) {
            assert!(newest < Some(record.place.seq), "out of order: {record:?}");
            newest = Some(record.place.seq);
        }
        let older = in_order.partition_point(|place| place.seq < record.place.seq);
        assert_eq!(record.previous.as_ref(), in_order[..older].last(), "{record:?}");
    }
}
