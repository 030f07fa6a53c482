//! Wire format of `/status`: one shape, which the admin server writes and `birdfeed status` reads.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stream_core::telemetry::{Status, View};

use super::health;
use crate::metrics::RuleStatus;
use crate::reload_status::ReloadStatus;
use crate::usage::UsageStatus;

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Report of a running daemon: readiness, and the whole snapshot beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the daemon that says this.
    pub version: String,
    /// Whether `/readyz` says yes.
    pub ready: bool,
    /// What speaks against it, each in words.
    pub reasons: Vec<String>,
    /// What the data path says of itself, in the same object.
    #[serde(flatten)]
    pub status: Status,
    /// What X last said of the account, if it has.
    #[serde(default)]
    pub usage: Option<UsageStatus>,
    /// Its process, as it is numbered where it runs.
    #[serde(default)]
    pub pid: u32,
    /// What became of the last reload, if there was any.
    #[serde(default)]
    pub reload: Option<ReloadStatus>,
    /// How often each rule has matched since the process started, the busiest first.
    #[serde(default)]
    pub rules: Vec<RuleStatus>,
}

/// Incompatibility: why an answer cannot be read as a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is none: another program listens there.
    #[error("not birdfeed's: {0}")]
    Foreign(serde_json::Error),
    /// Another version has written it, which knows something that this one does not, or the other way about.
    #[error(
        "birdfeed {version}, which birdfeed {VERSION} cannot read ({error}); --json shows the answer as it is"
    )]
    OtherVersion {
        /// The version of the daemon that answered.
        version: String,
        /// The first thing that could not be read.
        error: serde_json::Error,
    },
}

impl Report {
    /// The report of this daemon, as `view` shows it now.
    pub(super) fn of(
        view: &View,
        usage: Option<UsageStatus>,
        reload: Option<ReloadStatus>,
        rules: Vec<RuleStatus>,
    ) -> Self {
        let status = view.status();
        let reasons = health::ready(view, &status, usage.as_ref()).reasons;
        Self {
            version: VERSION.to_owned(),
            ready: reasons.is_empty(),
            reasons,
            status,
            usage,
            pid: std::process::id(),
            reload,
            rules,
        }
    }

    /// Reads the body of an answer. Fields that are not known are passed over: a newer daemon may say more.
    pub fn read(json: &str) -> Result<Self, ReportError> {
        read(json)
    }
}

/// Reads what tells the version of the daemon that has written it.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, ReportError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: String,
    }
    serde_json::from_str(json).map_err(|error| match serde_json::from_str(json) {
        Ok(Versioned { version }) => ReportError::OtherVersion { version, error },
        Err(_) => ReportError::Foreign(error),
    })
}

/// Whether the report says that its daemon is ready, whatever version wrote it.
pub fn is_ready(json: &str) -> Option<bool> {
    #[derive(Deserialize)]
    struct Readiness {
        ready: bool,
    }
    let readiness: Readiness = serde_json::from_str(json).ok()?;
    Some(readiness.ready)
}

#[cfg(test)]
mod tests {
    use stream_core::model::{Lane, Timestamp};
    use stream_core::telemetry::{JournalStatus, LaneStatus, StreamStatus};

    use super::*;
    use crate::reload_status::{FixedKey, ReloadResult};

    fn report() -> Report {
        Report {
            version: "0.1.0".into(),
            ready: false,
            reasons: vec!["the stream is paused".into()],
            status: Status {
                name: "main".into(),
                stream: StreamStatus {
                    last_byte: Some(Timestamp::from_millis(1_595_000_000_123)),
                    ..StreamStatus::default()
                },
                lanes: vec![LaneStatus::new("kafka", Lane::Tweets)],
                journal: JournalStatus {
                    bytes: 1,
                    max_bytes: 2,
                    segments: 3,
                    unsynced: 4,
                    end: 5,
                    lost: 6,
                    sync_failures: 7,
                    cursor_failures: 8,
                    trim_failures: 9,
                    lasts_seconds: Some(10),
                },
            },
            usage: Some(UsageStatus {
                posts: Some(11),
                cap: Some(12),
                cap_reset_day: None,
                at: Timestamp::from_millis(13),
            }),
            pid: 14,
            reload: Some(ReloadStatus {
                count: 15,
                at: Timestamp::from_millis(16),
                cause: "file".into(),
                result: ReloadResult::NeedsRestart,
                changed: vec!["log.level".into()],
                needs_restart: vec![FixedKey {
                    key: "journal.dir".into(),
                    why: "it is open".into(),
                }],
                problems: None,
            }),
            rules: vec![RuleStatus {
                id: "17".into(),
                tag: Some("cats".into()),
                matches: 18,
            }],
        }
    }

    /// The names are an interface: scripts and dashboards read them.
    const JSON: &str = concat!(
        r#"{"version":"0.1.0","ready":false,"reasons":["the stream is paused"],"name":"main","#,
        r#""stream":{"state":"connecting","since":"1970-01-01T00:00:00.000Z","connections":0,"#,
        r#""last_byte":"2020-07-17T15:33:20.123Z","unproven":0,"failing":null,"next_attempt":null,"wait_class":null,"connect_budget":0,"received":0,"waiting":0,"messages":0,"#,
        r#""oversize":0,"dropped":0,"repeats":0,"last_post":null,"gaps":[],"last_error":null,"last_error_at":null,"journal_blocked":null},"#,
        r#""lanes":[{"sink":"kafka","lane":"tweets","connected":false,"received":0,"published":0,"delivered":0,"#,
        r#""dead_lettered":0,"dropped":0,"lost":0,"in_flight":0,"cursor":0,"moved_at":"1970-01-01T00:00:00.000Z","#,
        r#""pending":0,"oldest_pending":null,"resets":0,"errors_unavailable":0,"errors_operator":0,"#,
        r#""last_error":null,"last_error_at":null}],"#,
        r#""journal":{"bytes":1,"max_bytes":2,"segments":3,"unsynced":4,"end":5,"lost":6,"sync_failures":7,"#,
        r#""cursor_failures":8,"trim_failures":9,"lasts_seconds":10},"usage":{"posts":11,"cap":12,"cap_reset_day":null,"at":"1970-01-01T00:00:00.013Z"},"pid":14,"#,
        r#""reload":{"count":15,"at":"1970-01-01T00:00:00.016Z","cause":"file","result":"needs_restart","changed":["log.level"],"#,
        r#""needs_restart":[{"key":"journal.dir","why":"it is open"}],"problems":null},"rules":[{"id":"17","tag":"cats","matches":18}]}"#,
    );

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(serde_json::to_string(&report()).unwrap(), JSON);
        assert_eq!(Report::read(JSON).unwrap(), report());
    }

    #[test]
    fn a_newer_daemon_may_say_more() {
        let more = JSON.replace(r#""name":"main""#, r#""name":"main","moon":{"phase":3}"#);
        let more = more.replace(r#""cursor":0"#, r#""cursor":0,"weather":"fine""#);
        assert_eq!(Report::read(&more).unwrap(), report());
    }

    #[test]
    fn what_cannot_be_read_names_the_version_that_says_it() {
        let newer = JSON.replace("tweets", "sightings").replace("0.1.0", "9.0.0");
        let said = Report::read(&newer).unwrap_err().to_string();
        assert!(
            said.starts_with("birdfeed 9.0.0, which birdfeed ") && said.contains("`sightings`"),
            "{said}"
        );
        for foreign in ["", "{}", "<html>", "[1]"] {
            let said = Report::read(foreign).unwrap_err().to_string();
            assert!(said.starts_with("not birdfeed's: "), "{said}");
        }
    }
}
