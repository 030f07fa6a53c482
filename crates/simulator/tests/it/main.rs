//! The simulator seen from a raw socket.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod account;
mod client;
mod faults;
mod ledger;
mod refusals;
mod rules;
mod streams;
