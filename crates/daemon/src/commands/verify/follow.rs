//! `birdfeed verify --follow`: goes on reading, says what is found to be missing, and serves it as metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::Request;
use hyper::body::Incoming;
use stream_core::model::{Lane, LaneSet};
use stream_core::pipeline::NamedSink;
use stream_core::sink::SinkError;

use super::look::{EVERY, Look};
use super::page;
use super::patience::Patience;
use crate::admin::{self, Answer, Pages};
use crate::cli::VerifyArgs;
use crate::commands::say;
use crate::exit::{CommandError, SysExit};
use crate::metrics::VerifyMetrics;
use crate::signals::Signals;

/// How long after an error a sink is read again, from its beginning.
const AGAIN: Duration = Duration::from_secs(10);

/// The pages of a process that verifies.
struct Followed(Arc<VerifyMetrics>);

impl Pages for Followed {
    fn answer(&self, request: &Request<Incoming>) -> Answer {
        match request.uri().path() {
            "/metrics" => admin::metrics(self.0.render()),
            _ => admin::not_found("there is /metrics\n"),
        }
    }
}

/// One sink that is followed.
struct Follower {
    sink: NamedSink,
    lanes: LaneSet,
    patience: Patience,
    metrics: Arc<VerifyMetrics>,
    is_whole: Arc<AtomicBool>,
}

/// Follows all sinks until a signal; then it is an error if something is missing.
pub(super) async fn follow(
    args: &VerifyArgs,
    lanes: LaneSet,
    sinks: Vec<NamedSink>,
) -> Result<(), CommandError> {
    let local = |error: std::io::Error| CommandError::new(SysExit::LocalIo, error);
    let mut signals = Signals::new().map_err(local)?;
    let names = sinks.iter().map(|sink| sink.name.as_str());
    let metrics = VerifyMetrics::new(names, &lanes.iter().collect::<Vec<Lane>>())
        .map_err(|error| CommandError::new(SysExit::Invariant, error))?;
    let metrics = Arc::new(metrics);
    let listener = args.metrics.bind().map_err(|error| {
        let message = format!("the metrics cannot be served on {}: {error}", args.metrics);
        CommandError::new(SysExit::LocalIo, message)
    })?;
    let mut followers = Vec::new();
    for sink in sinks {
        let opened = Look::open(&sink, lanes).await?;
        let follower = Follower {
            sink,
            lanes,
            patience: Patience::new(args.grace),
            metrics: Arc::clone(&metrics),
            is_whole: Arc::new(AtomicBool::new(true)),
        };
        followers.push((follower, opened));
    }
    let bound = admin::serve(listener, Followed(metrics)).map_err(local)?;
    say(&format!("metrics: http://{bound}/metrics"));
    let wholes: Vec<_> = followers
        .iter()
        .map(|(follower, _)| Arc::clone(&follower.is_whole))
        .collect();
    let tasks: Vec<_> = followers
        .into_iter()
        .map(|(follower, opened)| tokio::spawn(follower.run(opened)))
        .collect();
    signals.next().await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    if wholes.iter().all(|whole| whole.load(Ordering::Relaxed)) {
        return Ok(());
    }
    Err(CommandError::new(
        SysExit::NotWhole,
        "not whole: see the lines above",
    ))
}

impl Follower {
    async fn run(mut self, mut opened: Result<Look, SinkError>) {
        loop {
            let error = match opened {
                Ok(mut look) => self.watch(&mut look).await,
                Err(error) => error,
            };
            say(&format!("sink {}: could not be read: {error}", self.sink.name));
            tokio::time::sleep(AGAIN).await;
            opened = match Look::open(&self.sink, self.lanes).await {
                Ok(opened) => opened,
                Err(error) => Err(SinkError::Operator(error.message)),
            };
        }
    }

    /// Reads on and on; gives what ends that.
    async fn watch(&mut self, look: &mut Look) -> SinkError {
        loop {
            if let Err(error) = look.read_on().await {
                return error;
            }
            let name = &self.sink.name;
            self.metrics.read(name);
            let verdict = look.verdict();
            for (lane, hole) in self.patience.look(&verdict, Instant::now()) {
                say(&format!("sink {name}: {lane}: {}", page::hole(hole)));
            }
            for lane in &verdict.lanes {
                self.metrics.tell(name, lane, self.patience.lasting(lane));
            }
            self.is_whole.store(self.patience.is_whole(), Ordering::Relaxed);
            tokio::time::sleep(EVERY).await;
        }
    }
}
