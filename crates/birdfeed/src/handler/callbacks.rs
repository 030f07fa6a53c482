//! The callbacks, and which message is for which, in tweepy's order.

use source_x::split::MessageKind;

use super::exception::{Exception, HandlerResult, Unreadable};
use crate::event::{Closed, ConnectionError, Disconnected, Gap, RequestError, Waiting};
use crate::message::{Includes, MatchingRule, Message, Object, Post, Status};
use crate::stream::Handle;

/// What a program does about a stream. [`Stream::run`](crate::Stream::run) calls it, one callback after the other, on one thread.
/// `stream` disconnects: nothing but [`on_disconnect`](Self::on_disconnect) comes after that.
///
/// A post goes to [`on_data`](Self::on_data), which hands it to [`on_tweet`](Self::on_tweet), [`on_includes`](Self::on_includes),
/// [`on_errors`](Self::on_errors), [`on_matching_rules`](Self::on_matching_rules), as far as they are there, and at last to
/// [`on_response`](Self::on_response). Whoever implements `on_data` gets the messages and no other callback of them, unless it calls
/// [`dispatch`].
///
/// ```no_run
/// use birdfeed::{Handle, Handler, HandlerResult, Post, Stream};
///
/// struct Printer;
///
/// impl Handler for Printer {
///     fn on_tweet(&mut self, _stream: &Handle, tweet: &Post) -> HandlerResult {
///         println!("{}", tweet.text());
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), birdfeed::Error> {
/// Stream::filter(std::env::var("X_BEARER_TOKEN")?)?.run(Printer);
/// # Ok(())
/// # }
/// ```
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

    /// Nothing was seen for a while: what was posted meanwhile may be missing. tweepy has no such callback.
    fn on_gap(&mut self, stream: &Handle, gap: &Gap) -> HandlerResult {
        tracing::warn!(?gap, "nothing was seen for a while");
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

/// Hands a message to the callbacks that it is for; the first error ends that.
pub fn dispatch<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, message: &Message) -> HandlerResult {
    match message.kind() {
        MessageKind::Invalid => Err(Unreadable(message.clone()).into()),
        _ if message.is_v1() => v1(handler, stream, message),
        _ => v2(handler, stream, message),
    }
}

fn v2<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, message: &Message) -> HandlerResult {
    if let Some(post) = message.post() {
        handler.on_tweet(stream, &post)?;
    }
    let includes = message.includes();
    if !includes.is_empty() {
        handler.on_includes(stream, &includes)?;
    }
    let errors = message.errors();
    if !errors.is_empty() {
        handler.on_errors(stream, &errors)?;
    }
    let rules = message.matching_rules();
    if !rules.is_empty() {
        handler.on_matching_rules(stream, &rules)?;
    }
    handler.on_response(stream, message)
}

/// The messages that are named by their one member.
type Notice<H> = fn(&mut H, &Handle, &Object) -> HandlerResult;

fn v1<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, message: &Message) -> HandlerResult {
    if let Some(status) = message.status() {
        return handler.on_status(stream, &status);
    }
    let notices: [(&str, Notice<H>); 7] = [
        ("delete", deleted),
        ("disconnect", H::on_disconnect_message),
        ("limit", limited),
        ("scrub_geo", H::on_scrub_geo),
        ("status_withheld", H::on_status_withheld),
        ("user_withheld", H::on_user_withheld),
        ("warning", H::on_warning),
    ];
    for (name, callback) in notices {
        if let Some(said) = message.object().object(name) {
            return callback(handler, stream, &said);
        }
    }
    let errors = message.errors();
    if errors.is_empty() {
        tracing::error!(?message, "a message of a kind that is not known");
        return Ok(());
    }
    handler.on_errors(stream, &errors)
}

fn deleted<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, said: &Object) -> HandlerResult {
    let status = said.object("status").unwrap_or_default();
    let id = |text: &str, number: &str| {
        status
            .text(text)
            .or_else(|| status.text(number))
            .unwrap_or_default()
    };
    handler.on_delete(stream, &id("id_str", "id"), &id("user_id_str", "user_id"))
}

fn limited<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, said: &Object) -> HandlerResult {
    handler.on_limit(stream, said.number("track").unwrap_or_default())
}
