//! The file sink from outside.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod crash;
mod read_back;
mod taken_away;
