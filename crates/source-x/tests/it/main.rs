//! What the crate does on a wire: against servers written by hand, and against the simulator.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod account;
mod connect;
mod gzip;
mod http2;
mod proxy;
mod rules;
mod simulator;
mod support;
mod v1;
