//! `birdfeed run`: the daemon, from its start through a graceful shutdown.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::OpenError;
use source_x::XSource;
use stream_core::pipeline::{Failure, NamedSink, Pipeline, Rest, StartError};
use stream_core::source::Source;
use stream_core::telemetry::{Observer, Status};

use crate::admin::{self, Address, Admin};
use crate::components::{self, AdminConfig, DataPath, Parts};
use crate::config::environment;
use crate::exit::{CommandError, SysExit};
use crate::machine::MachineWatch;
use crate::metrics::Metrics;
use crate::progress;
use crate::reload::Reload;
use crate::reload_status::ReloadBoard;
use crate::rules::{RuledSource, RulesKeeper};
use crate::service::ServiceManager;
use crate::signals::{self, Hangups, Signals};
use crate::traces::{Endpoint, Exporting, Traced};
use crate::usage::{UsageBoard, UsageWatch};

/// Runs until a signal, or until it cannot go on.
pub fn run(file: Option<&Path>) -> Result<(), CommandError> {
    let Parts {
        data_path,
        admin,
        traces,
        log,
        drain,
        warnings,
    } = components::load(file, &environment())?;
    let log = log.start();
    let leaves = components::leaves(file, &environment())?;
    announce(file, &data_path, &warnings);
    let manager = ServiceManager::of(&environment());
    // Each sink is one task; a worker more is only woken to find nothing to do.
    let runtime = runtime(data_path.sinks.len())?;
    let source = data_path.source.clone();
    let held_back = log.what_is_held_back();
    let reload = |started: &Started| Reload {
        file: file.map(Path::to_owned),
        leaves,
        log,
        keeper: started.keeper.clone(),
        source,
        reconnector: started.pipeline.reconnector(),
        manager: manager.clone(),
        metrics: started.metrics.clone(),
        board: started.reloads.clone(),
    };
    runtime.spawn(held_back);
    let ended = runtime.block_on(daemon(data_path, admin, traces, drain, &manager, reload));
    // Client libraries may have threads of their own in blocking calls: do not wait for them.
    runtime.shutdown_background();
    ended
}

/// Says what is about to run, so that a log alone tells which configuration it was.
fn announce(file: Option<&Path>, data_path: &DataPath, warnings: &[String]) {
    let configuration = file.map_or("no file: defaults and environment".into(), Path::to_string_lossy);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %configuration, "birdfeed starts");
    let DataPath {
        settings,
        source,
        sinks,
        ..
    } = data_path;
    let (endpoint, address) = (source.endpoint().name(), source.address());
    tracing::info!(stream = settings.stream, endpoint, address, "the stream");
    for NamedSink { name, sink } in sinks {
        tracing::info!(
            sink = name,
            kind = sink.kind(),
            address = sink.address(),
            "a sink"
        );
    }
    for warning in warnings {
        tracing::warn!("the configuration works and may not be meant: {warning}");
    }
}

/// The most workers: the service's limit on threads leaves room for client libraries.
pub(crate) const WORKERS: usize = 4;

/// A runtime for so many tasks that are busy at the same time.
pub(crate) fn runtime(tasks: usize) -> Result<tokio::runtime::Runtime, CommandError> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(tasks.clamp(1, processors.min(WORKERS)))
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(SysExit::LocalIo, format!("cannot start the runtime: {error}")))
}

async fn daemon(
    data_path: DataPath,
    admin: AdminConfig,
    traces: Option<Endpoint>,
    drain: Duration,
    manager: &ServiceManager,
    reload: impl FnOnce(&Started) -> Reload,
) -> Result<(), CommandError> {
    let hangups = Hangups::new().map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
    let mut signals = Signals::new().map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
    signals::answer_others().map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
    let dir = data_path.settings.journal.dir.clone();
    let AdminConfig { listen, tap } = admin;
    let started = start(
        data_path,
        listen.as_ref().map(bind).transpose()?,
        tap,
        traces.as_ref(),
    )?;
    tokio::spawn(reload(&started).answer(hangups));
    let (mut pipeline, exporting) = (started.pipeline, started.exporting);
    let Status { journal, lanes, .. } = pipeline.view().status();
    let replayed = lanes.iter().map(|lane| lane.pending).max().unwrap_or_default();
    tracing::info!(dir = %dir.display(), bytes = journal.bytes, replayed, "the journal");
    tokio::spawn(progress::tell(pipeline.view()));
    manager
        .ready(pipeline.view())
        .map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
    let failure = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "draining; a second signal ends it at once");
            None
        }
        failure = pipeline.failed() => match failure {
            Failure::Finished => {
                tracing::info!("the stream is complete; draining");
                None
            }
            failure => {
                tracing::error!(%failure, "cannot go on");
                Some(failure)
            }
        }
    };
    manager.stopping(drain);
    let rest = tokio::select! {
        rest = pipeline.drain(drain) => rest,
        signal = signals.next() => {
            tracing::warn!(signal, "ending at once; the journal keeps what is not delivered");
            return ended(failure);
        }
    };
    report(&rest);
    if let Some(exporting) = exporting {
        exporting.finish().await;
    }
    ended(failure.or(rest.failure))
}

/// What was started.
pub(crate) struct Started {
    pub(crate) pipeline: Pipeline,
    /// Where the admin server listens.
    #[cfg_attr(
        not(feature = "simulator"),
        expect(dead_code, reason = "`demo` says it, `run` has logged it")
    )]
    pub(crate) admin: Option<SocketAddr>,
    /// Who keeps the rules, if the stream has any.
    pub(crate) keeper: Option<Arc<RulesKeeper>>,
    pub(crate) metrics: Arc<Metrics>,
    /// Where reloads are told.
    pub(crate) reloads: ReloadBoard,
    /// Who takes spans to a collector, if there is one.
    pub(crate) exporting: Option<Exporting>,
}

/// Takes the admin server's port: before the first connect, of which X allows few.
fn bind(address: &Address) -> Result<TcpListener, CommandError> {
    address.bind().map_err(|error| {
        let message = format!("the admin server cannot listen on {address}: {error}");
        CommandError::new(SysExit::LocalIo, message)
    })
}

/// Starts the data path, with an admin server at `admin`, which shows records if there is to be a `tap`; spans go to
/// `collector`, if there is one.
pub(crate) fn start(
    data_path: DataPath,
    admin: Option<TcpListener>,
    tap: bool,
    collector: Option<&Endpoint>,
) -> Result<Started, CommandError> {
    let DataPath {
        mut settings,
        source,
        sinks,
        rules,
        usage_every,
    } = data_path;
    let lanes: Vec<_> = sinks
        .iter()
        .flat_map(|sink| settings.lanes.iter().map(|lane| (sink.name.clone(), lane)))
        .collect();
    let metrics = Metrics::new(&lanes).map_err(|error| CommandError::new(SysExit::Invariant, error))?;
    let metrics = Arc::new(metrics);
    let timed = metrics.clone();
    settings.journal.observer = Some(Arc::new(move |timing| timed.time(timing)));
    let (observer, exporting) = observer(&settings.stream, collector, &metrics)?;
    let usage = watch_usage(&source, usage_every, &metrics);
    let machine = MachineWatch::new(&settings.journal.dir, &source, &metrics);
    let has_rules = source.endpoint().has_rules();
    let keeper = has_rules.then(|| RulesKeeper::new(source.rules(), rules, metrics.clone()));
    let source = with_rules(source, keeper.as_ref());
    let pipeline = Pipeline::start(&settings, source, &sinks, &observer).map_err(not_started)?;
    // The journal is ours from here on.
    machine.start();
    if let Some(keeper) = &keeper {
        keeper.start(pipeline.announcer());
    }
    metrics
        .watch(pipeline.view())
        .map_err(|error| CommandError::new(SysExit::Invariant, error))?;
    let reloads = ReloadBoard::default();
    let serve = |listener| {
        let pages = Admin::new(pipeline.view(), metrics.clone(), usage, reloads.clone(), tap);
        let bound =
            admin::serve(listener, pages).map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
        tracing::info!(address = %bound, "admin server: / /metrics /livez /readyz /status /events");
        Ok::<_, CommandError>(bound)
    };
    let admin = admin.map(serve).transpose()?;
    Ok(Started {
        pipeline,
        admin,
        keeper,
        metrics,
        reloads,
        exporting,
    })
}

/// Who takes note of what happens to `stream`, and who takes spans of it to `collector`, if there is one.
fn observer(
    stream: &str,
    collector: Option<&Endpoint>,
    metrics: &Arc<Metrics>,
) -> Result<(Arc<dyn Observer>, Option<Exporting>), CommandError> {
    let Some(collector) = collector else {
        return Ok((metrics.clone(), None));
    };
    let (traced, exporting) = Traced::start(collector, stream, metrics.clone())
        .map_err(|why| CommandError::new(SysExit::LocalIo, format!("no traces to {collector}: {why}")))?;
    tracing::info!(address = %collector, "traces go to a collector");
    Ok((traced, Some(exporting)))
}

/// The stream's source, which waits for its rules if somebody keeps them.
fn with_rules(source: Arc<XSource>, keeper: Option<&Arc<RulesKeeper>>) -> Arc<dyn Source> {
    match keeper {
        Some(keeper) => Arc::new(RuledSource {
            source,
            keeper: keeper.clone(),
        }),
        None => source,
    }
}

/// Where the account's usage is put, and somebody who asks for it every so often.
fn watch_usage(source: &XSource, every: Option<Duration>, metrics: &Arc<Metrics>) -> UsageBoard {
    let board = UsageBoard::default();
    if let Some(every) = every {
        let watch = UsageWatch {
            account: source.account(),
            every,
            metrics: metrics.clone(),
            board: board.clone(),
        };
        tokio::spawn(watch.run());
    }
    board
}

/// What a restart does not cure ends with the code that no service manager restarts.
fn not_started(error: StartError) -> CommandError {
    let exit = match error {
        StartError::Foreign { .. } | StartError::Journal(OpenError::Version { .. }) => SysExit::Invariant,
        StartError::Journal(_) | StartError::Thread(..) => SysExit::LocalIo,
    };
    CommandError::new(exit, error)
}

fn report(rest: &Rest) {
    if let Some(failure) = &rest.failure {
        tracing::error!(%failure, "met with on the way");
    }
    if let Err(error) = &rest.journal {
        tracing::warn!(%error, "the journal could not be closed in good order; nothing written is lost");
    }
    let pending = rest
        .status
        .lanes
        .iter()
        .map(|lane| lane.pending)
        .max()
        .unwrap_or_default();
    if pending == 0 {
        tracing::info!("everything is delivered");
    } else {
        tracing::warn!(pending, "the journal keeps these messages for the next start");
    }
}

fn ended(failure: Option<Failure>) -> Result<(), CommandError> {
    match failure {
        None => Ok(()),
        Some(failure @ Failure::RetriesExhausted) => Err(CommandError::new(SysExit::Unavailable, failure)),
        Some(failure) => Err(CommandError::new(SysExit::Invariant, failure)),
    }
}
