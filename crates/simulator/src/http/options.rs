//! How a stream is written, as its client has asked.

use super::coding::Coding;

/// How a stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// v1.1: before each message stands its length.
    pub(crate) delimited: bool,
    /// v1.1: a client that falls behind is warned.
    pub(crate) stall_warnings: bool,
    /// v1.1: so many statuses of the past first; with a minus, and then the end.
    pub(crate) count: i64,
    /// Powerstream: the first message says where it comes from.
    pub(crate) metadata: bool,
    pub(crate) coding: Coding,
    /// v2: which [selection](crate::selection::Selection) of the messages.
    pub(crate) view: u16,
}
