//! The sink: opens publishers, each with its writer's thread.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use stream_core::model::Lane;
use stream_core::sink::{LaneLeases, Publisher, ReadBack, ReadBackError, SettingsError, Sink, SinkError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::check::check;
use crate::error::{OPEN_DEADLINE, gone, hangs};
use crate::folder::Folder;
use crate::publisher::FilePublisher;
use crate::read_back::FilesReadBack;
use crate::settings::Settings;
use crate::writer::Writer;

/// Sink to NDJSON files, with a folder and a writer's thread for each lane.
#[derive(Debug)]
pub struct FileSink {
    settings: Settings,
    leases: LaneLeases,
}

impl FileSink {
    /// Checks `settings` as far as that goes without the disk; the error names every mistake. Touches nothing yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self {
            settings,
            leases: LaneLeases::default(),
        })
    }

    async fn open_lane(&self, lane: Lane) -> Result<Box<dyn Publisher>, SinkError> {
        let deadline = Instant::now() + OPEN_DEADLINE;
        // Before there is a thread: on a disk that hangs, the first one keeps its lease, and no further ones are started.
        let lease = self.leases.acquire(lane, deadline).await.ok_or_else(hangs)?;
        let (hand_over, batches) = std::sync::mpsc::channel();
        let (reports, settled) = mpsc::unbounded_channel();
        let (opened, ready) = oneshot::channel();
        let writer = Writer {
            lease,
            batches,
            reports,
        };
        let envelope = self.settings.envelope;
        let settings = Settings {
            dir: self.settings.dir.join(lane.name()),
            ..self.settings.clone()
        };
        let open = move || Folder::open(settings);
        std::thread::Builder::new()
            .name(format!("file-{lane}"))
            .spawn(move || writer.run(open, opened))
            .map_err(|error| SinkError::Unavailable(format!("cannot start a thread: {error}")))?;
        match timeout_at(deadline, ready).await {
            Ok(Ok(opened)) => opened?,
            Ok(Err(_)) => return Err(gone()),
            Err(_) => return Err(hangs()),
        }
        Ok(Box::new(FilePublisher {
            hand_over,
            settled,
            envelope,
            header: String::new(),
        }))
    }
}

impl Sink for FileSink {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn address(&self) -> String {
        self.settings.dir.display().to_string()
    }

    fn open(&self, lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>> {
        self.open_lane(lane).boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, SinkError>> {
        std::future::ready(check(&self.settings.dir).map(|()| Vec::new())).boxed()
    }

    fn read_back(&self) -> BoxFuture<'_, Result<Box<dyn ReadBack>, ReadBackError>> {
        let opened = if self.settings.envelope {
            FilesReadBack::open(&self.settings.dir)
                .map(|files| Box::new(files) as Box<dyn ReadBack>)
                .map_err(ReadBackError::Sink)
        } else {
            let why = "its lines hold values alone: set envelope = true, and the lines written from then on can be verified";
            Err(ReadBackError::NotKept(why.to_owned()))
        };
        std::future::ready(opened).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(name: &str) -> usize {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
            .filter(|comm| comm.trim_end() == name)
            .count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_holds_one_thread_however_often_it_is_tried() {
        let dir = tempfile::tempdir().unwrap();
        let sink = FileSink::new(Settings::new(dir.path())).unwrap();
        // As by a writer whose disk hangs.
        let soon = Instant::now() + OPEN_DEADLINE;
        let lease = sink.leases.acquire(Lane::Unknown, soon).await.unwrap();
        for _ in 0..3 {
            let error = sink.open(Lane::Unknown).await.err().unwrap();
            assert_eq!(error, hangs());
            assert_eq!(threads("file-unknown"), 0);
        }
        drop(lease);
        tokio::time::resume();
        assert!(sink.open(Lane::Unknown).await.is_ok());
    }
}
