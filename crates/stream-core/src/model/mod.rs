//! The words that every stage uses: instants, kinds of record, a record with its place in the sequence, and the records of
//! our own (what could not be read, what became of the stream).

mod dead_letter;
mod frame;
mod lane;
mod record;
mod stream_event;
mod timestamp;

pub use dead_letter::{DeadLetter, Refused};
pub(crate) use frame::hex;
pub use frame::{Frame, Oversize};
pub use lane::{Lane, LaneSet, PerLane};
pub use record::{HEADER, Place, Record};
pub use stream_event::StreamEvent;
pub use timestamp::Timestamp;
