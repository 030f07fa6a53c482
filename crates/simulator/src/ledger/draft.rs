//! Lines about to be written, as the stream hands them to the ledger.

use super::entries::{LineKind, Origin, Totals};
use crate::world::Stamp;

/// A line about to be written.
pub(crate) enum Draft<'a> {
    Post {
        stamp: Stamp,
        origin: Origin,
        line: &'a [u8],
    },
    KeepAlive,
    Other {
        kind: LineKind,
        fault: String,
        line: &'a [u8],
    },
}

impl Draft<'_> {
    /// Its bytes, without the line end.
    pub(super) fn line(&self) -> &[u8] {
        match self {
            Draft::Post { line, .. } | Draft::Other { line, .. } => line,
            Draft::KeepAlive => &[],
        }
    }

    pub(super) fn kind(&self) -> LineKind {
        match self {
            Draft::Post { origin, .. } => LineKind::Post(*origin),
            Draft::KeepAlive => LineKind::KeepAlive,
            Draft::Other { kind, .. } => *kind,
        }
    }

    pub(super) fn count(&self, totals: &mut Totals) {
        let counter = match self.kind() {
            LineKind::Post(_) => &mut totals.posts,
            LineKind::KeepAlive => &mut totals.keep_alives,
            LineKind::Control => &mut totals.controls,
            LineKind::Garbage => &mut totals.garbage,
            LineKind::Oversize => &mut totals.oversize,
        };
        *counter += 1;
    }
}
