//! How the parts are put together and started.

use std::sync::Arc;

use journal::{Appender, Journal};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{NamedSink, Pipeline, Settings, StartError};
use crate::budget::BudgetFile;
use crate::deliver::{Broken, Delivery, LaneLoop, Stop};
use crate::feed::Feed;
use crate::ingest::{Goodbye, Ingest};
use crate::inlet::Inlet;
use crate::lane::{Lane, LaneSet};
use crate::observe::Observer;
use crate::past::Past;
use crate::pulse::Pulse;
use crate::room::Room;
use crate::route::Router;
use crate::source::Source;
use crate::status::{LaneStatus, Shared, StreamStatus};
use crate::supervisor::{Exit, Supervisor};
use crate::tail::Tail;
use crate::time::Timestamp;
use crate::view::View;

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
        let past = Past::of(&journal).map_err(|entry| StartError::Foreign {
            dir: settings.journal.dir.clone(),
            entry,
        })?;
        forget_strangers(&journal, settings.lanes, sinks);
        let status = Shared::new(StreamStatus::default());
        let inlet = Arc::new(Inlet::new(settings.inlet_bytes));
        let [reader_pulse, ingest_pulse, lanes_pulse] =
            ["reader", "ingest", "lanes"].map(|name| Arc::new(Pulse::new(name)));
        let router = Arc::new(Router {
            source: source.clone(),
            enabled: settings.lanes,
            stream: settings.stream.clone().into(),
        });
        let mut tail = Tail::new(journal.end(), settings.tail_bytes);
        let bells: Vec<_> = lanes(settings.lanes, sinks)
            .map(|(_, lane)| tail.subscribe(lane))
            .collect();
        let shop = Workshop {
            settings,
            journal: journal.clone(),
            router,
            tail: Arc::new(tail),
            inlet: inlet.clone(),
            observer: observer.clone(),
            status: status.clone(),
            stop: Stop::default(),
        };
        let (running, lane_statuses) = shop.start_lanes(sinks, bells);
        let (goodbyes, goodbyes_seen) = mpsc::unbounded_channel();
        let stop_reader = CancellationToken::new();
        let supervisor = shop.supervisor(source, goodbyes_seen, past.seen, stop_reader.clone());
        let ingest = shop.ingest(appender, goodbyes, ingest_pulse.clone(), &past);
        let view = View {
            name: settings.stream.clone(),
            stream: status,
            lanes: lane_statuses,
            journal,
            max_bytes: settings.journal.max_bytes,
            pulses: vec![reader_pulse.clone(), ingest_pulse, lanes_pulse.clone()],
        };
        tokio::spawn(async move { lanes_pulse.keep().await });
        Ok(Self {
            view,
            stop_reader,
            stop: shop.stop,
            inlet,
            reader: spawn_reader(supervisor, reader_pulse)?,
            ingest: spawn("ingest", move || ingest.run())?,
            lanes: running,
        })
    }
}

/// What the parts have in common while they are put together.
struct Workshop<'a> {
    settings: &'a Settings,
    journal: Journal,
    router: Arc<Router>,
    tail: Arc<Tail>,
    inlet: Arc<Inlet>,
    observer: Arc<dyn Observer>,
    status: Shared<StreamStatus>,
    stop: Stop,
}

type Running = JoinSet<Result<(), Broken>>;

impl Workshop<'_> {
    fn start_lanes(
        &self,
        sinks: &[NamedSink],
        bells: Vec<Arc<Notify>>,
    ) -> (Running, Vec<Shared<LaneStatus>>) {
        let enabled = self.settings.lanes;
        let (mut loops, mut statuses) = (Vec::new(), Vec::new());
        for ((sink, lane), bell) in lanes(enabled, sinks).zip(bells) {
            let status = Shared::new(LaneStatus::new(&sink.name, lane));
            statuses.push(status.clone());
            let (tail, journal, router) = (self.tail.clone(), self.journal.clone(), self.router.clone());
            loops.push(LaneLoop::new(Delivery {
                sink_name: sink.name.clone(),
                sink: sink.sink.clone(),
                lane,
                feed: Feed::new(tail, journal, router, lane, bell, self.journal.end()),
                journal: self.journal.clone(),
                dead_letters: enabled.contains(Lane::DeadLetter).then(|| self.inlet.clone()),
                limits: self.settings.limits,
                observer: self.observer.clone(),
                status,
                stop: self.stop.clone(),
            }));
        }
        // Each cursor is known before the first moves: the journal keeps nothing for lanes that it has not heard of.
        let mut running = JoinSet::new();
        for lane_loop in loops {
            running.spawn(lane_loop.run());
        }
        (running, statuses)
    }

    fn supervisor(
        &self,
        source: Arc<dyn Source>,
        goodbyes: mpsc::UnboundedReceiver<Goodbye>,
        last_received: Option<Timestamp>,
        stop: CancellationToken,
    ) -> Supervisor {
        Supervisor {
            stream: self.settings.stream.clone(),
            source,
            inlet: self.inlet.clone(),
            when_full: self.settings.when_full,
            room: self.room(),
            goodbyes,
            // A longer line would never fit.
            max_line: self
                .settings
                .max_line
                .min(usize::try_from(self.room().portion() / 2).unwrap_or(usize::MAX)),
            max_retries: self.settings.max_retries,
            budget: BudgetFile::within(&self.settings.journal.dir),
            last_received,
            observer: self.observer.clone(),
            status: self.status.clone(),
            stop,
        }
    }

    fn room(&self) -> Room {
        Room {
            journal: self.journal.clone(),
            max_bytes: self.settings.journal.max_bytes,
        }
    }

    fn ingest(
        &self,
        appender: Appender,
        goodbyes: mpsc::UnboundedSender<Goodbye>,
        pulse: Arc<Pulse>,
        past: &Past,
    ) -> Ingest {
        Ingest {
            inlet: self.inlet.clone(),
            appender,
            room: self.room(),
            router: self.router.clone(),
            tail: self.tail.clone(),
            observer: self.observer.clone(),
            status: self.status.clone(),
            goodbyes,
            pulse,
            epoch: past.next_epoch,
            seen: past.seen.unwrap_or_else(Timestamp::now),
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
fn forget_strangers(journal: &Journal, enabled: LaneSet, sinks: &[NamedSink]) {
    let known: Vec<_> = lanes(enabled, sinks)
        .map(|(sink, lane)| crate::cursor::name(&sink.name, lane))
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

fn spawn_reader(supervisor: Supervisor, pulse: Arc<Pulse>) -> Result<oneshot::Receiver<Exit>, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Thread("reader", error))?;
    spawn("reader", move || {
        let exit = runtime.block_on(async {
            tokio::select! {
                exit = supervisor.run() => exit,
                () = pulse.keep() => Exit::Asked,
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
