//! Census: how many records of each lane stand in the journal at the start, by the heads of what no lane has passed.

use journal::{Cursor, Journal};

use super::entry::Head;
use crate::model::Lane;

/// The name of the cursor that keeps what is not counted yet. No lane's cursor has a name without a slash.
const HOLD: &str = "census";
/// How many bytes are read at a time.
const READ_BYTES: usize = 256 * 1024;

/// A count that is under way; what it has not seen stays in the journal until it ends.
pub(crate) struct Census {
    journal: Journal,
    /// Each lane, and where it stands.
    lanes: Vec<(Lane, u64)>,
    /// What comes from here on is counted as it comes in.
    end: u64,
}

impl Census {
    /// Begins a count for `lanes`, none of which has moved yet; nothing was appended since the start either.
    pub(crate) fn begin(journal: Journal, lanes: Vec<(Lane, u64)>) -> Self {
        let census = Self {
            end: journal.end(),
            journal,
            lanes,
        };
        census.hold(census.lowest());
        census
    }

    /// Ends what a process has left that was killed in the middle of it.
    pub(crate) fn clear(journal: &Journal) {
        journal.forget_cursor(HOLD);
    }

    /// Counts, blocking for as long as reading takes; `None` if it was `cancelled`, or the disk or an entry stood in the way,
    /// of which the lanes complain.
    pub(crate) fn count(self, cancelled: impl Fn() -> bool) -> Option<Vec<u64>> {
        let mut counts = vec![0; self.lanes.len()];
        let mut reader = self.journal.read_from(self.lowest());
        while !cancelled() {
            let batch = reader.next_batch(READ_BYTES).ok()?;
            for (seq, bytes) in batch.iter().filter(|(seq, _)| *seq < self.end) {
                let (head, _) = Head::decode(*seq, bytes.clone()).ok()?;
                for (count, (lane, from)) in counts.iter_mut().zip(&self.lanes) {
                    *count += u64::from(*from <= *seq && head.lanes.contains(*lane));
                }
            }
            if batch.last().is_none_or(|(seq, _)| seq + 1 >= self.end) {
                return Some(counts);
            }
            self.hold(reader.position());
        }
        None
    }

    fn lowest(&self) -> u64 {
        let places = self.lanes.iter().map(|(_, from)| *from);
        places.min().unwrap_or(self.end)
    }

    fn hold(&self, position: u64) {
        self.journal.set_cursor(HOLD, Cursor::at(position));
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        self.journal.forget_cursor(HOLD);
    }
}
