//! What the data path asks of the place a stream comes from.
//!
//! A source **connects**; it never reconnects and never sleeps. Patience belongs to the
//! supervisor, which reads the class of an error and nothing else of it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;

use crate::model::{ConnectOutcome, DeadLetterReason, Lane, LaneSet, PerLane, Timestamp, Value};

/// Where a stream comes from. Nothing has a default: whoever wraps a source would forget it in silence.
pub trait Source: Send + Sync + 'static {
    /// Opens one connection and returns once the server has accepted the stream (HTTP 200). Every step inside has a deadline
    /// of the source's own. Dropping the future closes whatever was open.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>>;

    /// The same after a time without a connection: asks for what was posted in the last `blind` besides, if it can. What comes of
    /// that is [`Connection::replays`].
    fn resume(&self, blind: Duration) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>>;

    /// How far back [`recover`](Self::recover) may ask; zero if it is not to be asked at all.
    fn reach(&self) -> Duration;

    /// Opens a connection that brings what was posted from `from` to `to` and then ends.
    fn recover(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>>;

    /// Says how one message (one line, without its line end) splits into records. Pure: the same bytes give the same answer,
    /// in a replay too. Never fails: what cannot be read becomes [`Split::dead_letter`].
    fn split(&self, message: &Bytes) -> Split;

    /// Says what the line means that a connection left unfinished: a refusal's body need not end with a line end. `None` if it
    /// is no more than half a message. Pure.
    fn farewell(&self, unfinished: &[u8]) -> Option<ServerDisconnect>;

    /// The messages of a line that holds several of them, each a slice of it; `None` if the line is one message, as it almost
    /// always is. Pure.
    fn messages(&self, line: &Bytes) -> Option<Vec<Bytes>>;
}

/// One open stream. Dropping it closes the socket.
pub trait Connection: Send {
    /// The next bytes, in whatever portions they arrive; `Ok(None)` is the server's clean end. Cancel safe: a dropped call
    /// loses nothing. Silence past the source's limit is [`ReadError::Silence`].
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>>;

    /// How far back from its beginning it brings what was posted.
    fn replays(&self) -> Duration {
        Duration::ZERO
    }

    /// How its bytes become messages.
    fn framing(&self) -> Framing {
        Framing::Lines
    }
}

/// Framing: where a message of an open stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Framing {
    /// At its LF (a CR before it goes too); an empty line is a sign of life.
    #[default]
    Lines,
    /// After as many bytes, its CRLF among them, as the line before it says; so it may hold an LF. X's `delimited=length`.
    Lengths,
}

/// Why a connection could not be opened, named by what the caller must do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ConnectError {
    /// Which backoff schedule applies.
    pub class: ConnectErrorClass,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// How long the server wants to be left alone, if it says so of itself, whatever the class.
    pub retry_after: Option<Duration>,
    /// Whether the server has seen anything of the attempt.
    pub request: Request,
    /// For people: what happened and what to do about it. Holds no secret.
    pub detail: String,
}

/// Cost of an attempt: servers count requests, not attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// None has left us.
    NotSent,
    /// One may have arrived.
    Sent,
}

/// X's own distinctions (<https://docs.x.com/x-api/fundamentals/handling-disconnections>); 429's three meanings are told
/// apart by the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectErrorClass {
    /// No HTTP answer: name resolution, TCP, TLS, a deadline. Waits grow by 250 ms.
    Network,
    /// An answer that patience may cure (5xx). Waits double from 5 s.
    Http,
    /// 429 or 420, too many requests: wait for the reset if the answer named one, measured against the answer's own `Date`.
    RateLimited {
        /// How long until the server's limit is lifted.
        reset_in: Option<Duration>,
    },
    /// 429, the account's connection slots are taken, most often by our own ghost.
    TooManyConnections,
    /// The same, and the source has closed the connections that took them: another try soon may succeed. Waits as for
    /// [`Self::Http`].
    SlotFreed,
    /// 429, the month's posts are used up: only time or money helps.
    UsageCapped,
    /// 400, because the past was asked for, which this account may not: the next attempt, at once, does without.
    NoBackfill,
    /// An answer that an operator must cure (400, 401, 403, 404, 409): waits as for [`Self::Http`], said aloud.
    Refused,
    /// A certificate that is not to be trusted: an operator must cure that too.
    Certificate,
}

impl ConnectErrorClass {
    /// What became of the attempt, as metrics tell it.
    pub const fn outcome(self) -> ConnectOutcome {
        match self {
            Self::Network => ConnectOutcome::Network,
            Self::Http => ConnectOutcome::Http,
            Self::RateLimited { .. } => ConnectOutcome::RateLimited,
            Self::TooManyConnections | Self::SlotFreed => ConnectOutcome::TooManyConnections,
            Self::UsageCapped => ConnectOutcome::UsageCapped,
            Self::Refused | Self::NoBackfill => ConnectOutcome::Refused,
            Self::Certificate => ConnectOutcome::Certificate,
        }
    }
}

/// Why an open stream ended, other than by the server's clean end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not a single byte for this long.
    #[error("no byte for {0:?}")]
    Silence(Duration),
    /// The transport failed: reset, TLS alert, broken chunk.
    #[error("{0}")]
    Broken(String),
    /// It never was a stream: what came in its place is a refusal.
    #[error(transparent)]
    Refused(Box<ConnectError>),
}

/// How one message splits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The message's kind, for metrics: a closed set of names.
    pub kind: &'static str,
    /// The key of all its records.
    pub key: Option<Bytes>,
    /// When the thing was created, according to the server.
    pub created_at: Option<Timestamp>,
    /// Where the value lies for each lane that gets a record.
    pub values: PerLane<Option<Value>>,
    /// Why the message is a dead letter, if it cannot be read. The caller makes the dead letter.
    pub dead_letter: Option<DeadLetterReason>,
    /// What the message means for the connection that brought it.
    pub verdict: Verdict,
    /// How many messages the server says that it has held back since the connection began.
    pub undelivered: Option<u64>,
}

/// What a message means for its connection.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Verdict {
    /// It stays open.
    #[default]
    Continue,
    /// The server disconnects us: close and reconnect, even if the socket stays open.
    Disconnect(ServerDisconnect),
    /// The server has sent all that was asked for, in these words: there is nothing to come back for.
    Finished(String),
}

/// The server's disconnect, said in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDisconnect {
    /// The schedule that applies, if it says what a refusal would say; else the one for connections that break.
    pub refusal: Option<ConnectErrorClass>,
    /// Why, in the server's words.
    pub detail: String,
}

impl Split {
    /// A message of `kind` that has no records yet.
    pub fn new(kind: &'static str) -> Self {
        Self {
            kind,
            key: None,
            created_at: None,
            values: PerLane::default(),
            dead_letter: None,
            verdict: Verdict::Continue,
            undelivered: None,
        }
    }

    /// A message that cannot be read, for `reason`.
    pub fn dead_letter(reason: DeadLetterReason) -> Self {
        Self {
            dead_letter: Some(reason),
            ..Self::new("invalid")
        }
    }

    /// Gives `lane` its value.
    #[must_use]
    pub fn with(mut self, lane: Lane, value: Value) -> Self {
        self.values[lane] = Some(value);
        self
    }

    /// What `lane` gets of `message`, which this is the split of.
    pub fn value(&self, lane: Lane, message: &Bytes) -> Option<Bytes> {
        let key = self.key.as_deref().unwrap_or_default();
        Some(self.values[lane]?.of(message, lane, key, &mut BytesMut::new()))
    }

    /// Whether the message shows that the connection is the stream that was asked for: a thing with a key, that can be read.
    pub fn is_proof(&self) -> bool {
        self.key.is_some() && self.dead_letter.is_none() && self.verdict == Verdict::Continue
    }

    /// The lanes that get a record.
    pub fn lanes(&self) -> LaneSet {
        Lane::ALL
            .into_iter()
            .filter(|lane| self.values[*lane].is_some())
            .collect()
    }
}
