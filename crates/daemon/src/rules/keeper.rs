//! One look at X's rules at a time, and what follows from it: nothing, an event, or requests.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use source_x::RulesClient;
use source_x::rules::{Applied, CutShort, Patience, Plan, Rule, RulesError, SyncOutcome};
use stream_core::model::{StreamEvent, Timestamp};
use stream_core::pipeline::Announcer;
use stream_core::source::{ConnectError, ConnectErrorClass};
use tokio::sync::{Notify, SetOnce};
use tokio::time::Instant;

use super::drift::{Cause, Drift};
use crate::components::{RulesConfig, RulesMode, rules};
use crate::metrics::Metrics;

/// How often the file is looked at: cheap, and soon enough for who has just written it.
const LOOK_AT_FILE: Duration = Duration::from_secs(2);
/// How soon a look is repeated that failed: X allows 100 changes in 15 minutes.
const AGAIN: Duration = Duration::from_secs(60);

/// Keeper of the rules of one stream.
pub(crate) struct RulesKeeper {
    client: RulesClient,
    config: Mutex<RulesConfig>,
    memory: tokio::sync::Mutex<Memory>,
    /// Whether they were true once: later connects do not wait for them.
    begun: AtomicBool,
    reloaded: Notify,
    announcer: SetOnce<Announcer>,
    metrics: Arc<Metrics>,
}

/// What was said before, so that it is said once.
#[derive(Default)]
struct Memory {
    /// Rules that X does not take: they are not tried again before the file is.
    refused: HashSet<String>,
    /// Rules that X says it has, under another spelling: neither are these.
    present: HashSet<String>,
    failure: Option<String>,
    drift: Drift,
}

impl RulesKeeper {
    /// Keeps what `config` says.
    pub(crate) fn new(client: RulesClient, config: RulesConfig, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            client,
            config: Mutex::new(config),
            memory: tokio::sync::Mutex::default(),
            begun: AtomicBool::new(false),
            reloaded: Notify::new(),
            announcer: SetOnce::new(),
            metrics,
        })
    }

    /// Begins to look, and tells through `announcer` what is found.
    pub(crate) fn start(self: &Arc<Self>, announcer: Announcer) {
        // It was told once: nobody else calls this.
        let _ = self.announcer.set(announcer);
        let keeper = self.clone();
        tokio::spawn(async move { keeper.keep().await });
    }

    /// Keeps `config` from now on.
    pub(crate) fn reload(&self, config: RulesConfig) {
        *self.config.lock() = config;
        self.reloaded.notify_one();
    }

    /// Makes the rules true before the first connect. An error is one that a connect would meet with as well; whatever else keeps
    /// the rules from being true is told, and no reason to be blind.
    pub(super) async fn before_connect(&self) -> Result<(), ConnectError> {
        if self.config.lock().mode != RulesMode::Apply || self.begun.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.look(Cause::Start).await {
            Ok(()) => self.begun.store(true, Ordering::Relaxed),
            Err(RulesError::Request(error)) if concerns_stream(&error) => {
                let detail = format!("rules: {}", error.detail);
                return Err(ConnectError { detail, ..error });
            }
            Err(_) => {}
        }
        Ok(())
    }

    async fn keep(&self) {
        // In mode apply the first connect looks; should it not have come to it, this does soon.
        let mut due = {
            let config = self.config.lock();
            match config.mode {
                RulesMode::Apply => Instant::now() + config.every.min(AGAIN),
                RulesMode::Check | RulesMode::Off => Instant::now(),
            }
        };
        loop {
            let cause = tokio::select! {
                () = self.reloaded.notified() => Cause::Reload,
                () = tokio::time::sleep_until(due) => Cause::Timer,
                () = tokio::time::sleep(LOOK_AT_FILE), if self.has_file() => {
                    if !self.file_changed().await {
                        continue;
                    }
                    Cause::File
                }
            };
            let looked = self.look(cause).await;
            let every = self.config.lock().every;
            due = Instant::now() + if looked.is_ok() { every } else { every.min(AGAIN) };
        }
    }

    fn has_file(&self) -> bool {
        let config = self.config.lock();
        config.mode != RulesMode::Off && config.path.is_some()
    }

    /// Takes over a file that has changed; whether there is something new in it. One that is wrong changes nothing, and is
    /// complained of once.
    async fn file_changed(&self) -> bool {
        let RulesConfig { path, file, .. } = self.config.lock().clone();
        let Some(path) = path else {
            return false;
        };
        let read = tokio::task::spawn_blocking(move || {
            let same = std::fs::read_to_string(&path).is_ok_and(|text| text == file.text);
            (!same).then(|| rules::read(&path))
        });
        match read.await {
            Ok(Some(Ok(new))) => {
                self.memory.lock().await.failure = None;
                self.config.lock().file = new;
                true
            }
            Ok(Some(Err(problems))) => {
                let told = &mut self.memory.lock().await.failure;
                let problems = problems.to_string();
                if told.as_ref() != Some(&problems) {
                    tracing::error!(problems, "the rules file is wrong: the rules stay as they were");
                    *told = Some(problems);
                }
                false
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// Looks once, and does what the mode says.
    async fn look(&self, cause: Cause) -> Result<(), RulesError> {
        let mut memory = self.memory.lock().await;
        let config = self.config.lock().clone();
        if config.mode == RulesMode::Off {
            return Ok(());
        }
        if cause != Cause::Timer {
            memory.refused.clear();
            memory.present.clear();
        }
        let outcome = self.reconcile(&config, cause, &mut memory).await;
        self.metrics
            .rules_synced(outcome.as_ref().copied().unwrap_or(SyncOutcome::Failed));
        match outcome {
            Ok(_) => {
                memory.failure = None;
                Ok(())
            }
            Err(error) => {
                let told = Some(error.to_string());
                if memory.failure != told {
                    tracing::warn!(%error, "the rules could not be looked at or not all be changed; trying again");
                    memory.failure = told;
                }
                Err(error)
            }
        }
    }

    async fn reconcile(
        &self,
        config: &RulesConfig,
        cause: Cause,
        memory: &mut Memory,
    ) -> Result<SyncOutcome, RulesError> {
        let stored = self.client.list().await?;
        let plan = planned(config, memory, &stored);
        self.metrics
            .rules_seen(stored.len(), plan.changes() + memory.refused.len());
        if plan.is_empty() {
            memory.drift = Drift::default();
            return Ok(if memory.refused.is_empty() {
                SyncOutcome::InSync
            } else {
                SyncOutcome::Refused
            });
        }
        let mends = config.mode == RulesMode::Apply;
        if !mends || cause == Cause::Timer {
            self.tell_drift(&plan, mends, memory).await;
        }
        if !mends {
            return Ok(SyncOutcome::Drifted);
        }
        let (applied, error) = match self.client.apply(&plan, &mut Patience::none()).await {
            Ok(applied) => (applied, None),
            Err(CutShort { applied, error }) => (applied, Some(error)),
        };
        self.tell_change(cause, &applied, memory).await;
        if let Some(error) = error {
            return Err(error);
        }
        memory.drift = Drift::default();
        let active = (stored.len() as u64 + applied.created).saturating_sub(applied.deleted);
        self.metrics.rules_seen(
            usize::try_from(active).unwrap_or(usize::MAX),
            memory.refused.len(),
        );
        Ok(if memory.refused.is_empty() {
            SyncOutcome::Applied
        } else {
            SyncOutcome::Refused
        })
    }

    /// Tells a drift, once for each.
    async fn tell_drift(&self, plan: &Plan, mended: bool, memory: &mut Memory) {
        let drift = Drift::of(plan);
        if drift == memory.drift {
            return;
        }
        memory.drift = drift;
        let Drift {
            missing,
            unwanted,
            retagged,
        } = drift;
        tracing::warn!(
            missing,
            unwanted,
            retagged,
            mended,
            "the rules at X are not those of the file"
        );
        let at = Timestamp::now();
        self.announcer
            .wait()
            .await
            .announce(|stream| StreamEvent::RulesDrift {
                stream,
                at,
                missing,
                unwanted,
                retagged,
                mended,
            });
    }

    async fn tell_change(&self, cause: Cause, applied: &Applied, memory: &mut Memory) {
        let Applied {
            created,
            deleted,
            present,
            refused,
        } = applied;
        let spelt_otherwise = present.iter().filter_map(|error| error.value.clone());
        memory.present.extend(spelt_otherwise);
        for error in refused {
            tracing::error!(%error, "a rule of the file is not in force");
            memory.refused.extend(error.value.clone());
        }
        if *created + *deleted == 0 && refused.is_empty() {
            return;
        }
        let (created, deleted, refused) = (*created, *deleted, refused.len() as u64);
        tracing::info!(
            cause = cause.name(),
            created,
            deleted,
            refused,
            "the rules at X were changed"
        );
        let at = Timestamp::now();
        self.announcer
            .wait()
            .await
            .announce(|stream| StreamEvent::RulesChanged {
                stream,
                at,
                cause: cause.name(),
                created,
                deleted,
                refused,
            });
    }
}

/// What is to be done, without what X does not take anyway.
fn planned(config: &RulesConfig, memory: &Memory, stored: &[Rule]) -> Plan {
    let mut plan = Plan::of(&config.file.rules, &config.ownership, stored);
    let settled = |value: &String| memory.refused.contains(value) || memory.present.contains(value);
    plan.created.retain(|rule| !settled(&rule.value));
    plan
}

/// Whether a stream would meet with this error as well: there is no way to X, or the token is none.
fn concerns_stream(error: &ConnectError) -> bool {
    let no_way = matches!(
        error.class,
        ConnectErrorClass::Network | ConnectErrorClass::Certificate
    );
    no_way || error.status.is_none() || error.status == Some(401)
}
