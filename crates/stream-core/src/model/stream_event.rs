//! The values of the lane `events`: what became of the stream, as a ledger that consumers can read beside the posts.

use bytes::Bytes;
use serde::Serialize;

use super::closed_set::{ConnectOutcome, DisconnectReason, GapCause, Repair};
use super::lane::Lane;
use super::timestamp::Timestamp;

/// Audit event: one thing that became of the stream.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamEvent<'a> {
    /// A connection was accepted.
    Connected {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When that was, by the wall clock.
        at: Timestamp,
        /// The connection's number since the process started.
        connection: u64,
    },
    /// An attempt to connect has failed.
    ConnectFailed {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When that was, by the wall clock.
        at: Timestamp,
        /// What became of it.
        outcome: ConnectOutcome,
        /// The HTTP status, if there was an answer.
        status: Option<u16>,
        /// The same in words: the peer's own, if it said any.
        detail: &'a str,
    },
    /// A connection has ended.
    Disconnected {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When that was, by the wall clock.
        at: Timestamp,
        /// The connection's number since the process started.
        connection: u64,
        /// Why it ended.
        reason: DisconnectReason,
        /// The same in words: the peer's own, if it said any.
        detail: &'a str,
    },
    /// A blind interval: what was posted in it may not have been seen.
    Gap {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// From: the last byte before it.
        from: Timestamp,
        /// To: the connection after it.
        to: Timestamp,
        /// How long it was.
        seconds: f64,
        /// Why the connection before it ended, or that the process did.
        reason: GapCause,
        /// Whether the connection after it brings all of it.
        filled: bool,
        /// The id of the last post before it, if one is known.
        last_post: Option<&'a str>,
        /// What is done about it.
        repair: Repair,
        /// As much of it as the connection after it does not bring.
        remains_seconds: f64,
    },
    /// The first post after a gap.
    GapResumed {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// The gap's beginning.
        from: Timestamp,
        /// The gap's end.
        to: Timestamp,
        /// The id of the first post after it.
        first_post: &'a str,
    },
    /// What was missed in a gap was asked for again.
    Recovered {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When that ended, by the wall clock.
        at: Timestamp,
        /// From when.
        from: Timestamp,
        /// To when.
        to: Timestamp,
        /// Whether all of it has come.
        whole: bool,
        /// How many messages came, repeats among them, if all of it has come.
        messages: Option<u64>,
        /// Why it has not: the peer's own words, if it said any.
        detail: Option<&'a str>,
    },
    /// Damage to the journal: what stood there and was not delivered before is lost.
    Lost {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When it was found, by the wall clock.
        at: Timestamp,
        /// The first position that cannot be read.
        from: u64,
        /// The first position behind them that can.
        to: u64,
    },
    /// The rules at the server were changed to what is wanted.
    RulesChanged {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When that was, by the wall clock.
        at: Timestamp,
        /// What brought it about: `start`, `file`, `reload` or `drift`.
        cause: &'static str,
        /// How many rules were created, those with a new tag among them.
        created: u64,
        /// How many were deleted, those with an old tag among them.
        deleted: u64,
        /// How many the server does not take.
        refused: u64,
    },
    /// The rules at the server are not those that are wanted: somebody else has changed them, or nobody is to mend them.
    RulesDrift {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When it was found, by the wall clock.
        at: Timestamp,
        /// Rules that are wanted and not there.
        missing: u64,
        /// Rules that are ours and not wanted.
        unwanted: u64,
        /// Rules whose tag is another than the wanted one.
        retagged: u64,
        /// Whether they are mended at once.
        mended: bool,
    },
    /// Records were given up by policy.
    Dropped {
        /// The name of the stream, as configured.
        stream: &'a str,
        /// When that was, by the wall clock.
        at: Timestamp,
        /// The sink that did not take them.
        sink: &'a str,
        /// Their lane.
        lane: Lane,
        /// The position of the first, or one before it.
        from: u64,
        /// The first position behind the last.
        to: u64,
        /// How many they were.
        records: u64,
        /// Why, as metrics say it.
        reason: &'static str,
    },
}

impl StreamEvent<'_> {
    /// The event as the JSON text that is journaled and published.
    pub fn to_json(&self) -> Bytes {
        serde_json::to_vec(self)
            .expect("a struct of strings and numbers is always JSON")
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_told_by_its_positions() {
        let lost = StreamEvent::Lost {
            stream: "main",
            at: Timestamp::from_millis(1_000),
            from: 7,
            to: 9,
        };
        let expected = r#"{"type":"lost","stream":"main","at":"1970-01-01T00:00:01.000Z","from":7,"to":9}"#;
        assert_eq!(lost.to_json(), expected);
    }

    #[test]
    fn a_gap_reads_as_one() {
        let (from, to) = (Timestamp::from_millis(1_000), Timestamp::from_millis(3_500));
        let gap = StreamEvent::Gap {
            stream: "main",
            from,
            to,
            seconds: 2.5,
            reason: GapCause::Disconnect(DisconnectReason::Silence),
            filled: false,
            last_post: Some("7"),
            repair: Repair::Backfill,
            remains_seconds: 0.5,
        };
        let expected = concat!(
            r#"{"type":"gap","stream":"main","from":"1970-01-01T00:00:01.000Z","to":"1970-01-01T00:00:03.500Z","#,
            r#""seconds":2.5,"reason":"silence","filled":false,"last_post":"7","repair":"backfill","remains_seconds":0.5}"#
        );
        assert_eq!(gap.to_json(), expected);
    }
}
