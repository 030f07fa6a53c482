//! The commands, one module each.

use std::io::Write as _;

mod account;
mod asked;
pub mod check;
pub mod config;
pub mod connections;
#[cfg(feature = "simulator")]
pub mod demo;
pub mod explain;
pub mod paper;
pub mod reload;
pub mod rules;
pub mod run;
#[cfg(feature = "simulator")]
pub mod simulate;
pub mod status;
pub mod tap;
pub mod top;
pub mod usage;
pub mod verify;

/// Prints a line, and says whether that worked. That nobody reads is no reason to fail.
pub(crate) fn say(line: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
}
