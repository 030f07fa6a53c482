//! The journal as lanes see it: what stands in an entry, how an entry splits into records, and one lane's way through
//! memory and disk.

mod census;
mod entry;
mod lane_reader;
mod splitter;
mod tail_cache;

pub(crate) use census::Census;
pub use entry::ForeignEntry;
pub(crate) use entry::{HEAD_LEN, Head, Kind};
pub(crate) use lane_reader::{LaneReadError, LaneReader};
pub(crate) use splitter::{SplitMessage, Splitter};
pub(crate) use tail_cache::TailCache;
