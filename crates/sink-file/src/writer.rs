//! Group commit, on a thread of the lane's own: what was handed over while the disk was busy is written and synced at once.
//! Disks block; the runtime's threads must not.

use std::sync::mpsc::Receiver;

use bytes::Bytes;
use stream_core::sink::{LaneLease, Outcome, Settled, SinkError};
use tokio::sync::{mpsc, oneshot};

use crate::error::{FolderError, refused};
use crate::folder::Folder;

/// Records handed over at once: sequence and line.
pub(crate) type Batch = Vec<(u64, Bytes)>;

/// What became of a batch: all of it is on the disk, or nothing of it counts.
pub(crate) type Report = Result<Vec<Settled>, SinkError>;

/// One lane's thread, with its ends of the channels to the publisher.
pub(crate) struct Writer {
    /// Held for as long as the thread lives, which may be longer than its publisher: a disk may hang in the middle of a write.
    pub(crate) lease: LaneLease,
    /// What was handed over. The lane's window bounds it.
    pub(crate) batches: Receiver<Batch>,
    /// To the publisher: an outcome for each record, or what ended the writer.
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
            lease: _lease,
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
