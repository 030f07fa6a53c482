//! The journal: the write-ahead log's disk.

use journal::Timing;
use stream_core::telemetry::Status;

use super::family::Family;
use super::histogram::{Disk, Seconds};
use super::instrument::{Instrument, Registrar, instruments};
use super::reading::{Read, Reading};

instruments! {
    /// Latency of the disk, counted as it happens.
    JournalMetrics {
        append: Seconds<Disk> = "journal_append_seconds", "Time to append a batch to the journal.";
        sync: Seconds<Disk> = "journal_sync_seconds", "Time to force the journal to the disk.";
    }
}

impl JournalMetrics {
    /// Counts how long the disk took.
    pub(super) fn on(&self, timing: Timing) {
        match timing {
            Timing::Append(took) => self.append.observe(took),
            Timing::Sync(took) => self.sync.observe(took),
        }
    }
}

/// State of the journal, read when somebody asks.
pub(super) const READINGS: &[Reading<Status>] = &[
    Reading::gauge(
        "journal_bytes",
        &[],
        "Bytes that the journal takes on disk.",
        Read::One(|status| status.journal.bytes as f64),
    ),
    Reading::gauge(
        "journal_max_bytes",
        &[],
        "Bytes that the journal may take on disk.",
        Read::One(|status| status.journal.max_bytes as f64),
    ),
    Reading::gauge(
        "journal_segments",
        &[],
        "Segment files of the journal.",
        Read::One(|status| status.journal.segments as f64),
    ),
    Reading::gauge(
        "journal_blocked",
        &[],
        "1 while the journal takes no messages (full, or the disk refuses).",
        Read::One(|status| f64::from(u8::from(status.stream.journal_blocked.is_some()))),
    ),
    Reading::gauge(
        "journal_unsynced_messages",
        &[],
        "Messages that neither the disk nor every lane is known to have: what a dying machine would take.",
        Read::One(|status| status.journal.unsynced as f64),
    ),
    Reading::counter(
        "journal_lost_messages_total",
        &[],
        "Messages that damage on the disk has made unreadable.",
        Read::One(|status| status.journal.lost as f64),
    ),
    Reading::counter(
        "journal_errors_total",
        &["operation"],
        "Upkeep of the journal that failed and was tried again: sync, cursor, trim.",
        Read::Each(|status| {
            vec![
                ("sync", status.journal.sync_failures as f64),
                ("cursor", status.journal.cursor_failures as f64),
                ("trim", status.journal.trim_failures as f64),
            ]
        }),
    ),
];
