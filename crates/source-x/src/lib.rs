//! X's streaming endpoints behind [`Source`](stream_core::source::Source), and the rules of the filtered stream.
//!
//! Modules, in the order data flows:
//!
//! | module | what it does |
//! |---|---|
//! | [`settings`] | everything that a connection can be told |
//! | [`endpoint`], [`fields`] | X's streams, one row each, and the names that they know |
//! | [`query`] | the parameters of a stream, checked before X sees them |
//! | [`token`] | the bearer token, read anew for every connection |
//! | [`base_url`] | which hosts may see the token |
//! | `tls`, `dial` | trust, name resolution, TCP |
//! | `api` | HTTP/1.1: one request on one connection, with deadlines |
//! | [`response`] | what an answer other than 200 means: pure |
//! | [`stream`] | [`XSource`]: connects, and hands out bytes |
//! | [`split()`] | one message into the slices of its lanes: pure, and the hottest path of the product |
//! | [`check`] | whether a stream could be had, without opening it |
//! | [`rules`] | lists, adds and deletes rules |
//!
//! Connections go straight to X: `HTTPS_PROXY` and its like are not looked at.
//!
//! Facts about X come from its `OpenAPI` description (2.167) and <https://docs.x.com>.

mod api;
pub mod base_url;
pub mod check;
mod dial;
pub mod endpoint;
pub mod fields;
pub mod query;
pub mod response;
pub mod rules;
pub mod settings;
pub mod split;
pub mod stream;
mod tls;
pub mod token;

pub use api::Refusal;
pub use endpoint::Endpoint;
pub use query::{Query, QueryError};
pub use rules::RulesClient;
pub use settings::{Deadlines, Settings, SettingsError};
pub use split::split;
pub use stream::XSource;
pub use token::Token;
