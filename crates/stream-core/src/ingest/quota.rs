//! How much of the journal is for what. A part of it is for dead letters alone: a lane cannot pass a refused record before
//! its dead letter is journaled, so a full journal without that part would stay full for ever.

use journal::{AppendError, Journal};

/// A journal and its limit.
#[derive(Clone)]
pub(crate) struct JournalQuota {
    /// The journal.
    pub journal: Journal,
    /// The most it may hold, in bytes.
    pub max_bytes: u64,
}

impl JournalQuota {
    /// The most that the journal is asked to take at once, in bytes: it refuses batches above half its size.
    pub(crate) const fn portion(&self) -> u64 {
        self.max_bytes / 4
    }

    /// Whether `bytes` more fit beside what is kept for dead letters.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), AppendError> {
        let held = self.journal.bytes();
        if held + bytes > self.max_bytes - self.max_bytes / 16 {
            return Err(AppendError::Full {
                bytes: held,
                max_bytes: self.max_bytes,
            });
        }
        Ok(())
    }

    /// Whether it is worth opening a stream that was closed for want of room: one that is full again within seconds would
    /// spend the connect budget for nothing.
    pub(crate) fn is_ample(&self) -> bool {
        self.journal.bytes() <= self.max_bytes / 4 * 3
    }
}
