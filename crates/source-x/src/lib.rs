//! X's streaming endpoints behind [`Source`](stream_core::source::Source), and the rules of the filtered stream.
//!
//! Modules, in the order data flows:
//!
//! | module | what it does |
//! |---|---|
//! | [`settings`] | everything that a connection can be told |
//! | [`endpoint`], [`fields`] | X's streams, one row each, and the names that they know |
//! | [`query`] | the parameters of a stream, checked before X sees them |
//! | [`catch_up`] | how the past is asked for |
//! | [`filter`] | the same for v1.1's streams |
//! | [`credentials`], [`token`], [`oauth`] | the bearer token, or v1.1's keys and signatures: read anew for every connection |
//! | [`base_url`] | which hosts may see the token |
//! | `tls`, [`dial`], [`proxy`] | trust, name resolution, TCP, the way through a proxy |
//! | `api`, `clock_skew` | HTTP: one request on one connection, with deadlines; gzip; what the clocks say |
//! | [`response`] | what an answer other than 200 means: pure |
//! | [`stream`] | [`XSource`]: connects, and hands out bytes |
//! | [`split()`] | one message into the slices of its lanes: pure, and the hottest path of the product |
//! | [`check`] | whether a stream could be had, without opening it |
//! | [`rules`] | lists, adds and deletes rules; plans and applies them as code |
//! | [`account`], `ghosts` | usage of posts; connections, and the end of those that keep our slot |
//!
//! Facts about X come from its `OpenAPI` description (2.167) and <https://docs.x.com>.

pub mod account;
mod api;
pub mod base_url;
pub mod catch_up;
pub mod check;
mod clock_skew;
pub mod credentials;
pub mod dial;
pub mod endpoint;
pub mod fields;
pub mod filter;
mod ghosts;
pub mod oauth;
pub mod proxy;
pub mod query;
pub mod response;
pub mod rules;
pub mod settings;
pub mod split;
pub mod stream;
mod tls;
pub mod token;

pub use api::Refusal;
pub use catch_up::CatchUp;
pub use credentials::Credentials;
pub use dial::Family;
pub use endpoint::Endpoint;
pub use filter::Filter;
pub use proxy::ProxyUrl;
pub use query::{Query, QueryError};
pub use rules::RulesClient;
pub use settings::{Compression, Deadlines, Ghosts, Http, Settings, SettingsError};
pub use split::split;
pub use stream::XSource;
pub use token::Token;
