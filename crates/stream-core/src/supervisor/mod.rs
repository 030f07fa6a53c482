//! Supervision: keeps the stream alive, on the thread `reader`. Decisions are a pure `state` machine; the `driver` does
//! what it says; the `reader` takes an open stream apart with the `framer`; `recovery` asks for
//! what was missed.

mod connect_budget;
mod driver;
mod entitlement;
mod framer;
mod gap;
mod memory;
mod reader;
mod reconnector;
mod recovery;
mod small_file;
mod standalone;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use driver::Supervisor;
pub use framer::MAX_LINE;
pub(crate) use memory::MemoryFile;
pub(crate) use reader::StreamReader;
pub use reader::WhenFull;
pub use reconnector::Reconnector;
pub use standalone::Standalone;
pub use state::SupervisorExit;
