//! NDJSON files behind [`Sink`](stream_core::sink::Sink): the embedded default, for looking, `grep` and `jq`.
//!
//! One folder a lane, one line a record: the record's value and nothing else, or with
//! [`envelope`](Settings::envelope) its header, key and time besides. A record is delivered once `fdatasync` has
//! returned; what was handed over while the disk was busy shares the next one. Files are finished by size and by age, and
//! touched again only by retention, which removes the oldest. A lane's folder has one writer, which holds a lock on it. What was written to a file that no path leads
//! to any more (deleted, renamed, replaced, cut) is not confirmed but written again, to a new one.
//!
//! | module | what it does |
//! |---|---|
//! | `settings` | [`Settings`]: what the caller decides |
//! | `sink` | [`FileSink`]: opens publishers |
//! | `check` | whether the folder can be written to |
//! | `publisher` | one lane's way to its writer |
//! | `error` | what a disk's refusal asks of the caller |
//! | `writer` | the thread of a lane: write, sync, report |
//! | `folder` | the files of a lane: one writer, rotation |
//! | `retention` | which finished files go |
//! | `place` | whether a path still leads to what is open |
//! | `name` | what they are called |
//! | `envelope` | a line that can be verified |
//! | `read_back` | reads such lines again |
//! | `recovery` | cuts half a line that a crash has left |

mod check;
mod envelope;
mod error;
mod folder;
mod name;
mod place;
mod publisher;
mod read_back;
mod recovery;
mod retention;
mod settings;
mod sink;
mod writer;

pub use settings::{Keep, Settings};
pub use sink::FileSink;
