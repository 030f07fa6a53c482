//! Fault injection: what can go wrong.

use std::time::Duration;

use super::garbage::Garbage;
use crate::notice::Notice;

/// An answer instead of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 401 as X was recorded to answer it.
    Unauthorized,
    /// 402: an account that pays for each post has no credits left.
    Credits,
    /// 403 `client-not-enrolled`: the plan does not include this endpoint.
    Forbidden,
    /// 404 as a problem of X's API.
    NotFound,
    /// 409: a filtered stream was asked for, and there are no rules.
    Conflict,
    /// 429 A: `TooManyConnections`, with rate limit left.
    TooManyConnections,
    /// 429 B as JSON, the window ending in so long.
    RateLimited {
        /// Time until `x-rate-limit-reset`.
        reset: Duration,
    },
    /// 429 B as plain text, the window ending in so long.
    RateLimitedText {
        /// Time until `x-rate-limit-reset`.
        reset: Duration,
    },
    /// 429 C, `UsageCapExceeded`: all posts of the month are used.
    UsageCap,
    /// 429 D, `ProvisioningSubscription`: a plan that was just bought.
    Provisioning,
    /// 503 as a problem of X's API.
    Unavailable,
    /// 503 with envoy's text.
    Envoy,
    /// 500 with an HTML page.
    Html,
    /// 302 to another host.
    Redirect,
}

impl Status {
    /// Every one; where a window has to end, in a minute.
    pub const ALL: [Status; 14] = [
        Status::Unauthorized,
        Status::Credits,
        Status::Forbidden,
        Status::NotFound,
        Status::Conflict,
        Status::TooManyConnections,
        Status::RateLimited {
            reset: Duration::from_secs(60),
        },
        Status::RateLimitedText {
            reset: Duration::from_secs(60),
        },
        Status::UsageCap,
        Status::Provisioning,
        Status::Unavailable,
        Status::Envoy,
        Status::Html,
        Status::Redirect,
    ];

    /// Its name in a script.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Unauthorized => "401",
            Status::Credits => "402-credits",
            Status::Forbidden => "403",
            Status::NotFound => "404",
            Status::Conflict => "409",
            Status::TooManyConnections => "429-slots",
            Status::RateLimited { .. } => "429-rate",
            Status::RateLimitedText { .. } => "429-rate-text",
            Status::UsageCap => "429-usage",
            Status::Provisioning => "429-provisioning",
            Status::Unavailable => "503",
            Status::Envoy => "503-envoy",
            Status::Html => "500-html",
            Status::Redirect => "302",
        }
    }
}

/// Truncation: where a line is cut before the socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// In the middle of a line, between chunks.
    Line,
    /// Inside a UTF-8 sequence.
    Utf8,
    /// Inside a chunk whose size promised more.
    Chunk,
    /// In the middle of a line, yet the body is ended properly.
    Ended,
}

impl Cut {
    /// Every one, in the order of this type.
    pub const ALL: [Cut; 4] = [Cut::Line, Cut::Utf8, Cut::Chunk, Cut::Ended];

    /// Its name in a script.
    pub const fn name(self) -> &'static str {
        match self {
            Cut::Line => "line",
            Cut::Utf8 => "utf8",
            Cut::Chunk => "chunk",
            Cut::Ended => "ended",
        }
    }
}

/// Members of X's `disconnect_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnect {
    /// `OperationalDisconnect`, as in live captures.
    Operational,
    /// `UpstreamOperationalDisconnect`, as in the docs.
    Upstream,
    /// `ForceDisconnect`: this connection was closed on purpose.
    Force,
    /// `SlowReader`: the client did not keep up.
    SlowReader,
    /// `InternalError`: a fault of the server.
    Internal,
}

impl Disconnect {
    /// Every one, in the order of this type.
    pub const ALL: [Disconnect; 5] = [
        Disconnect::Operational,
        Disconnect::Upstream,
        Disconnect::Force,
        Disconnect::SlowReader,
        Disconnect::Internal,
    ];

    /// Its name in a script.
    pub const fn name(self) -> &'static str {
        match self {
            Disconnect::Operational => "operational",
            Disconnect::Upstream => "upstream",
            Disconnect::Force => "force",
            Disconnect::SlowReader => "slow-reader",
            Disconnect::Internal => "internal",
        }
    }
}

/// What becomes of the socket after a disconnect message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    /// It stays open and mute.
    LeftOpen,
    /// The body is ended and the socket closed.
    Closed,
}

/// Failure mode of a request, a connection or a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The next TCP connection, whatever it wants, is closed at once; it counts as a stream attempt.
    Refuse,
    /// The next TCP connection, whatever it wants, is accepted and nothing is read; it counts as a stream attempt.
    TlsStall(Option<Duration>),
    /// The request is read and never answered (or not for so long; then the socket is closed).
    HeadStall(Option<Duration>),
    /// An error answer instead of the one asked for.
    Status(Status),
    /// Nothing is written for so long (`None`: until the client goes), then the stream goes on.
    Silence(Option<Duration>),
    /// The body ends properly.
    CleanEnd,
    /// TCP RST: what the kernel holds may be lost.
    Reset,
    /// The next post is cut, and the socket closed.
    Cut(Cut),
    /// An errors-only message that says goodbye.
    Disconnect(Disconnect, Socket),
    /// A line that is not a post.
    Garbage(Garbage),
    /// v1.1: a message that is no status.
    Notice(Notice),
    /// v1.1: a message that says goodbye, with this code.
    Code(u8, Socket),
    /// A valid message of so many bytes.
    Oversize(usize),
    /// The next post comes in pieces of `bytes`, one each `every`.
    Trickle {
        /// Size of a piece.
        bytes: usize,
        /// Time between pieces.
        every: Duration,
    },
    /// The last so many posts are sent again (at the start of a connection: the next post is sent twice).
    Duplicate(usize),
    /// The next so many posts come newest first.
    OutOfOrder(usize),
}

impl Fault {
    /// A short name with a closed set of values, the same as in a script.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Refuse => "refuse",
            Fault::TlsStall(_) => "tls-stall",
            Fault::HeadStall(_) => "head-stall",
            Fault::Status(_) => "status",
            Fault::Silence(_) => "silence",
            Fault::CleanEnd => "end",
            Fault::Reset => "reset",
            Fault::Cut(_) => "cut",
            Fault::Disconnect(..) => "disconnect",
            Fault::Garbage(_) => "garbage",
            Fault::Notice(_) => "notice",
            Fault::Code(..) => "code",
            Fault::Oversize(_) => "oversize",
            Fault::Trickle { .. } => "trickle",
            Fault::Duplicate(_) => "duplicate",
            Fault::OutOfOrder(_) => "out-of-order",
        }
    }

    /// Whether it strikes before there is a stream.
    pub(crate) fn is_early(&self) -> bool {
        self.strikes_at_accept() || self.strikes_at_request()
    }

    pub(super) fn strikes_at_accept(&self) -> bool {
        matches!(self, Fault::Refuse | Fault::TlsStall(_))
    }

    pub(super) fn strikes_at_request(&self) -> bool {
        matches!(self, Fault::HeadStall(_) | Fault::Status(_))
    }
}
