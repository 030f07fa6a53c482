//! Ring buffer of the last 15 minutes, a point a second.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};
use stream_core::model::Timestamp;

use super::rates::Rates;

/// How many points there are.
const POINTS: usize = 15 * 60;

/// Messages per second and lag over the last 15 minutes.
#[derive(Default, Serialize)]
pub(super) struct History {
    points: VecDeque<Point>,
}

struct Point {
    at: Timestamp,
    messages_per_second: f32,
    lag_seconds: f32,
}

impl History {
    /// Takes note of a moment; the oldest goes.
    pub(super) fn push(&mut self, at: Timestamp, rates: &Rates) {
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(Point {
            at,
            messages_per_second: rates.messages_per_second,
            lag_seconds: rates.lag_seconds,
        });
    }
}

/// `[milliseconds, messages per second, seconds behind]`.
impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.at.millis(), self.messages_per_second, self.lag_seconds).serialize(serializer)
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
    }
}
