//! Discriminant of a message: what it turned out to be when it was taken apart.

/// The kind of a message, as metrics have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A post with what belongs to it.
    Post,
    /// A like with what belongs to it.
    Like,
    /// An event of an account.
    Activity,
    /// Errors without data: X ends the stream.
    Error,
    /// What a holder of posts must do: delete, withhold, scrub.
    Compliance,
    /// v1.1: the server has something against how we read.
    Warning,
    /// v1.1: how many statuses matched and were held back.
    Limit,
    /// v1.1: the server ends the stream.
    Disconnect,
    /// An object of no kind that we know.
    Unknown,
    /// Nothing that could be read: a dead letter.
    Invalid,
}

impl MessageKind {
    /// All that there are.
    pub const ALL: [Self; 10] = [
        Self::Post,
        Self::Like,
        Self::Activity,
        Self::Error,
        Self::Compliance,
        Self::Warning,
        Self::Limit,
        Self::Disconnect,
        Self::Unknown,
        Self::Invalid,
    ];

    /// The name in metrics, and in [`Split::kind`](stream_core::source::Split::kind).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Like => "like",
            Self::Activity => "activity",
            Self::Error => "error",
            Self::Compliance => "compliance",
            Self::Warning => "warning",
            Self::Limit => "limit",
            Self::Disconnect => "disconnect",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
        }
    }
}
