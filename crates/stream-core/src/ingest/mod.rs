//! The stage between reader and lanes, on a thread of its own: what waits for the journal, what of it came before, how
//! much of the journal is for what, and the one writer.

mod batch;
mod dedupe;
mod journal_intake;
mod queue;
mod quota;
mod sighting;
mod writer;

pub use dedupe::Dedupe;
pub(crate) use dedupe::Deduper;
pub(crate) use journal_intake::JournalIntake;
pub(crate) use queue::{IngestQueue, Item};
pub(crate) use quota::JournalQuota;
pub(crate) use writer::Ingest;
