//! The stage between reader and lanes, on a thread of its own: what waits for the journal, how much of the journal is for
//! what, and the one writer.

mod batch;
mod findings;
mod queue;
mod quota;
mod writer;

pub(crate) use findings::{Finder, Findings};
pub(crate) use queue::{IngestQueue, Item};
pub(crate) use quota::JournalQuota;
pub(crate) use writer::Ingest;
