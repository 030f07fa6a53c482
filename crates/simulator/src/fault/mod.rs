//! The fault plan: what goes wrong, on which connection, at which moment, and how often it did.
//!
//! | module | what it does |
//! |---|---|
//! | `kinds` | what can go wrong |
//! | `plan` | where and when it does |
//! | [`script`] | reads a plan from text |
//! | `garbage` | the bad lines |

mod garbage;
mod kinds;
mod plan;
pub mod script;

pub use garbage::Garbage;
pub use kinds::{Cut, Disconnect, Fault, Socket, Status};
pub(crate) use plan::Planned;
pub use plan::{At, FaultPlan, Moment, Step};
