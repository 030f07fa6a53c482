//! The data path assembled: journal, reader, ingest, lanes; and how it comes to rest.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use journal::{Appender, Journal, OpenError};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

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
use crate::sink::Sink;
use crate::source::Source;
use crate::status::{LaneStatus, Shared, StreamStatus};
use crate::supervisor::{Exit, Supervisor, WhenFull};
use crate::tail::Tail;
use crate::time::Timestamp;
use crate::view::{Status, View};
use crate::window::Limits;

/// How long the ends of the lanes and of the journal may take beyond the budget.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the data path is told.
pub struct Settings {
    /// The stream's name.
    pub stream: String,
    /// The lanes that are switched on.
    pub lanes: LaneSet,
    /// Where the journal lives and how it behaves.
    pub journal: journal::Settings,
    /// What becomes of messages that neither disk nor memory can take.
    pub when_full: WhenFull,
    /// Failures in a row before giving up; `None` for never.
    pub max_retries: Option<u32>,
    /// How much each lane of each sink may have in flight.
    pub limits: Limits,
    /// How much of the newest messages is kept in memory for the lanes, in bytes.
    pub tail_bytes: usize,
    /// How much may wait in memory for the journal, in bytes.
    pub inlet_bytes: usize,
    /// The longest line, in bytes.
    pub max_line: usize,
}

impl Settings {
    /// The defaults for a stream with this name and journal.
    pub fn new(stream: impl Into<String>, lanes: LaneSet, journal: journal::Settings) -> Self {
        Self {
            stream: stream.into(),
            lanes,
            journal,
            when_full: WhenFull::default(),
            max_retries: None,
            limits: Limits {
                records: 2_048,
                bytes: 4 << 20,
            },
            tail_bytes: 16 << 20,
            inlet_bytes: 32 << 20,
            max_line: crate::frame::MAX_LINE,
        }
    }
}

/// A sink with its name in metrics, status and cursors.
pub struct NamedSink {
    /// Unique among the sinks; a sink that is renamed starts anew.
    pub name: String,
    /// The sink.
    pub sink: Arc<dyn Sink>,
}

/// A running data path.
pub struct Pipeline {
    view: View,
    stop_reader: CancellationToken,
    stop: Stop,
    inlet: Arc<Inlet>,
    reader: oneshot::Receiver<Exit>,
    ingest: oneshot::Receiver<Appender>,
    lanes: JoinSet<Result<(), Broken>>,
}

/// Why a data path came to rest by itself.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The supervisor gave up: `max_retries`.
    #[error("gave up after the configured number of failed attempts")]
    RetriesExhausted,
    /// Our own state is wrong; going on could lose messages.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A part of the program ended that must not.
    #[error("{0} ended unexpectedly")]
    Died(&'static str),
}

/// How a data path came to rest.
#[derive(Debug)]
pub struct Rest {
    /// The last snapshot.
    pub status: Status,
    /// What the journal's end met with. Nothing is lost by it: what was written was written at once.
    pub journal: io::Result<()>,
    /// What a lane met with on the way that must not be.
    pub failure: Option<Failure>,
}

/// Why a data path could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// A thread or the runtime of one.
    #[error("cannot start the {0} thread: {1}")]
    Thread(&'static str, io::Error),
}

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
        let past = Past::of(&journal);
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

    /// A look from outside.
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// Waits until something ends that should not. Cancel safe.
    pub async fn failed(&mut self) -> Failure {
        tokio::select! {
            exit = &mut self.reader => match exit {
                Ok(Exit::RetriesExhausted) => Failure::RetriesExhausted,
                Ok(Exit::Asked) | Err(_) => Failure::Died("the reader"),
            },
            _ = &mut self.ingest => Failure::Died("the journal's writer"),
            Some(ended) = self.lanes.join_next() => lane_failure(ended),
        }
    }

    /// Comes to rest, front to back, within `budget`: closes the stream, journals what was read, lets the lanes finish, and
    /// closes the journal. What a broker does not take in time stays in the journal for the next start.
    pub async fn drain(mut self, budget: Duration) -> Rest {
        let deadline = tokio::time::Instant::now() + budget;
        self.stop_reader.cancel();
        // Each of these waits may be cut short: the next step is right in any case. What `failed` has seen the end of must
        // not be asked again.
        if !self.reader.is_terminated() {
            let _ = tokio::time::timeout_at(deadline, &mut self.reader).await;
        }
        let _ = tokio::time::timeout_at(deadline, self.inlet.emptied()).await;
        let mut failure = None;
        self.stop.drain.cancel();
        let _ = tokio::time::timeout_at(deadline, self.lanes_end(&mut failure)).await;
        self.stop.now.cancel();
        let _ = tokio::time::timeout(FAREWELL, self.lanes_end(&mut failure)).await;
        self.inlet.close(deadline.into_std());
        let journal = self.close_journal(deadline + FAREWELL).await;
        Rest {
            status: self.view.status(),
            journal,
            failure,
        }
    }

    /// Waits until every lane has ended, and notes the first that did not do so in good order. Cancel safe.
    async fn lanes_end(&mut self, failure: &mut Option<Failure>) {
        while let Some(ended) = self.lanes.join_next().await {
            if !matches!(ended, Ok(Ok(()))) {
                failure.get_or_insert(lane_failure(ended));
            }
        }
    }

    async fn close_journal(&mut self, deadline: tokio::time::Instant) -> io::Result<()> {
        let ended_before = || io::Error::other("the journal's writer had ended before");
        if self.ingest.is_terminated() {
            return Err(ended_before());
        }
        let closed = async {
            let appender = (&mut self.ingest).await.map_err(|_| ended_before())?;
            tokio::task::spawn_blocking(|| appender.close())
                .await
                .unwrap_or_else(|error| Err(io::Error::other(error)))
        };
        let late = |_| {
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the disk did not answer in time",
            ))
        };
        tokio::time::timeout_at(deadline, closed)
            .await
            .unwrap_or_else(late)
    }
}

/// Dropped without [`drain`](Pipeline::drain), everything ends at once, and what was read is journaled if the journal takes
/// it at the first try. The journal's folder is free once the threads have noticed.
impl Drop for Pipeline {
    fn drop(&mut self) {
        self.stop_reader.cancel();
        self.stop.now.cancel();
        self.inlet.close(std::time::Instant::now());
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

fn lane_failure(ended: Result<Result<(), Broken>, JoinError>) -> Failure {
    match ended {
        Ok(Err(broken)) => Failure::Broken(broken),
        Ok(Ok(())) | Err(_) => Failure::Died("a lane"),
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
