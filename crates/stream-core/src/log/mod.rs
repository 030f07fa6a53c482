//! The journal as lanes see it: what stands in an entry, how it gets there, and one lane's way through memory and disk.

mod cursor;
mod entry;
mod lane_reader;
mod log_writer;
mod message;
mod replay;
mod splitter;
mod tail;

pub(crate) use cursor::{LaneCursor, cursor_name};
pub use entry::ForeignEntry;
pub(crate) use entry::{Chain, Entry, Kind, Link};
pub(crate) use lane_reader::LaneReader;
pub(crate) use log_writer::LogWriter;
pub(crate) use message::Message;
pub(crate) use replay::{Item, LaneReadError, Replay};
pub(crate) use splitter::{Draft, Splitter};
pub(crate) use tail::Tail;
