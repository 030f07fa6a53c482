//! The thread of a lane: writes what was handed over, syncs, reports. Disks block; the runtime's threads must not.

use std::sync::mpsc::Receiver;

use bytes::Bytes;
use stream_core::sink::{Outcome, Settled, SinkError};
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};

use crate::error::{FolderError, refused};
use crate::folder::Folder;

/// Records handed over at once: sequence and value.
pub(crate) type Batch = Vec<(u64, Bytes)>;

/// What became of them.
pub(crate) type Report = Result<Vec<Settled>, SinkError>;

/// What a writer works with.
pub(crate) struct Writer {
    /// One writer a lane: held for as long as a writer lives, so that its successor waits for it.
    pub(crate) turn: OwnedMutexGuard<()>,
    /// What was handed over. The lane's window bounds it.
    pub(crate) batches: Receiver<Batch>,
    /// Where outcomes go.
    pub(crate) reports: mpsc::UnboundedSender<Report>,
}

impl Writer {
    /// Opens the folder, says so, and works until nobody hands anything over any more, or the disk refuses.
    pub(crate) fn run(
        self,
        open: impl FnOnce() -> Result<Folder, FolderError>,
        opened: oneshot::Sender<Result<(), SinkError>>,
    ) {
        let Self {
            turn: _turn,
            batches,
            reports,
        } = self;
        let mut folder = match open() {
            Ok(folder) => folder,
            Err(error) => {
                // If nobody waits for the answer, nobody needs it.
                let _ = opened.send(Err(refused(&error)));
                return;
            }
        };
        if opened.send(Ok(())).is_err() {
            return;
        }
        while let Ok(first) = batches.recv() {
            let batch: Batch = first.into_iter().chain(batches.try_iter().flatten()).collect();
            let values = batch.iter().map(|(_, value)| value);
            let report = folder.append(values).map_err(|error| refused(&error));
            let failed = report.is_err();
            let settled = |seq| Settled {
                seq,
                outcome: Outcome::Delivered,
            };
            let report = report.map(|()| batch.iter().map(|(seq, _)| settled(*seq)).collect());
            if reports.send(report).is_err() || failed {
                return;
            }
        }
    }
}
