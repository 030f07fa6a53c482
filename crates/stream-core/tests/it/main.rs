//! The whole data path between a scripted source and sinks in memory, over a real journal.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;
mod delivery;
mod forced_end;
mod gaps;
mod restart;
mod stream;
mod trouble;
