//! How the parts are put together and started.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use journal::{Appender, Journal};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::recovery::Recovery;
use super::{Broken, NamedSink, Pipeline, Settings, StartError};
use crate::delivery::{Delivery, Drops, LaneLoop, LaneTrouble, StopSignals, Teller};
use crate::ingest::{Deduper, Ingest, IngestQueue, Item, JournalIntake, JournalQuota};
use crate::intake::{Finder, Findings, Intake, RECOVERY};
use crate::log::{LaneCursor, LaneReader, LogWriter, Replay, Splitter, Tail, cursor_name};
use crate::model::{Lane, LaneSet, StreamEvent, Timestamp};
use crate::source::Source;
use crate::supervisor::{MemoryFile, Reconnector, StreamReader, Supervisor, SupervisorExit};
use crate::telemetry::{Heartbeat, LaneStatus, Observer, StatusCell, StreamStatus, View};

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
        let recovery = recovery(settings, &journal)?;
        drop_unconfigured_cursors(&journal, settings.lanes, sinks);
        let status = StatusCell::new(StreamStatus {
            last_post: recovery.last_post.clone(),
            ..StreamStatus::default()
        });
        let queue = Arc::new(IngestQueue::new(settings.queue_bytes));
        let [reader_heartbeat, ingest_heartbeat, lanes_heartbeat] =
            ["reader", "ingest", "lanes"].map(|name| Arc::new(Heartbeat::new(name)));
        let splitter = Arc::new(Splitter {
            source: source.clone(),
            enabled: settings.lanes,
            stream: settings.stream.clone().into(),
        });
        let tail = Tail::new(journal.end(), recovery.newest.clone(), settings.cache_bytes);
        let tail = Arc::new(tail);
        let builder = Builder {
            settings,
            journal: journal.clone(),
            splitter,
            replay: Arc::new(replay(settings, &journal, &tail, &queue)?),
            tail: tail.clone(),
            queue: queue.clone(),
            observer: observer.clone(),
            status: status.clone(),
            reconnector: Reconnector::default(),
            stop: StopSignals::default(),
        };
        let (sink_loops, lane_statuses) = builder.sink_loops(sinks, &recovery);
        let (finder, findings) = Finder::new();
        let stop_reader = CancellationToken::new();
        let supervisor = builder.supervisor(source, findings, recovery.seen, stop_reader.clone());
        let ingest = builder.ingest(appender, finder, ingest_heartbeat.clone(), &recovery);
        let view = View {
            name: settings.stream.clone(),
            stream: status,
            lanes: lane_statuses,
            tail,
            journal,
            max_bytes: settings.journal.max_bytes,
            started: Instant::now(),
            heartbeats: vec![
                reader_heartbeat.clone(),
                ingest_heartbeat,
                lanes_heartbeat.clone(),
            ],
        };
        tokio::spawn(async move { lanes_heartbeat.keep().await });
        Ok(Self {
            view,
            reconnector: builder.reconnector,
            stop_reader,
            stop: builder.stop,
            queue,
            reader: spawn_reader(supervisor, reader_heartbeat)?,
            ingest: spawn("ingest", move || ingest.run())?,
            // Each cursor is known before the first moves: the journal keeps nothing for lanes that it has not heard of.
            sinks: sink_loops.into_iter().map(run_lanes).collect(),
        })
    }
}

/// What the last process left.
fn recovery(settings: &Settings, journal: &Journal) -> Result<Recovery, StartError> {
    Recovery::of(journal).map_err(|entry| StartError::Foreign {
        dir: settings.journal.dir.clone(),
        entry,
    })
}

/// What the parts have in common while they are put together.
struct Builder<'a> {
    settings: &'a Settings,
    journal: Journal,
    splitter: Arc<Splitter>,
    tail: Arc<Tail>,
    replay: Arc<Replay>,
    queue: Arc<IngestQueue>,
    observer: Arc<dyn Observer>,
    status: StatusCell<StreamStatus>,
    reconnector: Reconnector,
    stop: StopSignals,
}

impl Builder<'_> {
    /// The loops of every lane, sink by sink.
    fn sink_loops(
        &self,
        sinks: &[NamedSink],
        recovery: &Recovery,
    ) -> (Vec<Vec<LaneLoop>>, Vec<StatusCell<LaneStatus>>) {
        let mut statuses = Vec::new();
        let loops = sinks.iter().map(|sink| {
            let teller = Teller::of(&sink.name);
            let lanes = self.settings.lanes.iter().map(|lane| {
                let status = StatusCell::new(LaneStatus::new(&sink.name, lane));
                statuses.push(status.clone());
                self.lane_loop(sink, lane, status, teller.clone(), recovery)
            });
            lanes.collect()
        });
        (loops.collect(), statuses)
    }

    fn lane_loop(
        &self,
        sink: &NamedSink,
        lane: Lane,
        status: StatusCell<LaneStatus>,
        teller: Teller,
        recovery: &Recovery,
    ) -> LaneLoop {
        let dead_letters = self.settings.lanes.contains(Lane::DeadLetter);
        let delivery = Delivery {
            sink_name: sink.name.clone(),
            sink: sink.sink.clone(),
            lane,
            dead_letters: dead_letters.then(|| self.queue.clone()),
            drops: Drops {
                stream: self.settings.stream.clone(),
                sink: sink.name.clone(),
                lane,
                queue: self.queue.clone(),
                observer: self.observer.clone(),
            },
            on_stuck: self.settings.on_stuck[lane],
            limits: self.settings.limits,
            observer: self.observer.clone(),
            trouble: LaneTrouble::none(lane, status.clone(), teller),
            status,
            stop: self.stop.clone(),
        };
        let cursor = match self.journal.cursor(&cursor_name(&sink.name, lane)) {
            Some(cursor) => LaneCursor::from(cursor),
            None => LaneCursor::begin(self.journal.start(), recovery.oldest.of(lane)),
        };
        let reader = LaneReader::new(self.tail.seat(lane), self.replay.clone(), cursor.position);
        LaneLoop::new(delivery, cursor, reader, &self.journal)
    }

    fn supervisor(
        &self,
        source: Arc<dyn Source>,
        findings: watch::Receiver<Findings>,
        last_received: Option<Timestamp>,
        stop: CancellationToken,
    ) -> Supervisor {
        let intake = Arc::new(JournalIntake {
            queue: self.queue.clone(),
            quota: self.quota(),
        });
        Supervisor {
            stream: self.settings.stream.clone(),
            reader: self.reader(source.clone(), intake.clone(), findings),
            source,
            intake,
            max_retries: self.settings.max_retries,
            memory: Some(MemoryFile::within(&self.settings.journal.dir)),
            last_received,
            owed: Some(self.settings.journal.dir.join("owed")),
            observer: self.observer.clone(),
            status: self.status.clone(),
            reconnector: self.reconnector.clone(),
            stop,
        }
    }

    fn reader(
        &self,
        source: Arc<dyn Source>,
        intake: Arc<dyn Intake>,
        findings: watch::Receiver<Findings>,
    ) -> StreamReader {
        // A longer line would never fit.
        let fits = usize::try_from(self.quota().portion() / 2).unwrap_or(usize::MAX);
        StreamReader {
            source,
            intake,
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
            log: LogWriter::new(
                appender,
                self.journal.clone(),
                recovery.next_epoch,
                recovery.newest.clone(),
            ),
            quota: self.quota(),
            splitter: self.splitter.clone(),
            tail: self.tail.clone(),
            observer: self.observer.clone(),
            status: self.status.clone(),
            finder,
            undelivered: (0, 0),
            resumed: RECOVERY,
            deduper: Deduper::open(self.settings.dedupe, &self.settings.journal.dir, &self.journal),
            heartbeat,
            seen: recovery.seen.unwrap_or_else(Timestamp::now),
        }
    }
}

/// Shared reads of the journal; a hole is told as it is found.
fn replay(
    settings: &Settings,
    journal: &Journal,
    tail: &Arc<Tail>,
    queue: &Arc<IngestQueue>,
) -> Result<Replay, StartError> {
    let (queue, stream) = (queue.clone(), settings.stream.clone());
    let replay = Replay::new(
        journal.clone(),
        tail.clone(),
        settings.cache_bytes / 4,
        move |hole| {
            let (from, to) = (hole.start, hole.end);
            tracing::error!(
                from,
                to,
                "the journal is damaged here: what is not delivered yet is lost"
            );
            let (stream, at) = (stream.as_str(), Timestamp::now());
            let event = StreamEvent::Lost { stream, at, from, to };
            queue.put(Item::Event(event.to_json(), None));
        },
    );
    replay.map_err(|error| StartError::Thread("replay", error))
}

/// One loop for all lanes of a sink: they are woken together, and none of them waits for another.
async fn run_lanes(loops: Vec<LaneLoop>) -> Result<(), Broken> {
    let mut lanes: FuturesUnordered<_> = loops.into_iter().map(LaneLoop::run).collect();
    while let Some(ended) = lanes.next().await {
        ended?;
    }
    Ok(())
}

/// Forgets the cursors of lanes and sinks that are not configured any more: they would hold the journal for ever.
fn drop_unconfigured_cursors(journal: &Journal, enabled: LaneSet, sinks: &[NamedSink]) {
    let names = |sink: &NamedSink| {
        enabled
            .iter()
            .map(|lane| cursor_name(&sink.name, lane))
            .collect::<Vec<_>>()
    };
    let known: Vec<_> = sinks.iter().flat_map(names).collect();
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
