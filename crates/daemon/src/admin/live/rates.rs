//! Rates: what two looks at the data path show together.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stream_core::model::Timestamp;
use stream_core::telemetry::{LaneStatus, Status};

/// What moves, and how far behind it is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Rates {
    /// Messages journaled.
    pub(crate) messages_per_second: f32,
    /// The lag of the lane that is furthest behind.
    pub(crate) lag_seconds: f32,
    /// In the order of the report's lanes.
    pub(crate) lanes: Vec<LaneRates>,
}

/// What moves in a lane.
#[derive(Serialize, Deserialize)]
pub(crate) struct LaneRates {
    /// Records confirmed.
    pub(crate) delivered_per_second: f32,
    /// The age of the oldest record whose fate is open; 0 if there is none.
    pub(crate) lag_seconds: f32,
}

impl Rates {
    /// What has happened in `took` from `before` to `after`, which was taken at the time `now`.
    pub(super) fn between(before: &Status, after: &Status, took: Duration, now: Timestamp) -> Self {
        let per_second = |before: u64, after: u64| {
            let count = after.saturating_sub(before) as f32;
            tenth(count / took.as_secs_f32().max(0.001))
        };
        let lanes = after
            .lanes
            .iter()
            .zip(&before.lanes)
            .map(|(after, before)| LaneRates {
                delivered_per_second: per_second(before.delivered, after.delivered),
                lag_seconds: lag(after, now),
            });
        let lanes: Vec<_> = lanes.collect();
        Self {
            messages_per_second: per_second(before.stream.messages, after.stream.messages),
            lag_seconds: lanes.iter().map(|lane| lane.lag_seconds).fold(0.0, f32::max),
            lanes,
        }
    }
}

fn lag(lane: &LaneStatus, now: Timestamp) -> f32 {
    let age = lane.oldest_pending.map(|oldest| now.since(oldest));
    tenth(age.unwrap_or_default().as_secs_f32())
}

/// In tenths: more digits say nothing.
fn tenth(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use stream_core::model::Lane;

    use super::*;

    #[test]
    fn a_rate_is_by_the_time_that_passed_and_the_lag_is_the_worst() {
        let now = Timestamp::from_millis(100_000);
        let status = |messages, delivered, behind| {
            let lane = |behind| LaneStatus {
                delivered,
                oldest_pending: Some(now.minus(Duration::from_secs(behind))),
                ..LaneStatus::new("kafka", Lane::Tweets)
            };
            let mut status = Status {
                lanes: vec![lane(behind), lane(1)],
                ..Status::default()
            };
            status.stream.messages = messages;
            status
        };
        let took = Duration::from_secs(2);
        let rates = Rates::between(&status(10, 5, 3), &status(25, 6, 9), took, now);
        let json = serde_json::to_string(&rates).unwrap();
        let lane = |lag| format!(r#"{{"delivered_per_second":0.5,"lag_seconds":{lag}}}"#);
        assert_eq!(
            json,
            format!(
                r#"{{"messages_per_second":7.5,"lag_seconds":9.0,"lanes":[{},{}]}}"#,
                lane("9.0"),
                lane("1.0")
            )
        );
        // Nothing passes in no time, and nothing goes back.
        let rates = Rates::between(&status(25, 6, 0), &status(10, 5, 0), Duration::ZERO, now);
        assert!(rates.messages_per_second.abs() < f32::EPSILON);
    }
}
