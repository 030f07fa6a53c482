//! The library against the simulator, over real sockets.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod examples;
mod handler;
mod rules;
mod stream;
mod support;
mod v1;
