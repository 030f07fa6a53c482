//! Callbacks with tweepy's names. Each has a default, which does what tweepy's does: it logs at tweepy's level, or nothing.
//!
//! `trait Handler` and what goes wrong in one; `dispatch` says which message is for which callback, `run` drives it.

mod dispatch;
mod run;

use std::error::Error;
use std::fmt;

pub use self::dispatch::dispatch;
pub use self::run::Running;
use crate::event::{Closed, ConnectionError, Disconnected, RequestError, Waiting};
use crate::message::{Includes, MatchingRule, Message, Object, Post, Status};
use crate::stream::Handle;

/// What a callback gives back. An error goes to [`Handler::on_exception`], and the stream goes on.
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

/// A line of which nothing can be made: no JSON, or no object. It goes to [`Handler::on_exception`].
#[derive(Clone, Debug, thiserror::Error)]
#[error("a line that cannot be read, of {} bytes", .0.raw().len())]
pub struct Unreadable(pub Message);

/// What a program does about a stream. [`Stream::run`](crate::Stream::run) calls it, one callback after the other, on one thread.
/// `stream` disconnects: nothing but [`on_disconnect`](Self::on_disconnect) comes after that.
///
/// A post goes to [`on_data`](Self::on_data), which hands it to [`on_tweet`](Self::on_tweet), [`on_includes`](Self::on_includes),
/// [`on_errors`](Self::on_errors), [`on_matching_rules`](Self::on_matching_rules), as far as they are there, and at last to
/// [`on_response`](Self::on_response). Whoever implements `on_data` gets the messages and no other callback of them, unless it calls
/// [`dispatch`].
#[expect(unused_variables, reason = "defaults use few of them")]
pub trait Handler {
    /// X has accepted a connection.
    fn on_connect(&mut self, stream: &Handle) -> HandlerResult {
        tracing::info!("stream connected");
        Ok(())
    }

    /// X's sign of life.
    fn on_keep_alive(&mut self, stream: &Handle) -> HandlerResult {
        tracing::debug!("keep-alive");
        Ok(())
    }

    /// A message, whatever it is.
    fn on_data(&mut self, stream: &Handle, message: &Message) -> HandlerResult {
        dispatch(self, stream, message)
    }

    /// v2: a post.
    fn on_tweet(&mut self, stream: &Handle, tweet: &Post) -> HandlerResult {
        Ok(())
    }

    /// v2: what belongs to it.
    fn on_includes(&mut self, stream: &Handle, includes: &Includes) -> HandlerResult {
        Ok(())
    }

    /// v2: what could not be included; without a post, why the stream ends.
    fn on_errors(&mut self, stream: &Handle, errors: &[Object]) -> HandlerResult {
        tracing::error!(?errors, "errors in the stream");
        Ok(())
    }

    /// v2: the rules that the post matches.
    fn on_matching_rules(&mut self, stream: &Handle, rules: &[MatchingRule]) -> HandlerResult {
        Ok(())
    }

    /// v2: the message as a whole, after all of its parts.
    fn on_response(&mut self, stream: &Handle, response: &Message) -> HandlerResult {
        tracing::debug!(?response, "response");
        Ok(())
    }

    /// v1.1: a status.
    fn on_status(&mut self, stream: &Handle, status: &Status) -> HandlerResult {
        tracing::debug!(id = %status.id(), "status");
        Ok(())
    }

    /// v1.1: a status was deleted, and must be here.
    fn on_delete(&mut self, stream: &Handle, status_id: &str, user_id: &str) -> HandlerResult {
        tracing::debug!(status_id, user_id, "status deletion notice");
        Ok(())
    }

    /// v1.1: the server says why it ends the stream.
    fn on_disconnect_message(&mut self, stream: &Handle, disconnect: &Object) -> HandlerResult {
        tracing::warn!(?disconnect, "disconnect message");
        Ok(())
    }

    /// v1.1: how many statuses have matched since the connect and were not delivered.
    fn on_limit(&mut self, stream: &Handle, track: i64) -> HandlerResult {
        tracing::debug!(track, "limit notice");
        Ok(())
    }

    /// v1.1: a user's places are to be forgotten.
    fn on_scrub_geo(&mut self, stream: &Handle, notice: &Object) -> HandlerResult {
        tracing::debug!(?notice, "location deletion notice");
        Ok(())
    }

    /// v1.1: a status is withheld somewhere.
    fn on_status_withheld(&mut self, stream: &Handle, notice: &Object) -> HandlerResult {
        tracing::debug!(?notice, "status withheld content notice");
        Ok(())
    }

    /// v1.1: a user is withheld somewhere.
    fn on_user_withheld(&mut self, stream: &Handle, notice: &Object) -> HandlerResult {
        tracing::debug!(?notice, "user withheld content notice");
        Ok(())
    }

    /// v1.1: the server has something against how the stream is read.
    fn on_warning(&mut self, stream: &Handle, warning: &Object) -> HandlerResult {
        tracing::warn!(?warning, "warning message");
        Ok(())
    }

    /// The stream has ended; a reconnect follows.
    fn on_closed(&mut self, stream: &Handle, closed: &Closed) -> HandlerResult {
        tracing::error!(?closed, "stream connection closed");
        Ok(())
    }

    /// The network; a reconnect follows.
    fn on_connection_error(&mut self, stream: &Handle, error: &ConnectionError) -> HandlerResult {
        tracing::error!(?error, "stream connection has errored or timed out");
        Ok(())
    }

    /// An answer that is no stream, with its body and headers; a reconnect follows.
    fn on_request_error(&mut self, stream: &Handle, error: &RequestError) -> HandlerResult {
        tracing::error!(?error, "stream encountered HTTP error");
        Ok(())
    }

    /// A pause before the next connect. tweepy has no such callback.
    fn on_waiting(&mut self, stream: &Handle, waiting: &Waiting) -> HandlerResult {
        tracing::debug!(?waiting, "waiting before the next connect");
        Ok(())
    }

    /// A callback has failed, or a line could not be read. Unlike tweepy's, the stream goes on: who wants it to end says
    /// `stream.disconnect()` here.
    fn on_exception(&mut self, stream: &Handle, exception: &Exception) -> HandlerResult {
        tracing::error!(%exception, "stream encountered an exception");
        Ok(())
    }

    /// The end, once.
    fn on_disconnect(&mut self, stream: &Handle, disconnected: &Disconnected) -> HandlerResult {
        tracing::info!(?disconnected, "stream disconnected");
        Ok(())
    }
}

/// A function of posts is a handler, which logs the rest.
impl<F: FnMut(&Post)> Handler for F {
    fn on_tweet(&mut self, _stream: &Handle, tweet: &Post) -> HandlerResult {
        self(tweet);
        Ok(())
    }
}

/// The handler that logs, and nothing else.
impl Handler for () {}
