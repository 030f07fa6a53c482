//! One line of the stream, as the reader cuts it.

use bytes::Bytes;

use super::closed_set::FrameKind;

/// One line of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A line with nothing on it, which X sends as a sign of life.
    KeepAlive,
    /// A line without its line end. A copy: a slice would keep the whole chunk that brought it in memory.
    Message(Bytes),
    /// A line over the limit, of which only this is left.
    Oversize(Oversize),
}

impl Frame {
    /// What it is, as metrics count it.
    pub const fn kind(&self) -> FrameKind {
        match self {
            Self::KeepAlive => FrameKind::KeepAlive,
            Self::Message(_) => FrameKind::Message,
            Self::Oversize(_) => FrameKind::Oversize,
        }
    }
}

/// What is left of a line over the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oversize {
    /// As much of its start as is kept.
    pub head: Bytes,
    /// Its whole length in bytes, without the line end.
    pub length: u64,
    /// SHA-256 of the whole line, in hex.
    pub sha256: String,
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let written = write!(text, "{byte:02x}");
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
            text
        })
}
