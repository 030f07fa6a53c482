//! What keeps the stream alive: a pure [`state`] machine and the thin [driver](drive) that does what it says.

pub mod drive;
pub mod state;

pub use drive::{Supervisor, WhenFull};
pub use state::{Ended, Exit, HEALTHY, STATES};
