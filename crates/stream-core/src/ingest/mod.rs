//! The stage between reader and lanes, on a thread of its own: what waits for the journal, how much of the journal is for
//! what, and the one writer.

mod batch;
mod journal_intake;
mod queue;
mod quota;
mod writer;

pub(crate) use journal_intake::JournalIntake;
pub(crate) use queue::{IngestQueue, Item};
pub(crate) use quota::JournalQuota;
pub(crate) use writer::Ingest;
