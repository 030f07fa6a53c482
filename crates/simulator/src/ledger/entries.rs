//! Records: what the ledger tells its readers.

use std::ops::Range;

use bytes::Bytes;

use crate::endpoint::Endpoint;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A post of the world.
    Post(Origin),
    /// An empty line, so that the client knows of the stream's life.
    KeepAlive,
    /// A message that is no post: a disconnect, a notice of v1.1.
    Control,
    /// A bad or strange line of the fault plan.
    Garbage,
    /// A valid message of unusual size.
    Oversize,
}

impl LineKind {
    /// Its name in a ledger file.
    pub const fn name(self) -> &'static str {
        match self {
            LineKind::Post(origin) => origin.name(),
            LineKind::KeepAlive => "keep_alive",
            LineKind::Control => "control",
            LineKind::Garbage => "garbage",
            LineKind::Oversize => "oversize",
        }
    }
}

/// Why a post was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// For the first time.
    Live,
    /// Again, because backfill was asked for.
    Backfill,
    /// Again, by a fault.
    Duplicate,
}

impl Origin {
    /// Its name in a ledger file.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Live => "post",
            Origin::Backfill => "backfill",
            Origin::Duplicate => "duplicate",
        }
    }
}

/// Delivery: did a line reach the client?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The kernel took it to its last byte, and nothing that would lose it has happened.
    Written,
    /// The kernel took it, but then the connection was reset, or one side went away: it may be lost, and so may all after
    /// it.
    Perhaps,
    /// The kernel did not take all of it, line end included.
    NotWritten,
}

/// Any line that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Number of the stream attempt.
    pub connection: u32,
    /// What it is, and of a post why it was sent.
    pub kind: LineKind,
    /// Its bytes, without the line end.
    pub bytes: Bytes,
    /// The fault that caused it, by [name](crate::Fault::name), with the kind of garbage after a space.
    pub fault: Option<String>,
    /// Did it reach the client?
    pub arrival: Arrival,
}

/// A post that was written, with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its id, 19 digits.
    pub id: String,
    /// Number of the stream attempt.
    pub connection: u32,
    /// The whole message, without the line end.
    pub line: Bytes,
    /// Where the value of `data` lies in the line.
    pub data: Range<usize>,
    /// Where the value of `includes` lies.
    pub includes: Option<Range<usize>>,
    /// Where the value of `errors` lies.
    pub errors: Option<Range<usize>>,
    /// Where the value of `matching_rules` lies.
    pub matching_rules: Option<Range<usize>>,
    /// Why it was sent.
    pub origin: Origin,
    /// Did it reach the client?
    pub arrival: Arrival,
}

impl Post {
    /// The value of `data`.
    pub fn data(&self) -> Bytes {
        self.line.slice(self.data.clone())
    }

    /// The value of `includes`.
    pub fn includes(&self) -> Option<Bytes> {
        self.includes.clone().map(|range| self.line.slice(range))
    }

    /// The value of `errors`.
    pub fn errors(&self) -> Option<Bytes> {
        self.errors.clone().map(|range| self.line.slice(range))
    }

    /// The value of `matching_rules`.
    pub fn matching_rules(&self) -> Option<Bytes> {
        self.matching_rules.clone().map(|range| self.line.slice(range))
    }
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The body was ended properly.
    Clean,
    /// The socket was closed in the middle of the body.
    Cut,
    /// The socket was reset.
    Reset,
    /// The client went away.
    ClientGone,
    /// The client took nothing for too long, and was cut off.
    SlowReader,
    /// The simulator was shut down.
    Shutdown,
}

impl End {
    /// Its name in a ledger file.
    pub const fn name(self) -> &'static str {
        match self {
            End::Clean => "Clean",
            End::Cut => "Cut",
            End::Reset => "Reset",
            End::ClientGone => "ClientGone",
            End::SlowReader => "SlowReader",
            End::Shutdown => "Shutdown",
        }
    }

    /// Its name among the account's connections.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            End::ClientGone => "client_disconnect",
            End::SlowReader => "slow_reader",
            End::Clean | End::Cut | End::Reset | End::Shutdown => "operational_disconnect",
        }
    }

    pub(super) fn loses_the_tail(self) -> bool {
        !matches!(self, End::Clean | End::Cut)
    }
}

/// A stream that got its 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Number of the stream attempt, from 1. Refused attempts have numbers too, but no entry.
    pub number: u32,
    /// The stream that was asked for.
    pub endpoint: Endpoint,
    /// Whether before each message stands its length.
    pub delimited: bool,
    /// Bytes of the body entered.
    pub entered: u64,
    /// Bytes of the body that the kernel took.
    pub written: u64,
    /// How it ended; `None` while it is open.
    pub end: Option<End>,
}

/// Counts over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Streams that got their 200.
    pub connections: u64,
    /// Streams that have ended.
    pub ended: u64,
    /// Posts entered, repeats included.
    pub posts: u64,
    /// Posts that the kernel took whole, repeats included.
    pub whole_posts: u64,
    /// Posts that the kernel had not taken whole when their stream ended, repeats included.
    pub cut_posts: u64,
    /// Keep-alives entered.
    pub keep_alives: u64,
    /// Messages entered that are no posts.
    pub controls: u64,
    /// Garbage lines entered.
    pub garbage: u64,
    /// Oversize messages entered.
    pub oversize: u64,
    /// Bytes of bodies that the kernel took.
    pub bytes: u64,
}
