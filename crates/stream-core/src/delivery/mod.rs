//! One lane's way into one sink: the loop that publishes and replays, and the accounts it keeps.

mod dead_letters;
mod drops;
mod inquiry;
mod lane_loop;
mod ledger;
mod on_stuck;
mod spans;
mod trouble;
mod window;

pub(crate) use drops::Drops;
pub use lane_loop::Broken;
pub(crate) use lane_loop::{Delivery, LaneLoop, StopSignals};
pub use on_stuck::{Bound, OnStuck};
pub(crate) use trouble::{LaneTrouble, Teller};
pub use window::Limits;

#[cfg(test)]
mod tests;
