//! What became of a span of `[traces]`.

/// What became of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanOutcome {
    /// The collector has it.
    Sent,
    /// It is gone.
    Lost,
}

impl SpanOutcome {
    /// Every value.
    pub(super) const ALL: [Self; 2] = [Self::Sent, Self::Lost];

    /// The value as metrics write it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Lost => "lost",
        }
    }
}
