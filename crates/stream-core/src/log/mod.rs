//! The journal as lanes see it: what stands in an entry, how it gets there, and one lane's way through memory and disk.

mod chain;
mod cursor;
mod entry;
mod item;
mod lane_reader;
mod log_writer;
mod message;
mod replay;
mod splitter;
mod tail;
mod varint;

pub(crate) use chain::{Chain, Link};
pub(crate) use cursor::{LaneCursor, cursor_name};
pub use entry::ForeignEntry;
pub(crate) use entry::{Entry, Kind};
pub(crate) use item::Item;
pub(crate) use lane_reader::LaneReader;
pub(crate) use log_writer::LogWriter;
pub(crate) use message::{Message, Part};
pub(crate) use replay::{LaneReadError, Replay};
pub(crate) use splitter::{Draft, Splitter};
pub(crate) use tail::Tail;
