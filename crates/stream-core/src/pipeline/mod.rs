//! The data path as one thing: what it is told, how it fails, how it comes to rest.

mod builder;
mod recovery;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use journal::{Appender, OpenError};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::delivery::StopSignals;
pub use crate::delivery::{Bound, Broken, Limits, OnStuck};
pub use crate::ingest::Dedupe;
use crate::ingest::{IngestQueue, Item};
pub use crate::log::ForeignEntry;
use crate::model::{LaneSet, PerLane, StreamEvent};
use crate::sink::Sink;
use crate::supervisor::SupervisorExit;
pub use crate::supervisor::{MAX_LINE, Reconnector, WhenFull};
use crate::telemetry::{Status, View};

/// How long the ends of the lanes and of the journal may take beyond the budget.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the data path is told.
pub struct Settings {
    /// The name of the stream, in events and status.
    pub stream: String,
    /// The lanes that are switched on.
    pub lanes: LaneSet,
    /// Where the journal lives and how it behaves.
    pub journal: journal::Settings,
    /// What becomes of messages that neither disk nor memory can take.
    pub when_full: WhenFull,
    /// What becomes of the records of a lane that a sink does not take.
    pub on_stuck: PerLane<OnStuck>,
    /// What becomes of what comes again.
    pub dedupe: Dedupe,
    /// Failures in a row before giving up; `None` for never.
    pub max_retries: Option<u32>,
    /// How much each lane of each sink may have in flight.
    pub limits: Limits,
    /// How much of the newest messages is kept in memory for the lanes, in bytes.
    pub cache_bytes: usize,
    /// How much may wait in memory for the journal, in bytes.
    pub queue_bytes: usize,
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
            on_stuck: PerLane::default(),
            dedupe: Dedupe::default(),
            max_retries: None,
            limits: Limits {
                records: 2_048,
                bytes: 4 << 20,
            },
            cache_bytes: 16 << 20,
            queue_bytes: 16 << 20,
            max_line: MAX_LINE,
        }
    }
}

/// A sink with its name in metrics, status and cursors.
pub struct NamedSink {
    /// Unique among the sinks; a sink that is renamed starts anew.
    pub name: String,
    /// The broker, or the folder of files.
    pub sink: Arc<dyn Sink>,
}

/// A running data path.
pub struct Pipeline {
    view: View,
    reconnector: Reconnector,
    stop_reader: CancellationToken,
    stop: StopSignals,
    queue: Arc<IngestQueue>,
    reader: oneshot::Receiver<SupervisorExit>,
    ingest: oneshot::Receiver<Appender>,
    sinks: JoinSet<Result<(), Broken>>,
}

/// Why a data path came to rest by itself.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server has sent all that was asked for: no failure, but an end all the same.
    #[error("the stream is complete: all that was asked for has come")]
    Finished,
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
    /// The snapshot at the very end.
    pub status: Status,
    /// What the journal's end met with. Nothing is lost by it: what was written was written at once.
    pub journal: io::Result<()>,
    /// What a lane met with on the way that must not be.
    pub failure: Option<Failure>,
}

/// Why a data path could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal's folder cannot be used.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// The journal's contents: another program's, or another version's. No restart cures it.
    #[error("the journal {} cannot be used: {entry}", dir.display())]
    Foreign {
        /// The folder that it stands in.
        dir: PathBuf,
        /// What stands in it.
        entry: ForeignEntry,
    },
    /// A thread or the runtime of one.
    #[error("cannot start the {0} thread: {1}")]
    Thread(&'static str, io::Error),
}

/// Way into the lane `events`, for whoever has news of the stream that the data path cannot know. Outlives it harmlessly.
#[derive(Clone, Debug)]
pub struct Announcer {
    stream: Arc<str>,
    queue: Arc<IngestQueue>,
}

impl Announcer {
    /// Journals the event that `event` makes of the stream's name. Events are few and small: nothing waits for room.
    pub fn announce(&self, event: impl FnOnce(&str) -> StreamEvent<'_>) {
        let event = event(&self.stream).to_json();
        self.queue.put(Item::Event(event, None));
    }
}

impl Pipeline {
    /// A way into the lane `events`.
    pub fn announcer(&self) -> Announcer {
        Announcer {
            stream: self.view.name.as_str().into(),
            queue: self.queue.clone(),
        }
    }

    /// A way to have the stream connect now.
    pub fn reconnector(&self) -> Reconnector {
        self.reconnector.clone()
    }

    /// A look from outside.
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// Waits until something ends that should not. Cancel safe.
    pub async fn failed(&mut self) -> Failure {
        tokio::select! {
            exit = &mut self.reader => match exit {
                Ok(SupervisorExit::RetriesExhausted) => Failure::RetriesExhausted,
                Ok(SupervisorExit::Finished) => Failure::Finished,
                Ok(SupervisorExit::Asked) | Err(_) => Failure::Died("the reader"),
            },
            _ = &mut self.ingest => Failure::Died("the journal's writer"),
            Some(ended) = self.sinks.join_next() => lane_failure(ended),
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
        let _ = tokio::time::timeout_at(deadline, self.queue.emptied()).await;
        let mut failure = None;
        self.stop.drain.cancel();
        let _ = tokio::time::timeout_at(deadline, self.lanes_end(&mut failure)).await;
        self.stop.now.cancel();
        let _ = tokio::time::timeout(FAREWELL, self.lanes_end(&mut failure)).await;
        self.queue.close(deadline.into_std());
        let journal = self.close_journal(deadline + FAREWELL).await;
        Rest {
            status: self.view.status(),
            journal,
            failure,
        }
    }

    /// Waits until every lane has ended, and notes the first that did not do so in good order. Cancel safe.
    async fn lanes_end(&mut self, failure: &mut Option<Failure>) {
        while let Some(ended) = self.sinks.join_next().await {
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
        self.queue.close(std::time::Instant::now());
    }
}

fn lane_failure(ended: Result<Result<(), Broken>, JoinError>) -> Failure {
    match ended {
        Ok(Err(broken)) => Failure::Broken(broken),
        Ok(Ok(())) | Err(_) => Failure::Died("a lane"),
    }
}
