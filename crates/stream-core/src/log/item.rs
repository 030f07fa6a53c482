//! Sequence of what lanes meet with: messages, and the holes between them.

use std::ops::Range;
use std::sync::Arc;

use super::chain::Chain;
use super::message::Message;

/// What stands next in the sequence.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A message.
    Message(Arc<Message>),
    /// Damage.
    Lost(Arc<Lost>),
}

/// Hole: what stood in these positions cannot be read any more.
#[derive(Debug)]
pub(crate) struct Lost {
    /// Where they are.
    pub positions: Range<u64>,
    /// Every lane's last record before their end: what was lost of it is the difference.
    pub chain: Chain,
}
