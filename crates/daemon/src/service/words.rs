//! The status as one line for people: `connected for 3 h 12 m, 212/s, kafka lag 0.1 s`.

use std::time::{Duration, Instant};

use stream_core::model::{StreamState, Timestamp};
use stream_core::telemetry::{LaneStatus, Status, View};

use crate::admin::health;
use crate::words;

/// Messages per second, between two looks.
#[derive(Default)]
pub(super) struct Rate {
    before: Option<(Instant, u64)>,
}

impl Rate {
    /// What `status`, which `view` shows now, is in words; and what speaks against it, if anything does.
    pub(super) fn words(&mut self, view: &View, status: &Status) -> String {
        let rate = self.since_last(Instant::now(), status.stream.received);
        let mut line = line(status, rate, Timestamp::now());
        if let Some(reason) = health::ready(view, status, None).reasons.into_iter().next() {
            line = format!("{line}: {reason}");
        }
        // One line, whatever a peer says.
        line.replace(char::is_control, " ")
    }

    fn since_last(&mut self, now: Instant, received: u64) -> f64 {
        let before = self.before.replace((now, received));
        before.map_or(0.0, |(at, count)| {
            let seconds = now.saturating_duration_since(at).as_secs_f64();
            received.saturating_sub(count) as f64 / seconds.max(0.001)
        })
    }
}

fn line(status: &Status, rate: f64, now: Timestamp) -> String {
    let mut parts = vec![words::stream(&status.stream, now)];
    if status.stream.state == StreamState::Streaming {
        parts.push(format!("{rate:.0}/s"));
    }
    let lags = lags(&status.lanes, now).into_iter();
    parts.extend(lags.map(|(sink, lag)| format!("{sink} lag {:.1} s", lag.as_secs_f64())));
    parts.join(", ")
}

/// How far each sink's slowest lane is behind.
fn lags(lanes: &[LaneStatus], now: Timestamp) -> Vec<(&str, Duration)> {
    let mut lags: Vec<(&str, Duration)> = Vec::new();
    for lane in lanes {
        let lag = lane
            .oldest_pending
            .map_or(Duration::ZERO, |oldest| now.since(oldest));
        match lags.iter_mut().find(|(sink, _)| *sink == lane.sink) {
            Some((_, most)) => *most = lag.max(*most),
            None => lags.push((&lane.sink, lag)),
        }
    }
    lags
}

#[cfg(test)]
mod tests {
    use stream_core::model::Lane;
    use stream_core::telemetry::StreamStatus;

    use super::*;

    #[test]
    fn a_status_is_a_line_in_words() {
        let now = Timestamp::from_millis(20_000_000);
        let lane = |sink, millis: Option<u64>| LaneStatus {
            oldest_pending: millis.map(|millis| now.minus(Duration::from_millis(millis))),
            ..LaneStatus::new(sink, Lane::Tweets)
        };
        let status = |state, seconds| Status {
            stream: StreamStatus {
                state,
                since: now.minus(Duration::from_secs(seconds)),
                ..StreamStatus::default()
            },
            lanes: vec![lane("kafka", None), lane("kafka", Some(120)), lane("file", None)],
            ..Status::default()
        };
        for (state, seconds, expected) in [
            (
                StreamState::Streaming,
                11_000,
                "connected for 3 h 3 m, 212/s, kafka lag 0.1 s, file lag 0.0 s",
            ),
            (
                StreamState::Connecting,
                41,
                "connecting for 41 s, kafka lag 0.1 s, file lag 0.0 s",
            ),
        ] {
            assert_eq!(line(&status(state, seconds), 212.3, now), expected);
        }
    }

    #[test]
    fn a_rate_needs_two_looks() {
        let mut rate = Rate::default();
        let start = Instant::now();
        assert!(rate.since_last(start, 1_000).abs() < 0.01);
        let later = rate.since_last(start + Duration::from_secs(5), 2_060);
        assert!((later - 212.0).abs() < 0.01, "{later}");
    }
}
