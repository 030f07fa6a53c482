//! The architecture, and the real program as a process, seen from outside: what an operator meets, the stream's faults, real
//! brokers.

#![cfg(feature = "simulator")]
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::unused_self,
    clippy::too_many_lines,
    clippy::redundant_closure_for_method_calls,
    clippy::unnecessary_debug_formatting,
    reason = "a test may panic; paths in TOML need quotes; nobody uses a test from outside"
)]

mod account;
mod admin;
mod alerts;
mod architecture;
mod book;
mod commands;
mod container;
mod dashboard;
mod debian;
mod delivery;
mod deploy;
mod endpoints;
mod gaps;
mod page;
mod reload;
mod rules;
mod schemas;
mod service;
mod stream;
mod support;
mod traces;
mod troubleshooting;
mod v1;
mod verify;
mod wire;
