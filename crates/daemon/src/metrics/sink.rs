//! The sinks: whether each is there, by what its lanes meet with.

use stream_core::telemetry::LaneStatus;

use super::reading::{Read, Reading};

/// State of one sink.
pub(super) struct SinkState {
    up: bool,
}

/// Every sink by its name. A sink that nobody has tried yet is not known to be away.
pub(super) fn states(lanes: &[LaneStatus]) -> Vec<(&str, SinkState)> {
    let by_sink = lanes.chunk_by(|one, next| one.sink == next.sink);
    let state = |lanes: &[LaneStatus]| SinkState {
        up: lanes.iter().any(|lane| lane.connected) || lanes.iter().all(|lane| lane.last_error.is_none()),
    };
    by_sink
        .filter_map(|lanes| Some((lanes.first()?.sink.as_str(), state(lanes))))
        .collect()
}

/// State of one sink, read when somebody asks.
pub(super) const READINGS: &[Reading<SinkState>] = &[Reading::gauge(
    "sink_up",
    &["sink"],
    "0 while none of the sink's lanes gets through to it and one at least has met with an error, else 1.",
    Read::One(|sink| f64::from(u8::from(sink.up))),
)];

#[cfg(test)]
mod tests {
    use stream_core::model::Lane;

    use super::*;

    #[test]
    fn a_sink_is_away_when_no_lane_gets_through_and_one_says_why() {
        let lane = |sink, connected, error: Option<&str>| LaneStatus {
            connected,
            last_error: error.map(str::to_owned),
            ..LaneStatus::new(sink, Lane::Tweets)
        };
        let lanes = [
            lane("untried", false, None),
            lane("untried", false, None),
            lane("away", false, None),
            lane("away", false, Some("no broker")),
            lane("one topic is wrong", true, None),
            lane("one topic is wrong", false, Some("no topic")),
            lane("slow", true, Some("held up")),
        ];
        let up: Vec<_> = states(&lanes)
            .into_iter()
            .map(|(name, sink)| (name, sink.up))
            .collect();
        let expected = [
            ("untried", true),
            ("away", false),
            ("one topic is wrong", true),
            ("slow", true),
        ];
        assert_eq!(up, expected);
    }
}
