//! Event: one thing that became of a stream, in the order in which it did.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;
use stream_core::model::{ConnectOutcome, DisconnectReason, Timestamp, WaitClass};
use stream_core::supervisor::SupervisorExit;

use crate::message::{Message, Post, Status};

/// What a [`Stream`](crate::Stream) yields. One connection is `Connected` (and `Gap`, if it is not
/// the first), then posts, others and keep-alives, then `Closed` or
/// `ConnectionError`; after all of them comes one `Disconnected`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// X has accepted the connection; nothing has come yet.
    Connected {
        /// Its number, from 1.
        connection: u64,
    },
    /// A post, with what came beside it.
    Post(Post),
    /// A status: what v1.1 and Powerstream bring in the place of posts.
    Status(Status),
    /// Any other message: errors without data, likes, compliance, what nobody has seen, and lines that cannot be read.
    Other(Message),
    /// An empty line: X's sign of life, every 20 s at the latest.
    KeepAlive,
    /// The network: no connection, or one that broke or fell silent. A reconnect follows.
    ConnectionError(ConnectionError),
    /// An answer that is no stream. A reconnect follows.
    RequestError(RequestError),
    /// The stream has ended, by X's will or ours. A reconnect follows.
    Closed(Closed),
    /// The stream was blind, from the last byte of one connection to the next connection: what was posted meanwhile may be missing.
    Gap(Gap),
    /// Nothing happens for some time; then comes the next connect.
    Waiting(Waiting),
    /// The end: nothing comes after it.
    Disconnected(Disconnected),
}

/// A failure of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionError {
    /// How the connection ended that was open; `None` if it never was.
    pub reason: Option<DisconnectReason>,
    /// In words.
    pub detail: String,
}

/// An answer that is no stream, whole.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestError {
    /// Its HTTP status.
    pub status: u16,
    /// What it means: 429 alone has three meanings.
    pub outcome: ConnectOutcome,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, of which at most 64 KiB are read.
    pub body: Bytes,
    /// What X says, and what to do about it.
    pub detail: String,
}

/// Without headers and body: who logs an event does not want a page.
impl fmt::Debug for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestError")
            .field("status", &self.status)
            .field("outcome", &self.outcome)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}

/// The end of a stream that did not break.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Why. [`DisconnectReason::JournalFull`] is the buffer here: the program took too little for five seconds.
    pub reason: DisconnectReason,
    /// X's own words, if it said any.
    pub detail: String,
}

/// A time without a stream, by this machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The last byte before it.
    pub from: SystemTime,
    /// The connection after it.
    pub to: SystemTime,
    /// Whether that connection brings what was posted meanwhile, repeats among it.
    pub filled: bool,
}

impl Gap {
    pub(crate) fn new(from: Timestamp, to: Timestamp, filled: bool) -> Self {
        let at = |time: Timestamp| UNIX_EPOCH + Duration::from_micros(time.micros());
        Self {
            from: at(from),
            to: at(to),
            filled,
        }
    }
}

/// A pause before the next connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// How long it is.
    pub wait: Duration,
    /// Which schedule set it.
    pub class: WaitClass,
}

/// The end of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnected {
    /// Why.
    pub exit: Exit,
    /// How many events were in the buffer, or came later, and are not delivered.
    pub discarded: u64,
}

/// Why a stream has ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// Somebody called [`disconnect`](crate::Handle::disconnect).
    Asked,
    /// X has sent all that was asked for, by a negative `count` of v1.1.
    Finished,
    /// So many failures in a row as [`max_retries`](crate::Builder::max_retries) allows.
    RetriesExhausted,
    /// The thread that reads could not be started, or has died: a fault of the machine's or of ours.
    Failed,
}

impl From<SupervisorExit> for Exit {
    fn from(exit: SupervisorExit) -> Self {
        match exit {
            SupervisorExit::Asked => Self::Asked,
            SupervisorExit::Finished => Self::Finished,
            SupervisorExit::RetriesExhausted => Self::RetriesExhausted,
        }
    }
}
