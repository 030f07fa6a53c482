//! The commands, one module each.

pub mod check;
pub mod demo;
pub mod run;
pub mod status;
