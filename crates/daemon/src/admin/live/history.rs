//! Ring buffer of the last 15 minutes, a point a second.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use stream_core::model::Timestamp;

use super::rates::Rates;

/// How many points there are.
const POINTS: usize = 15 * 60;

/// Messages per second and lag over the last 15 minutes.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct History {
    points: VecDeque<Point>,
}

/// What was seen in one second.
pub(crate) struct Point {
    at: Timestamp,
    /// Messages journaled.
    pub(crate) messages_per_second: f32,
    /// How far behind the lane was that was furthest behind.
    pub(crate) lag_seconds: f32,
}

impl History {
    /// Takes note of a moment; the oldest goes.
    pub(crate) fn push(&mut self, at: Timestamp, rates: &Rates) {
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(Point {
            at,
            messages_per_second: rates.messages_per_second,
            lag_seconds: rates.lag_seconds,
        });
    }

    /// The oldest first.
    pub(crate) fn points(&self) -> &VecDeque<Point> {
        &self.points
    }
}

/// `[milliseconds, messages per second, seconds behind]`.
impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.at.millis(), self.messages_per_second, self.lag_seconds).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (millis, messages_per_second, lag_seconds) = Deserialize::deserialize(deserializer)?;
        Ok(Self {
            at: Timestamp::from_millis(millis),
            messages_per_second,
            lag_seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stream_core::telemetry::Status;

    use super::*;

    #[test]
    fn it_keeps_fifteen_minutes_and_no_more() {
        let (mut history, nothing) = (History::default(), Status::default());
        for second in 0..2_000 {
            let at = Timestamp::from_millis(second * 1_000);
            let rates = Rates::between(&nothing, &nothing, Duration::from_secs(1), at);
            history.push(at, &rates);
        }
        let json: serde_json::Value = serde_json::to_value(&history).unwrap();
        let points = json["points"].as_array().unwrap();
        assert_eq!(points.len(), 900);
        assert_eq!(points[0], serde_json::json!([1_100_000, 0.0, 0.0]));
        let read: History = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json);
    }
}
