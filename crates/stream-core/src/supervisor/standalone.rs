//! A supervisor for programs that have no journal: the daemon's own, whose memory ends with the process.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::driver::Supervisor;
use super::framer::MAX_LINE;
use super::reader::{StreamReader, WhenFull};
use super::reconnector::Reconnector;
use super::state::SupervisorExit;
use crate::intake::{Findings, Intake};
use crate::source::Source;
use crate::telemetry::{Observer, StatusCell, StreamStatus};

/// Supervisor without a disk, with all that it needs.
pub struct Standalone {
    /// Where the stream comes from.
    pub source: Arc<dyn Source>,
    /// Who takes it. Full for five seconds in all, it has the stream closed until it has ample room.
    pub intake: Arc<dyn Intake>,
    /// What is found in messages by the one who splits them.
    pub findings: watch::Receiver<Findings>,
    /// Failures in a row before giving up; `None` for never.
    pub max_retries: Option<u32>,
    /// Who is told what happens.
    pub observer: Arc<dyn Observer>,
    /// Ends it at once, wherever it is.
    pub stop: CancellationToken,
}

impl Standalone {
    /// Keeps the stream alive until it is told to stop or gives up. Dropping the future closes whatever was open.
    pub async fn run(self) -> SupervisorExit {
        let status = StatusCell::new(StreamStatus::default());
        let supervisor = Supervisor {
            stream: "main".to_owned(),
            reader: StreamReader {
                source: self.source.clone(),
                intake: self.intake.clone(),
                when_full: WhenFull::Pause,
                max_line: MAX_LINE,
                findings: self.findings,
                observer: self.observer.clone(),
                status: status.clone(),
            },
            source: self.source,
            intake: self.intake,
            max_retries: self.max_retries,
            memory: None,
            owed: None,
            last_received: None,
            observer: self.observer,
            status,
            reconnector: Reconnector::default(),
            stop: self.stop,
        };
        supervisor.run().await
    }
}
