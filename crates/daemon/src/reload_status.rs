//! What became of the last reload: told in the log, as metric, in `/status`, and by `birdfeed reload`.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use stream_core::model::Timestamp;

/// What a reload came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReloadResult {
    /// Everything that has changed is in force.
    Applied,
    /// No key has changed.
    Unchanged,
    /// Some of what has changed comes into force at a restart.
    NeedsRestart,
    /// The configuration is wrong, and the one before it stays in force.
    Refused,
}

impl ReloadResult {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Unchanged, Self::NeedsRestart, Self::Refused];

    /// The value as metrics write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::NeedsRestart => "needs_restart",
            Self::Refused => "refused",
        }
    }
}

/// Report of one reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadStatus {
    /// Its number since the process started.
    pub count: u64,
    /// When it was.
    pub at: Timestamp,
    /// What brought it about: `SIGHUP`, or `file` that has changed.
    pub cause: String,
    /// What it came to.
    pub result: ReloadResult,
    /// The keys whose new values are in force.
    pub changed: Vec<String>,
    /// The keys whose new values need a restart.
    pub needs_restart: Vec<FixedKey>,
    /// What is wrong with the configuration.
    pub problems: Option<String>,
}

/// Key that cannot change while the daemon runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedKey {
    /// Which one.
    pub key: String,
    /// Why it cannot.
    pub why: String,
}

#[cfg(test)]
impl ReloadStatus {
    /// A configuration that was refused at the time `at`.
    pub(crate) fn refused(at: Timestamp) -> Self {
        Self {
            count: 1,
            at,
            cause: "file".to_owned(),
            result: ReloadResult::Refused,
            changed: Vec::new(),
            needs_restart: Vec::new(),
            problems: Some("birdfeed.toml:3:1: wrong\n1 problem".to_owned()),
        }
    }
}

/// Where the last report is put for others to read. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ReloadBoard(Arc<Mutex<Option<ReloadStatus>>>);

impl ReloadBoard {
    /// What stands there.
    pub fn read(&self) -> Option<ReloadStatus> {
        self.0.lock().clone()
    }

    /// Puts `status` there.
    pub(crate) fn put(&self, status: ReloadStatus) {
        *self.0.lock() = Some(status);
    }
}
