//! The journal from outside: what it keeps, what it gives back, and what it makes of a damaged directory.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;
mod damage;
mod golden;
mod limits;
mod model;
mod processes;
mod race;
