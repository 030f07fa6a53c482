//! What keeps a lane from delivering: in its status at once, and in the log once for all lanes of a sink.

mod lane_trouble;
mod sink_troubles;
mod teller;

pub(crate) use lane_trouble::{LaneTrouble, Source};
pub(crate) use teller::Teller;
