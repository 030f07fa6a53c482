//! Disconnect codes of v1.1: by name, and what to do about each. The last edition of X's page omits 3, 6 and 8.

use stream_core::source::{ConnectErrorClass, ServerDisconnect, Verdict};

use super::member::{member, text};
use crate::response::one_line;

/// As much of a server's reason as a log line should carry.
const MAX_REASON: usize = 300;

/// Why the server ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectCode {
    /// 1: a machine is restarted.
    Shutdown = 1,
    /// 2: the same endpoint was connected to too often.
    DuplicateStream,
    /// 3: closed by a control request, on site streams.
    ControlRequest,
    /// 4: the client read too slowly.
    Stall,
    /// 5: the client seemed to have begun it.
    Normal,
    /// 6: the user has revoked the token.
    TokenRevoked,
    /// 7: the same credentials have opened another stream; the oldest is told so.
    AdminLogout,
    /// 8: for the server's own use.
    Internal,
    /// 9: all has come that a negative `count` asked for.
    MaxMessageLimit,
    /// 10: a fault of the server.
    StreamException,
    /// 11: a fault of the server.
    BrokerStall,
    /// 12: the server has too much to do.
    ShedLoad,
}

impl DisconnectCode {
    /// All that there are, by their numbers.
    pub const ALL: [Self; 12] = [
        Self::Shutdown,
        Self::DuplicateStream,
        Self::ControlRequest,
        Self::Stall,
        Self::Normal,
        Self::TokenRevoked,
        Self::AdminLogout,
        Self::Internal,
        Self::MaxMessageLimit,
        Self::StreamException,
        Self::BrokerStall,
        Self::ShedLoad,
    ];

    /// X's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::DuplicateStream => "duplicate stream",
            Self::ControlRequest => "control request",
            Self::Stall => "stall",
            Self::Normal => "normal",
            Self::TokenRevoked => "token revoked",
            Self::AdminLogout => "admin logout",
            Self::Internal => "internal",
            Self::MaxMessageLimit => "max message limit",
            Self::StreamException => "stream exception",
            Self::BrokerStall => "broker stall",
            Self::ShedLoad => "shed load",
        }
    }

    /// The code of that number, if X has named it.
    pub fn of(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|code| *code as u64 == number)
    }

    /// The schedule of a refusal that it amounts to, and what to do about it.
    const fn refusal(self) -> Option<(ConnectErrorClass, &'static str)> {
        match self {
            Self::DuplicateStream | Self::AdminLogout => Some((
                ConnectErrorClass::TooManyConnections,
                "another client streams with the same keys: give each its own",
            )),
            Self::TokenRevoked => Some((
                ConnectErrorClass::Refused,
                "the user has taken the access token back: have a new one made",
            )),
            _ => None,
        }
    }
}

/// What a disconnect message means for its connection; `said` is its one member.
pub(super) fn verdict(said: &[u8]) -> Verdict {
    let number = member(said, "code").and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
    let code = number.and_then(DisconnectCode::of);
    let mut detail = match (number, code) {
        (Some(number), Some(code)) => format!("disconnect code {number}, {}", code.name()),
        (Some(number), None) => format!("disconnect code {number}, which has no name"),
        (None, _) => "disconnect without a code".to_owned(),
    };
    if let Some(reason) = text(said, "reason") {
        detail = format!("{detail}: {}", one_line(&reason, MAX_REASON));
    }
    if code == Some(DisconnectCode::MaxMessageLimit) {
        return Verdict::Finished(detail);
    }
    let refusal = code.and_then(DisconnectCode::refusal);
    if let Some((_, advice)) = refusal {
        detail = format!("{detail} ({advice})");
    }
    Verdict::Disconnect(ServerDisconnect {
        refusal: refusal.map(|(class, _)| class),
        detail,
    })
}
