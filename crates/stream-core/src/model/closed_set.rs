//! Closed sets: every value that a label of a metric, an event or the status may have, each with its one name. Cardinality is
//! bounded by construction, and every series can exist from the start.

/// Declares a closed set, a row a value: `ALL` lists it, `name()` is how the value is written everywhere.
macro_rules! closed_set {
    ($(#[$meta:meta])* $set:ident { $($(#[$doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $set {
            $($(#[$doc])* #[serde(rename = $name)] $value,)*
        }

        impl $set {
            /// Every value, in the order of the documents.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$value),*];

            /// The value as metrics, events and status write it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }
        }

        impl std::fmt::Display for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
closed_set! {
    /// Lifecycle of the stream, as the supervisor sees it.
    #[derive(Default)]
    StreamState {
        /// An attempt is under way.
        #[default]
        Connecting = "connecting",
        /// A connection is open and read.
        Streaming = "streaming",
        /// The next attempt is not due yet.
        Waiting = "waiting",
        /// Closed by us until the journal takes messages again.
        Paused = "paused",
        /// The supervisor has ended: nothing connects any more.
        Stopped = "stopped",
    }
}

closed_set! {
    /// Outcome of one attempt to connect.
    ConnectOutcome {
        /// The server sends the stream.
        Accepted = "accepted",
        /// No HTTP answer: name resolution, TCP, TLS, a deadline.
        Network = "network",
        /// An answer that patience may cure.
        Http = "http",
        /// 429, too many requests.
        RateLimited = "rate_limited",
        /// 429, the account's connection slots are taken.
        TooManyConnections = "too_many_connections",
        /// 429 or 402, the month's posts are used up.
        UsageCapped = "usage_capped",
        /// An answer that an operator must cure.
        Refused = "refused",
        /// The server's certificate is not to be trusted: an operator must cure that.
        Certificate = "certificate",
    }
}

impl ConnectOutcome {
    /// Whether only a person can cure it.
    pub const fn needs_operator(self) -> bool {
        matches!(self, Self::Refused | Self::Certificate | Self::UsageCapped)
    }
}

closed_set! {
    /// Disconnect reason: why a connection that was open has ended.
    DisconnectReason {
        /// The server ended it in good order.
        CleanEnd = "clean_end",
        /// The transport failed: reset, TLS alert, broken chunk.
        Broken = "broken",
        /// Liveness: not a byte for too long.
        Silence = "silence",
        /// Liveness: bytes, but no end of a line for too long.
        Stalled = "stalled",
        /// The server said so in the stream.
        Goodbye = "goodbye",
        /// It was none: what came is a refusal, or a page for people.
        Refused = "refused",
        /// Backpressure: we closed it, because neither disk nor memory takes more.
        JournalFull = "journal_full",
        /// We closed it, because we were told to stop.
        Shutdown = "shutdown",
        /// The server has sent all that was asked for.
        Finished = "finished",
        /// We closed it, to ask for something else.
        Renewed = "renewed",
    }
}

closed_set! {
    /// Backoff class: which schedule sets the wait before a reconnect.
    WaitClass {
        /// No wait at all.
        Immediate = "immediate",
        /// X's schedule for the network.
        Network = "network",
        /// X's schedule for HTTP errors.
        Http = "http",
        /// X's schedule for rate limits, or the reset that X named.
        RateLimited = "rate_limited",
        /// The month's posts are used up.
        UsageCapped = "usage_capped",
        /// X's schedule for HTTP errors, for what an operator must cure.
        Operator = "operator",
        /// Our own limit on connects.
        Budget = "budget",
    }
}

closed_set! {
    /// Kind of frame: one line of the stream as it is cut, before anybody looks into it.
    FrameKind {
        /// A line with something on it.
        Message = "message",
        /// An empty line: a sign of life.
        KeepAlive = "keep_alive",
        /// A line over the limit.
        Oversize = "oversize",
    }
}

closed_set! {
    /// HTTP status of an answer that opened no stream: those that X gives
    /// (<https://docs.x.com/x-api/fundamentals/response-codes-and-errors>), and one value for the rest.
    HttpStatusLabel {
        /// 400: the request is wrong.
        BadRequest = "400",
        /// 401: the token is not accepted.
        Unauthorized = "401",
        /// 402: the account's credits are used up.
        PaymentRequired = "402",
        /// 403: the account has no access to this.
        Forbidden = "403",
        /// 404: no such endpoint.
        NotFound = "404",
        /// 409: a filtered stream without rules.
        Conflict = "409",
        /// 420: version 1.1's word for 429.
        EnhanceYourCalm = "420",
        /// 429: one of the three limits.
        TooManyRequests = "429",
        /// 500: the server's fault.
        InternalServerError = "500",
        /// 502: something before the server.
        BadGateway = "502",
        /// 503: overloaded.
        ServiceUnavailable = "503",
        /// 504: something before the server waited too long.
        GatewayTimeout = "504",
        /// Any status that X does not give.
        Other = "other",
    }
}

impl HttpStatusLabel {
    /// The label for the status `code`.
    pub fn of(code: u16) -> Self {
        let code = code.to_string();
        let known = Self::ALL.into_iter().find(|label| label.name() == code);
        known.unwrap_or(Self::Other)
    }
}

closed_set! {
    /// Dead-letter reason: why bytes stand in `dead_letter` and not in a lane of their own.
    DeadLetterReason {
        /// The line was over the limit.
        Oversize = "oversize",
        /// A broker refused the record, even when it came alone.
        Refused = "refused",
        /// The bytes are not UTF-8.
        NotUtf8 = "not_utf8",
        /// The text is not JSON.
        NotJson = "not_json",
        /// JSON, but no object.
        NotAnObject = "not_an_object",
        /// A member that matters is there twice: we do not guess.
        DuplicateKey = "duplicate_key",
    }
}

closed_set! {
    /// Error class of a sink: who can cure it.
    SinkErrorClass {
        /// Transient: the client or the broker may cure it by itself.
        Unavailable = "unavailable",
        /// Permanent until a person does something.
        Operator = "operator",
    }
}

/// Drop reason: why a message was lost by decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// Neither disk nor memory had room, and the policy is to keep the stream.
    JournalFull,
    /// The end came while the journal would not take it.
    JournalUnavailable,
    /// A sink did not take it for so long, or so much waited behind it, that the lane's policy let it go.
    Stuck,
    /// It should have been a dead letter, but that lane is off.
    NoDeadLetters(DeadLetterReason),
}

impl DropReason {
    /// Every value, in the order of the documents.
    pub const ALL: [Self; 3 + DeadLetterReason::ALL.len()] = {
        let mut all = [Self::JournalFull; 3 + DeadLetterReason::ALL.len()];
        all[1] = Self::JournalUnavailable;
        all[2] = Self::Stuck;
        let mut at = 0;
        while at < DeadLetterReason::ALL.len() {
            all[3 + at] = Self::NoDeadLetters(DeadLetterReason::ALL[at]);
            at += 1;
        }
        all
    };

    /// The value as metrics write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JournalFull => "journal_full",
            Self::JournalUnavailable => "journal_unavailable",
            Self::Stuck => "stuck",
            Self::NoDeadLetters(reason) => reason.name(),
        }
    }
}

/// Why a gap began: why the connection before it ended, or `restart`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapCause {
    /// A connection had ended.
    Disconnect(DisconnectReason),
    /// The process had ended.
    Restart,
}

impl GapCause {
    /// The value as events write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disconnect(reason) => reason.name(),
            Self::Restart => "restart",
        }
    }
}

impl serde::Serialize for GapCause {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

closed_set! {
    /// What is done about a gap.
    Repair {
        /// Nothing: what was posted in it is missed.
        None = "none",
        /// The connection after it brings the last minutes once more.
        Backfill = "backfill",
        /// It is asked for again, on a connection of its own.
        Recovery = "recovery",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_set_writes_and_reads_its_names() {
        for state in StreamState::ALL {
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{state}\""));
            assert_eq!(serde_json::from_str::<StreamState>(&json).unwrap(), state);
        }
    }

    #[test]
    fn a_status_that_x_does_not_give_is_other() {
        assert_eq!(HttpStatusLabel::of(503).name(), "503");
        for code in [0, 200, 418, 65_535] {
            assert_eq!(HttpStatusLabel::of(code), HttpStatusLabel::Other);
        }
    }

    #[test]
    fn every_drop_reason_has_a_name_of_its_own() {
        let names: BTreeSet<_> = DropReason::ALL.map(DropReason::name).into();
        assert_eq!(names.len(), DropReason::ALL.len());
    }
}
