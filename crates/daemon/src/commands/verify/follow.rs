//! `birdfeed verify --follow`: goes on reading, says what is found to be missing, and serves it as metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
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
            "/metrics" => admin::metrics(request, self.0.render()),
            _ => admin::not_found("there is /metrics\n"),
        }
    }
}

/// How it stands with a sink, as the process ends by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Standing {
    Whole,
    /// Not read to its end yet, or not any more.
    Unread,
    NotWhole,
}

/// One sink that is followed.
struct Follower {
    sink: NamedSink,
    lanes: LaneSet,
    patience: Patience,
    metrics: Arc<VerifyMetrics>,
    standing: Arc<AtomicU8>,
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
            standing: Arc::new(AtomicU8::new(Standing::Unread as u8)),
        };
        followers.push((follower, opened));
    }
    let bound = admin::serve(listener, Followed(metrics)).map_err(local)?;
    say(&format!("metrics: http://{bound}/metrics"));
    let standings: Vec<_> = followers
        .iter()
        .map(|(follower, _)| Arc::clone(&follower.standing))
        .collect();
    let tasks: Vec<_> = followers
        .into_iter()
        .map(|(follower, opened)| tokio::spawn(follower.run(opened)))
        .collect();
    signals.next().await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    let worst = standings
        .iter()
        .map(|standing| standing.load(Ordering::Relaxed))
        .max();
    ended(worst.unwrap_or_default())
}

fn ended(worst: u8) -> Result<(), CommandError> {
    let (exit, message) = if worst == Standing::NotWhole as u8 {
        (SysExit::NotWhole, "not whole: see the lines above")
    } else if worst == Standing::Unread as u8 {
        (SysExit::Unavailable, "not all sinks could be read")
    } else {
        return Ok(());
    };
    Err(CommandError::new(exit, message))
}

impl Follower {
    async fn run(mut self, mut opened: Result<Look, SinkError>) {
        let mut told = None;
        loop {
            let error = match opened {
                Ok(mut look) => self.watch(&mut look).await,
                Err(error) => error,
            };
            // What was found to be missing stays so.
            self.standing.fetch_max(Standing::Unread as u8, Ordering::Relaxed);
            if told.as_ref() != Some(&error) {
                say(&format!("sink {}: could not be read: {error}", self.sink.name));
            }
            told = Some(error);
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
            let verdict = match look.verdict() {
                Ok(verdict) => verdict,
                Err(error) => return error,
            };
            for (lane, hole) in self.patience.look(&verdict, Instant::now()) {
                say(&format!("sink {name}: {lane}: {}", page::hole(hole)));
            }
            for loss in self.patience.losses(&verdict, Instant::now()) {
                say(&format!("sink {name}: {}", page::loss(loss)));
            }
            self.metrics.tell_losses(name, self.patience.lasting_losses());
            for lane in &verdict.lanes {
                self.metrics.tell(name, lane, self.patience.lasting(lane));
            }
            let standing = if self.patience.is_whole() {
                Standing::Whole
            } else {
                Standing::NotWhole
            };
            self.standing.store(standing as u8, Ordering::Relaxed);
            tokio::time::sleep(EVERY).await;
        }
    }
}
