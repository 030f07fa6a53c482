//! Single writer: the end of a journal that appends, as its user has it.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use crate::error::AppendError;
use crate::frame::Entry;
use crate::keeper::Handle;
use crate::settings::Timing;
use crate::state::Until;

/// Appends entries. There is one per open journal; it can go to another thread, not be shared.
pub struct Appender {
    handle: Arc<Handle>,
}

impl Appender {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Self { handle }
    }

    /// Writes a batch, all or nothing, and gives the positions of its entries: consecutive, from
    /// the journal's end on. When it returns, the entries outlive the process, and the machine too
    /// with [`Durability::Strict`](crate::Durability::Strict). A batch lies in one segment, which it may stretch.
    ///
    /// A process killed inside this call may leave some of the batch's first entries behind.
    pub fn append(&mut self, entries: &[Entry<'_>]) -> Result<Range<u64>, AppendError> {
        let started = Instant::now();
        let upkeep = &self.handle.upkeep;
        let range = upkeep.writer.lock().append(&upkeep.shared, entries)?;
        upkeep.shared.settings.observe(Timing::Append(started.elapsed()));
        upkeep.shared.alarm.ring();
        Ok(range)
    }

    /// Forces all cursors and entries to the disk and ends the writing. Takes as long as the disk
    /// does. Journals and readers go on, with cursors still being written, and the directory stays
    /// locked until the last of them is dropped.
    pub fn close(self) -> io::Result<()> {
        let upkeep = &self.handle.upkeep;
        let written = upkeep.write_cursors(true).and_then(|()| upkeep.trim());
        let synced = upkeep.sync(Until::All).map(drop);
        written.and(synced)
    }
}
