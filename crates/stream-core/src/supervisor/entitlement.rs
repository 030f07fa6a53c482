//! Whether the account may ask for what was posted while we were blind: learnt from the answers. Pure.

use std::time::Duration;

use crate::model::Timestamp;
use crate::source::ConnectErrorClass;

/// How long a refusal is believed. Accounts change, and asking costs one connect.
const BELIEVED: Duration = Duration::from_secs(24 * 60 * 60);
/// The status of a request that asks for what it may not.
const BAD_REQUEST: u16 = 400;

/// What is known of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Entitlement {
    /// It has not been refused.
    #[default]
    Unknown,
    /// It was, with the past asked for; whether because of that, the next answer to a request without it shows.
    Doubted,
    /// It was because of that, then.
    Missing(Timestamp),
}

impl Entitlement {
    /// Whether the past may be asked for at `now`.
    pub(super) fn may_ask(self, now: Timestamp) -> bool {
        match self {
            Self::Unknown => true,
            Self::Doubted => false,
            Self::Missing(since) => now.since(since) >= BELIEVED,
        }
    }

    /// A stream was accepted at `now`; whether that shows that the past was why it was not.
    pub(super) fn accepted(&mut self, now: Timestamp) -> bool {
        let shows = *self == Self::Doubted;
        if shows {
            *self = Self::Missing(now);
        }
        shows
    }

    /// An attempt was refused.
    pub(super) fn refused(&mut self, class: ConnectErrorClass, status: Option<u16>) {
        if class == ConnectErrorClass::NoBackfill {
            *self = Self::Doubted;
        } else if *self == Self::Doubted && status == Some(BAD_REQUEST) {
            // It is something else that the server has against us.
            *self = Self::Unknown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn a_refusal_counts_once_a_request_without_the_past_is_accepted() {
        let mut known = Entitlement::default();
        assert!(known.may_ask(at(0)) && !known.accepted(at(0)));
        known.refused(ConnectErrorClass::NoBackfill, Some(400));
        assert!(!known.may_ask(at(1)));
        known.refused(ConnectErrorClass::Http, Some(503));
        assert!(known.accepted(at(2)) && !known.accepted(at(3)));
        assert!(!known.may_ask(at(3)) && known.may_ask(at(2 + 24 * 60 * 60)));
    }

    #[test]
    fn a_refusal_for_another_reason_is_no_answer() {
        let mut known = Entitlement::default();
        known.refused(ConnectErrorClass::NoBackfill, Some(400));
        known.refused(ConnectErrorClass::Refused, Some(400));
        assert_eq!(known, Entitlement::Unknown);
    }
}
