//! How the parts are put together and started.

use std::collections::HashMap;
use std::sync::Arc;

use journal::{Appender, Journal};
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::recovery::Recovery;
use super::{NamedSink, Pipeline, Settings, StartError};
use crate::delivery::{Delivery, LaneLoop, LaneTrouble, StopSignals, Teller};
use crate::ingest::{Finder, Findings, Ingest, IngestQueue, JournalQuota};
use crate::log::{Census, LaneReader, Splitter, TailCache};
use crate::model::{Lane, LaneSet, Timestamp};
use crate::source::Source;
use crate::supervisor::{MemoryFile, StreamReader, Supervisor, SupervisorExit};
use crate::telemetry::{Backlog, Heartbeat, LaneStatus, Observer, StatusCell, StreamStatus, View};

impl Pipeline {
    /// Opens the journal and starts everything. Must be called within a multi-threaded tokio runtime, on which the lanes
    /// run; reader and ingest get threads of their own.
    pub fn start(
        settings: &Settings,
        source: Arc<dyn Source>,
        sinks: &[NamedSink],
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, StartError> {
        let (appender, journal) = journal::open(settings.journal.clone())?;
        let recovery = Recovery::of(&journal).map_err(|entry| StartError::Foreign {
            dir: settings.journal.dir.clone(),
            entry,
        })?;
        Census::clear(&journal);
        drop_unconfigured_cursors(&journal, settings.lanes, sinks);
        let status = StatusCell::new(StreamStatus::default());
        let queue = Arc::new(IngestQueue::new(settings.queue_bytes));
        let [reader_heartbeat, ingest_heartbeat, lanes_heartbeat] =
            ["reader", "ingest", "lanes"].map(|name| Arc::new(Heartbeat::new(name)));
        let splitter = Arc::new(Splitter {
            source: source.clone(),
            enabled: settings.lanes,
            stream: settings.stream.clone().into(),
        });
        let mut cache = TailCache::new(journal.end(), settings.cache_bytes);
        let wakers: Vec<_> = lanes(settings.lanes, sinks)
            .map(|(_, lane)| cache.subscribe(lane))
            .collect();
        let builder = Builder {
            settings,
            journal: journal.clone(),
            splitter,
            cache: Arc::new(cache),
            backlog: Arc::new(Backlog::new(wakers.len())),
            queue: queue.clone(),
            observer: observer.clone(),
            status: status.clone(),
            stop: StopSignals::default(),
        };
        let (loops, lane_statuses) = builder.lane_loops(sinks, wakers);
        let (finder, findings) = Finder::new();
        let stop_reader = CancellationToken::new();
        let supervisor = builder.supervisor(source, findings, recovery.seen, stop_reader.clone());
        let ingest = builder.ingest(appender, finder, ingest_heartbeat.clone(), &recovery);
        let view = View {
            name: settings.stream.clone(),
            stream: status,
            lanes: lane_statuses,
            backlog: builder.backlog.clone(),
            journal,
            max_bytes: settings.journal.max_bytes,
            heartbeats: vec![
                reader_heartbeat.clone(),
                ingest_heartbeat,
                lanes_heartbeat.clone(),
            ],
        };
        tokio::spawn(async move { lanes_heartbeat.keep().await });
        Ok(Self {
            census: builder.start_census(&view.lanes)?,
            view,
            stop_reader,
            stop: builder.stop,
            queue,
            reader: spawn_reader(supervisor, reader_heartbeat)?,
            ingest: spawn("ingest", move || ingest.run())?,
            // Each cursor is known before the first moves: the journal keeps nothing for lanes that it has not heard of.
            lanes: loops.into_iter().map(LaneLoop::run).collect(),
        })
    }
}

/// What the parts have in common while they are put together.
struct Builder<'a> {
    settings: &'a Settings,
    journal: Journal,
    splitter: Arc<Splitter>,
    cache: Arc<TailCache>,
    backlog: Arc<Backlog>,
    queue: Arc<IngestQueue>,
    observer: Arc<dyn Observer>,
    status: StatusCell<StreamStatus>,
    stop: StopSignals,
}

impl Builder<'_> {
    fn lane_loops(
        &self,
        sinks: &[NamedSink],
        wakers: Vec<Arc<Notify>>,
    ) -> (Vec<LaneLoop>, Vec<StatusCell<LaneStatus>>) {
        let enabled = self.settings.lanes;
        let (mut loops, mut statuses) = (Vec::new(), Vec::new());
        let tellers: HashMap<_, _> = sinks
            .iter()
            .map(|sink| (&sink.name, Teller::of(&sink.name)))
            .collect();
        for ((sink, lane), waker) in lanes(enabled, sinks).zip(wakers) {
            let status = StatusCell::new(LaneStatus::new(&sink.name, lane));
            statuses.push(status.clone());
            let (cache, journal, splitter) =
                (self.cache.clone(), self.journal.clone(), self.splitter.clone());
            let reader = LaneReader::new(cache, journal, splitter, lane, waker);
            let teller = tellers[&sink.name].clone();
            let delivery = Delivery {
                sink_name: sink.name.clone(),
                sink: sink.sink.clone(),
                lane,
                dead_letters: enabled.contains(Lane::DeadLetter).then(|| self.queue.clone()),
                limits: self.settings.limits,
                observer: self.observer.clone(),
                trouble: LaneTrouble::none(lane, status.clone(), teller),
                status,
                stop: self.stop.clone(),
            };
            loops.push(LaneLoop::new(delivery, reader, self.journal.clone()));
        }
        (loops, statuses)
    }

    /// Counts what stands in the journal for each lane, beside all that goes on.
    fn start_census(&self, statuses: &[StatusCell<LaneStatus>]) -> Result<oneshot::Receiver<()>, StartError> {
        let lanes = statuses.iter().map(StatusCell::get);
        let lanes = lanes.map(|status| (status.lane, status.cursor)).collect();
        let census = Census::begin(self.journal.clone(), lanes);
        let (backlog, stop) = (self.backlog.clone(), self.stop.clone());
        spawn("census", move || {
            let counts = census.count(|| stop.drain.is_cancelled() || stop.now.is_cancelled());
            backlog.stood(counts.unwrap_or_default());
        })
    }

    fn supervisor(
        &self,
        source: Arc<dyn Source>,
        findings: watch::Receiver<Findings>,
        last_received: Option<Timestamp>,
        stop: CancellationToken,
    ) -> Supervisor {
        Supervisor {
            stream: self.settings.stream.clone(),
            reader: self.reader(source.clone(), findings),
            source,
            queue: self.queue.clone(),
            quota: self.quota(),
            max_retries: self.settings.max_retries,
            memory: MemoryFile::within(&self.settings.journal.dir),
            last_received,
            observer: self.observer.clone(),
            status: self.status.clone(),
            stop,
        }
    }

    fn reader(&self, source: Arc<dyn Source>, findings: watch::Receiver<Findings>) -> StreamReader {
        // A longer line would never fit.
        let fits = usize::try_from(self.quota().portion() / 2).unwrap_or(usize::MAX);
        StreamReader {
            source,
            queue: self.queue.clone(),
            when_full: self.settings.when_full,
            max_line: self.settings.max_line.min(fits),
            findings,
            observer: self.observer.clone(),
            status: self.status.clone(),
        }
    }

    fn quota(&self) -> JournalQuota {
        JournalQuota {
            journal: self.journal.clone(),
            max_bytes: self.settings.journal.max_bytes,
        }
    }

    fn ingest(
        &self,
        appender: Appender,
        finder: Finder,
        heartbeat: Arc<Heartbeat>,
        recovery: &Recovery,
    ) -> Ingest {
        Ingest {
            queue: self.queue.clone(),
            appender,
            quota: self.quota(),
            splitter: self.splitter.clone(),
            cache: self.cache.clone(),
            backlog: self.backlog.clone(),
            observer: self.observer.clone(),
            status: self.status.clone(),
            finder,
            heartbeat,
            epoch: recovery.next_epoch,
            seen: recovery.seen.unwrap_or_else(Timestamp::now),
        }
    }
}

/// Every lane of every sink.
fn lanes(enabled: LaneSet, sinks: &[NamedSink]) -> impl Iterator<Item = (&NamedSink, Lane)> {
    sinks
        .iter()
        .flat_map(move |sink| enabled.iter().map(move |lane| (sink, lane)))
}

/// Forgets the cursors of lanes and sinks that are not configured any more: they would hold the journal for ever.
fn drop_unconfigured_cursors(journal: &Journal, enabled: LaneSet, sinks: &[NamedSink]) {
    let known: Vec<_> = lanes(enabled, sinks)
        .map(|(sink, lane)| crate::delivery::cursor_name(&sink.name, lane))
        .collect();
    for (name, cursor) in journal.cursors() {
        if !known.contains(&name) {
            let undelivered = journal.end().saturating_sub(cursor.position);
            tracing::warn!(
                lane = name,
                undelivered,
                "no longer configured: its place in the journal is forgotten"
            );
            journal.forget_cursor(&name);
        }
    }
}

fn spawn_reader(
    supervisor: Supervisor,
    heartbeat: Arc<Heartbeat>,
) -> Result<oneshot::Receiver<SupervisorExit>, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Thread("reader", error))?;
    spawn("reader", move || {
        let exit = runtime.block_on(async {
            tokio::select! {
                exit = supervisor.run() => exit,
                () = heartbeat.keep() => SupervisorExit::Asked,
            }
        });
        // A name that is still being looked up, or a disk that hangs, must not hold up the end.
        runtime.shutdown_background();
        exit
    })
}

/// Runs `work` on a thread of its own; a panic in it shows as a receiver without a value.
fn spawn<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<oneshot::Receiver<T>, StartError> {
    let (done, result) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // Nobody listens any more if the process is about to end.
            let _ = done.send(work());
        })
        .map_err(|error| StartError::Thread(name, error))?;
    Ok(result)
}
