//! Where a message stands in the sequence.

use std::fmt;

/// Log position: a message's place in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// The process start (Unix seconds) that read the message; grows from start to start.
    pub epoch: u64,
    /// The message's position in the journal; grows without end, across epochs too.
    pub seq: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}
