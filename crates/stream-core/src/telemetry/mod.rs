//! The data path seen from outside: what happens, told as it happens; and one snapshot, which metrics, status and health all
//! render.

mod heartbeat;
mod observer;
mod status;
mod tap;
mod view;

pub(crate) use heartbeat::{Heartbeat, PERIOD as HEARTBEAT_PERIOD};
pub use observer::{Batch, BatchEnd, Observation, Observer};
pub(crate) use status::StatusCell;
pub use status::{GapStatus, LaneStatus, StreamStatus};
pub use tap::{Tap, Tapped};
pub use view::{JournalStatus, Status, View};
