//! X's (Twitter's) streams for programs: events to loop over, or callbacks with tweepy's names. The stream is kept alive as the
//! daemon `birdfeed` keeps it, by the same supervisor: X's own backoff for each kind of failure, silence noticed after 25 s,
//! 429's meanings told apart, at most 40 connects in 15 minutes.
//!
//! ```no_run
//! #[tokio::main]
//! async fn main() -> Result<(), birdfeed::Error> {
//!     let mut stream = birdfeed::Stream::filter(std::env::var("X_BEARER_TOKEN")?)?;
//!     while let Some(event) = stream.next().await {
//!         if let birdfeed::Event::Post(post) = event { println!("{}", post.id()); }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! There is no disk and no broker here: what the program does not take in time is lost, and told. A thread of the library's own
//! reads the socket, so that a slow program does not make X hang up at once: it fills a buffer, whose size is bounded in bytes
//! ([`Builder::buffer`]).
//!
//! | module | what it does |
//! |---|---|
//! | `builder` | [`Builder`]: every parameter, checked before anything connects |
//! | `stream` | [`Stream`]: the events, one after the other; [`Handle`]: disconnects it from elsewhere |
//! | `event` | [`Event`]: what can happen |
//! | `inbox` | the bounded buffer between the thread that reads and the program |
//! | `reader` | that thread: the supervisor of `stream-core` on a source of `source-x` |
//! | `handler` | [`Handler`]: tweepy's callbacks by their names; [`Stream::run`] and [`Stream::spawn`] call them |
//! | `rules` | [`Rules`]: adds, gets and deletes the rules of the filtered stream |
//! | `message` | [`Message`], [`Post`], [`User`], [`Media`], [`Poll`], [`Place`], v1.1's [`Status`]: JSON that is looked into when asked, and never fails |
//! | `error` | [`Error`] |
//!
//! For tests: where `BIRDFEED_BASE_URL` is set in the environment, it is the default of [`Builder::base_url`]. It may name this
//! machine or X, and nobody else.

#![forbid(unsafe_code)]

mod builder;
mod error;
mod event;
mod handler;
mod inbox;
mod message;
mod reader;
mod rules;
mod stream;

pub use bytes::Bytes;
pub use http::{HeaderMap, StatusCode};
pub use source_x::filter::FilterLevel;
pub use source_x::oauth::Keys;
pub use source_x::rules::{Added, Deleted, NewRule, Rule, RuleError, RuleProblem};
pub use source_x::split::{DisconnectCode, MessageKind};
pub use source_x::{Compression, Credentials, Deadlines, Endpoint, Family, Filter, Http, Token};
pub use stream_core::model::{ConnectOutcome, DisconnectReason, WaitClass};
pub use stream_core::source::Framing;

pub use self::builder::Builder;
pub use self::error::Error;
pub use self::event::{Closed, ConnectionError, Disconnected, Event, Exit, Gap, RequestError, Waiting};
pub use self::handler::{Exception, Handler, HandlerResult, Running, Unreadable, dispatch};
pub use self::message::{
    Includes, MatchingRule, Media, Message, Object, Place, Poll, Post, Reference, Status, StatusUser, User,
};
pub use self::rules::Rules;
pub use self::stream::{Handle, Stream};
