//! Progress report: what has passed, once a minute, so that a log tells whether anything moves without anybody asking.

use std::time::Duration;

use stream_core::model::Lane;
use stream_core::telemetry::{LaneStatus, Status, View};

/// How often it is told.
const EVERY: Duration = Duration::from_secs(60);

/// Counts since the start, as far as a minute may change them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    received: u64,
    dropped: u64,
    connections: u64,
    /// By sink: confirmed records, and the messages that its slowest lane has before it.
    sinks: Vec<(String, u64, u64)>,
    dead_letters: u64,
}

impl Counts {
    fn of(status: &Status) -> Self {
        let mut counts = Self {
            received: status.stream.received,
            dropped: status.stream.dropped,
            connections: status.stream.connections,
            ..Self::default()
        };
        for lane in &status.lanes {
            counts.add(lane);
        }
        counts
    }

    fn add(&mut self, lane: &LaneStatus) {
        match self.sinks.iter_mut().find(|(sink, ..)| *sink == lane.sink) {
            Some((_, confirmed, pending)) => {
                *confirmed += lane.delivered;
                *pending = lane.pending.max(*pending);
            }
            None => self.sinks.push((lane.sink.clone(), lane.delivered, lane.pending)),
        }
        // Every sink gets the same ones.
        if lane.lane == Lane::DeadLetter {
            self.dead_letters = lane.received.max(self.dead_letters);
        }
    }

    /// What has passed since `before`; nothing if nothing has.
    fn since(&self, before: &Self) -> Option<Passed> {
        if self == before {
            return None;
        }
        let mut confirmed = Vec::new();
        for (sink, count, _) in &self.sinks {
            let earlier = before.sinks.iter().find(|(name, ..)| name == sink);
            let new = count - earlier.map_or(0, |(_, count, _)| *count);
            confirmed.push(format!("{sink} {new}"));
        }
        let pending = self
            .sinks
            .iter()
            .map(|(sink, _, pending)| format!("{sink} {pending}"));
        Some(Passed {
            received: self.received - before.received,
            confirmed: confirmed.join(", "),
            dead_letters: self.dead_letters - before.dead_letters,
            dropped: self.dropped - before.dropped,
            connects: self.connections - before.connections,
            pending: pending.collect::<Vec<_>>().join(", "),
        })
    }
}

/// What has passed between two looks.
#[derive(Debug, PartialEq, Eq)]
struct Passed {
    received: u64,
    confirmed: String,
    dead_letters: u64,
    dropped: u64,
    connects: u64,
    pending: String,
}

/// Tells once a minute what has passed, if anything has. Never ends.
pub(crate) async fn tell(view: View) {
    // What lanes have done before, an earlier process has told.
    let mut before = Counts::of(&view.status());
    loop {
        tokio::time::sleep(EVERY).await;
        let counts = Counts::of(&view.status());
        if let Some(passed) = counts.since(&before) {
            tracing::info!(
                received = passed.received,
                confirmed = passed.confirmed,
                dead_letters = passed.dead_letters,
                dropped = passed.dropped,
                connects = passed.connects,
                pending = passed.pending,
                "in the last {EVERY:?}"
            );
        }
        before = counts;
    }
}

#[cfg(test)]
mod tests {
    use stream_core::telemetry::StreamStatus;

    use super::*;

    fn status(received: u64, delivered: u64) -> Status {
        let lane = |sink, lane| LaneStatus {
            received: delivered,
            delivered,
            pending: received - delivered,
            ..LaneStatus::new(sink, lane)
        };
        Status {
            stream: StreamStatus {
                received,
                connections: 1,
                ..StreamStatus::default()
            },
            lanes: vec![
                lane("kafka", Lane::Tweets),
                lane("kafka", Lane::DeadLetter),
                lane("file", Lane::Tweets),
            ],
            ..Status::default()
        }
    }

    #[test]
    fn what_has_passed_is_told_by_sink_and_nothing_is_not() {
        let (before, after) = (Counts::of(&status(10, 8)), Counts::of(&status(15, 12)));
        assert_eq!(before.since(&before), None);
        let expected = Passed {
            received: 5,
            confirmed: "kafka 8, file 4".to_owned(),
            dead_letters: 4,
            dropped: 0,
            connects: 0,
            pending: "kafka 3, file 3".to_owned(),
        };
        assert_eq!(after.since(&before), Some(expected));
        assert_eq!(before.since(&Counts::default()).unwrap().connects, 1);
    }
}
