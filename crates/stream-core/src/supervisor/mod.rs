//! What keeps the stream alive: a pure [`state`] machine and the thin [driver](driver) that does what it says.

mod connect_budget;
mod driver;
mod framer;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use connect_budget::ConnectBudgetFile;
pub(crate) use driver::Supervisor;
pub use driver::WhenFull;
pub(crate) use framer::MAX_LINE;
pub use state::STATES;
pub(crate) use state::SupervisorExit;
