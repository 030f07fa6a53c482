//! The words that every stage uses: instants, kinds of record, a record with its place in the sequence, and the records of
//! our own (what could not be read, what became of the stream), and the closed sets that metrics, events and status are
//! labelled with.

mod closed_set;
mod dead_letter;
mod frame;
mod header;
mod lane;
mod place;
mod record;
mod stream_event;
mod timestamp;
mod trace_context;
mod value;

pub use closed_set::{
    ConnectOutcome, DeadLetterReason, DisconnectReason, DropReason, FrameKind, GapCause, HttpStatusLabel,
    Repair, SinkErrorClass, StreamState, WaitClass,
};
pub(crate) use dead_letter::cut_letter;
pub use dead_letter::{DeadLetter, Refused};
pub(crate) use frame::hex;
pub use frame::{Frame, Oversize};
pub use header::{HEADER, Header, REPEAT};
pub use lane::{Lane, LaneSet, PerLane};
pub use place::Place;
pub use record::Record;
pub use stream_event::StreamEvent;
pub use timestamp::Timestamp;
pub use trace_context::{TRACEPARENT, TraceContext};
pub use value::{Span, Value};
