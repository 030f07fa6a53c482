//! Catching up: how the past is asked for after a time without a connection. Pure
//! (<https://docs.x.com/x-api/fundamentals/recovery-and-redundancy>).

use std::time::Duration;

use stream_core::model::Timestamp;

use crate::endpoint::{Endpoint, Parameter, Takes};
use crate::query::Query;

/// What may be asked for; both are for accounts that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CatchUp {
    /// The last minutes once more, exactly as many as are needed.
    pub backfill: bool,
    /// Longer gaps, of up to 24 h, on connections of their own.
    pub recovery: bool,
}

/// As far back as X goes.
const RECOVERABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// What is added to a gap, for the time that connecting takes and for clocks that differ.
const MARGIN: Duration = Duration::from_secs(5);
const MINUTE: u64 = 60;

impl CatchUp {
    /// How far back a recovery of `endpoint` may ask.
    pub(crate) fn reach(self, endpoint: Endpoint) -> Duration {
        if self.recovery && endpoint.takes(Parameter::StartTime).is_some() {
            RECOVERABLE
        } else {
            Duration::ZERO
        }
    }
}

impl Query {
    /// The query that brings the last `blind` besides, in whole minutes, as far as `endpoint` goes back.
    pub(crate) fn with_backfill(&self, endpoint: Endpoint, blind: Duration) -> Option<Self> {
        let Some(Takes::Number { range, .. }) = endpoint.takes(Parameter::BackfillMinutes) else {
            return None;
        };
        let needed = (blind + MARGIN).as_secs().div_ceil(MINUTE).max(1);
        let minutes = u8::try_from(needed).map_or(*range.end(), |needed| needed.min(*range.end()));
        Some(Self {
            backfill_minutes: Some(minutes),
            ..self.clone()
        })
    }

    /// The query that brings what was posted from `from` to `to`, in whole seconds, and nothing else: for endpoints that take
    /// `start_time`.
    pub(crate) fn for_recovery(&self, from: Timestamp, to: Timestamp) -> Self {
        Self {
            backfill_minutes: None,
            start_time: Some(whole_seconds(from)),
            end_time: Some(whole_seconds(to.plus(Duration::from_millis(999)))),
            ..self.clone()
        }
    }

    /// How far back a connection goes.
    pub(crate) fn replays(&self) -> Duration {
        Duration::from_secs(u64::from(self.backfill_minutes.unwrap_or(0)) * MINUTE)
    }
}

/// As X writes it: `YYYY-MM-DDTHH:mm:ssZ`.
fn whole_seconds(at: Timestamp) -> String {
    let text = at.to_string();
    format!(
        "{}Z",
        text.split_once('.')
            .map_or(text.trim_end_matches('Z'), |(whole, _)| whole)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_minutes_that_are_needed_are_asked_for() {
        let minutes = |secs| {
            let query = Query::default().with_backfill(Endpoint::Search, Duration::from_secs(secs));
            query.unwrap().backfill_minutes.unwrap()
        };
        assert_eq!(
            [0, 54, 55, 56, 90, 115, 290, 300, 100_000].map(minutes),
            [1, 1, 1, 2, 2, 2, 5, 5, 5]
        );
        assert_eq!(Query::default().with_backfill(Endpoint::V1Filter, MARGIN), None);
    }

    #[test]
    fn a_recovery_covers_whole_seconds() {
        let at = |millis: u64| Timestamp::from_millis(1_595_000_000_000 + millis);
        let query = Query::default().for_recovery(at(900), at(2_100));
        assert_eq!(query.start_time.as_deref(), Some("2020-07-17T15:33:20Z"));
        assert_eq!(query.end_time.as_deref(), Some("2020-07-17T15:33:23Z"));
        assert_eq!(query.check(Endpoint::Search), []);
    }

    #[test]
    fn the_past_is_in_reach_where_it_is_wanted_and_the_endpoint_goes_back() {
        let reach = |recovery, endpoint| {
            let backfill = true;
            CatchUp { backfill, recovery }.reach(endpoint)
        };
        assert_eq!(reach(true, Endpoint::Search), RECOVERABLE);
        assert_eq!(reach(false, Endpoint::Search), Duration::ZERO);
        assert_eq!(reach(true, Endpoint::Sample), Duration::ZERO);
    }
}
