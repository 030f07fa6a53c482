//! SIGHUP: reads the configuration again, applies what can change live, and says of the rest why it cannot.

use std::path::PathBuf;
use std::sync::Arc;

use source_x::XSource;
use stream_core::pipeline::Reconnector;

use crate::components::{self, Parts};
use crate::config::{Leaves, differences, environment};
use crate::logging::LogLevel;
use crate::rules::RulesKeeper;
use crate::service::ServiceManager;
use crate::signals::Hangups;

/// What a running daemon was made of, as far as SIGHUP concerns it.
pub(crate) struct Reload {
    pub(crate) file: Option<PathBuf>,
    /// What it runs with.
    pub(crate) leaves: Leaves,
    pub(crate) log: LogLevel,
    pub(crate) keeper: Option<Arc<RulesKeeper>>,
    pub(crate) source: Arc<XSource>,
    /// Whoever sends SIGHUP may have cured what the stream waits for.
    pub(crate) reconnector: Reconnector,
    pub(crate) manager: ServiceManager,
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
        "log" => Some("the log has begun in it"),
        _ => Some("it was read at the start"),
    }
}

/// Is it what a stream of v1.1 is asked for, as v2's is by rules?
fn is_filter(key: &str) -> bool {
    key.starts_with("stream.filter.")
}

impl Reload {
    /// Answers every SIGHUP, until the process ends.
    pub(crate) async fn answer(mut self, mut hangups: Hangups) {
        loop {
            hangups.next().await;
            self.manager.reloading();
            self.reload();
            self.manager.reloaded();
        }
    }

    fn reload(&mut self) {
        let environment = environment();
        let loaded = components::leaves(self.file.as_deref(), &environment).and_then(|leaves| {
            let parts = components::load(self.file.as_deref(), &environment)?;
            Ok((leaves, parts))
        });
        let (leaves, parts) = match loaded {
            Ok(loaded) => loaded,
            Err(problems) => {
                tracing::error!(%problems, "SIGHUP: the configuration is wrong, and stays as it was");
                return;
            }
        };
        for warning in &parts.warnings {
            tracing::warn!("the configuration works and may not be meant: {warning}");
        }
        let changed = differences(&self.leaves, &leaves);
        if changed.iter().any(|key| is_filter(key)) {
            self.source.adopt_filter(&parts.data_path.source);
            self.reconnector.renew();
        }
        for key in changed {
            if let Some(why) = fixed(key) {
                tracing::warn!(
                    key,
                    why,
                    "SIGHUP: this cannot change while birdfeed runs; restart for it"
                );
            } else {
                tracing::info!(key, "SIGHUP: changed");
            }
        }
        // What was refused is told again the next time.
        self.leaves.retain(|key, _| fixed(key).is_some());
        let live = leaves.into_iter().filter(|(key, _)| fixed(key).is_none());
        self.leaves.extend(live);
        self.apply(parts);
    }

    fn apply(&self, parts: Parts) {
        if let Err(error) = self.log.change(parts.log) {
            tracing::warn!(%error, "SIGHUP: the log's level stays");
        }
        if let Some(keeper) = &self.keeper {
            keeper.reload(parts.data_path.rules);
        }
        self.reconnector.retry();
        tracing::info!("SIGHUP: the configuration was read again; secrets' files are read at each connect");
    }
}
