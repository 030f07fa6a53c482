//! Failure of a callback: never the stream's.

use std::error::Error;
use std::fmt;

use crate::message::Message;

/// What a callback gives back. An error goes to [`Handler::on_exception`](super::Handler::on_exception), and the stream goes on.
pub type HandlerResult = Result<(), Box<dyn Error + Send + Sync>>;

/// What a callback came to instead of its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Exception {
    /// It gave an error.
    Error(Box<dyn Error + Send + Sync>),
    /// It panicked, with this text if it was one.
    Panic(String),
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Panic(text) => write!(f, "panic: {text}"),
        }
    }
}

/// A line of which nothing can be made: no JSON, or no object. It goes to [`Handler::on_exception`](super::Handler::on_exception).
#[derive(Clone, Debug, thiserror::Error)]
#[error("a line that cannot be read, of {} bytes", .0.raw().len())]
pub struct Unreadable(pub Message);
