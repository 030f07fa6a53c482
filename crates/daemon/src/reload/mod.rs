//! Reload, at SIGHUP or when the file changes: reads the configuration again, applies what can change live, and says of the rest
//! why it cannot. A configuration that is wrong changes nothing.

mod file_watch;

use std::path::PathBuf;
use std::sync::Arc;

use source_x::XSource;
use stream_core::model::Timestamp;
use stream_core::pipeline::Reconnector;

use self::file_watch::FileWatch;
use crate::components::{self, Parts};
use crate::config::{Leaves, Problems, differences, environment};
use crate::logging::Log;
use crate::metrics::Metrics;
use crate::reload_status::{FixedKey, ReloadBoard, ReloadResult, ReloadStatus};
use crate::rules::RulesKeeper;
use crate::service::ServiceManager;
use crate::signals::Hangups;

/// What a running daemon was made of, as far as a reload concerns it.
pub(crate) struct Reload {
    pub(crate) file: Option<PathBuf>,
    /// What it runs with.
    pub(crate) leaves: Leaves,
    pub(crate) log: Log,
    pub(crate) keeper: Option<Arc<RulesKeeper>>,
    pub(crate) source: Arc<XSource>,
    /// Whoever changes something may have cured what the stream waits for.
    pub(crate) reconnector: Reconnector,
    pub(crate) manager: ServiceManager,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) board: ReloadBoard,
}

/// Whether a key can change while the daemon runs, or why not.
fn fixed(key: &str) -> Option<&'static str> {
    let section = key.split('.').next().unwrap_or_default();
    match section {
        "rules" => None,
        "stream" if is_filter(key) => None,
        "log" if key == "log.level" => None,
        "stream" => Some("the connection to X was made with it"),
        "lanes" => Some("the journal is split by it"),
        "journal" => Some("the journal is open with it"),
        "sink" => Some("the sinks are open with it"),
        "admin" => Some("the admin server listens already"),
        "traces" => Some("the collector is spoken to with it"),
        "log" => Some("the log has begun in it"),
        _ => Some("it was read at the start"),
    }
}

/// Is it what a stream of v1.1 is asked for, as v2's is by rules?
fn is_filter(key: &str) -> bool {
    key.starts_with("stream.filter.")
}

impl Reload {
    /// Answers every SIGHUP and every change of the file, until the process ends.
    pub(crate) async fn answer(mut self, mut hangups: Hangups) {
        let mut watch = FileWatch::new(self.file.clone());
        for count in 1.. {
            let cause = tokio::select! {
                () = hangups.next() => "SIGHUP",
                () = watch.changed() => "file",
            };
            watch.take();
            self.manager.reloading();
            self.reload(count, cause);
            self.manager.reloaded();
        }
    }

    fn reload(&mut self, count: u64, cause: &str) {
        let mut status = ReloadStatus {
            count,
            at: Timestamp::now(),
            cause: cause.to_owned(),
            result: ReloadResult::Unchanged,
            changed: Vec::new(),
            needs_restart: Vec::new(),
            problems: None,
        };
        match self.read() {
            Ok((leaves, parts)) => self.take_over(leaves, parts, &mut status),
            Err(problems) => {
                tracing::error!(cause, %problems, "reload: the configuration is wrong, and stays as it was");
                status.result = ReloadResult::Refused;
                status.problems = Some(problems.to_string());
            }
        }
        self.metrics.reloaded(status.result);
        self.board.put(status);
    }

    fn read(&self) -> Result<(Leaves, Parts), Problems> {
        let (file, environment) = (self.file.as_deref(), environment());
        let leaves = components::leaves(file, &environment)?;
        Ok((leaves, components::load(file, &environment)?))
    }

    fn take_over(&mut self, leaves: Leaves, parts: Parts, status: &mut ReloadStatus) {
        for warning in &parts.warnings {
            tracing::warn!("the configuration works and may not be meant: {warning}");
        }
        for key in differences(&self.leaves, &leaves) {
            if let Some(why) = fixed(key) {
                tracing::warn!(
                    key,
                    why,
                    "reload: this cannot change while birdfeed runs; restart for it"
                );
                let (key, why) = (key.to_owned(), why.to_owned());
                status.needs_restart.push(FixedKey { key, why });
            } else {
                status.changed.push(key.to_owned());
            }
        }
        // What was refused is told again the next time.
        self.leaves.retain(|key, _| fixed(key).is_some());
        let live = leaves.into_iter().filter(|(key, _)| fixed(key).is_none());
        self.leaves.extend(live);
        if status.changed.iter().any(|key| is_filter(key)) {
            self.source.adopt_filter(&parts.data_path.source);
            self.reconnector.renew();
        }
        self.apply(parts);
        status.result = match (status.needs_restart.len(), status.changed.len()) {
            (0, 0) => ReloadResult::Unchanged,
            (0, _) => ReloadResult::Applied,
            _ => ReloadResult::NeedsRestart,
        };
        tracing::info!(
            cause = status.cause,
            result = status.result.name(),
            changed = status.changed.join(", "),
            "reload: the configuration was read again; secrets' files are read at each connect"
        );
    }

    fn apply(&self, parts: Parts) {
        if let Err(error) = self.log.change(parts.log) {
            tracing::warn!(%error, "reload: the log's level stays");
        }
        if let Some(keeper) = &self.keeper {
            keeper.reload(parts.data_path.rules);
        }
        self.reconnector.retry();
    }
}
