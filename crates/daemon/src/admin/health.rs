//! Alive, and ready. Quiet is not dead, and stuck is not ready.

use std::time::Duration;

use stream_core::time::Timestamp;
use stream_core::view::{Status, View};

/// A loop that has not beaten for this long is stuck.
const STUCK: Duration = Duration::from_secs(10);
/// A lane whose oldest record has waited for this long is stuck.
const LANE_STUCK: Duration = Duration::from_secs(60);

/// What speaks against it; nothing if all is well.
pub struct Health {
    /// Each in words.
    pub reasons: Vec<String>,
}

/// Whether the process should live on. Says nothing of X or the brokers: a restart would not cure them.
pub fn live(view: &View) -> Health {
    let reasons = view
        .stuck(STUCK)
        .into_iter()
        .map(|name| format!("{name} has not moved for {STUCK:?}"));
    Health {
        reasons: reasons.collect(),
    }
}

/// Whether the process does what it is there for.
pub fn ready(view: &View) -> Health {
    let mut health = live(view);
    health.reasons.extend(obstacles(&view.status(), Timestamp::now()));
    health
}

fn obstacles(status: &Status, now: Timestamp) -> Vec<String> {
    let stream = &status.stream;
    let mut reasons = Vec::new();
    if stream.connections == 0 {
        reasons.push("the stream has not been connected yet".to_owned());
    }
    if matches!(stream.state, "paused" | "stopped") {
        reasons.push(format!("the stream is {}", stream.state));
    }
    if let Some(why) = &stream.journal_blocked {
        reasons.push(format!("the journal takes no messages: {why}"));
    }
    for lane in &status.lanes {
        if lane
            .oldest_pending
            .is_some_and(|oldest| now.since(oldest) > LANE_STUCK)
        {
            let why = lane.last_error.as_deref().unwrap_or("nothing is confirmed");
            reasons.push(format!(
                "lane {} of sink {} is stuck: {why}",
                lane.lane, lane.sink
            ));
        } else if !lane.connected && lane.pending > 0 && lane.last_error.is_some() {
            let why = lane.last_error.as_deref().unwrap_or_default();
            reasons.push(format!(
                "lane {} of sink {} is not connected: {why}",
                lane.lane, lane.sink
            ));
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use stream_core::lane::Lane;
    use stream_core::status::{LaneStatus, StreamStatus};
    use stream_core::view::JournalStatus;

    use super::*;

    fn status() -> Status {
        Status {
            name: "main".into(),
            stream: StreamStatus {
                state: "streaming",
                connections: 1,
                ..StreamStatus::default()
            },
            lanes: vec![LaneStatus::new("kafka", Lane::Tweets)],
            journal: JournalStatus {
                bytes: 0,
                max_bytes: 1,
                segments: 0,
                unsynced: 0,
                end: 0,
                lost: 0,
            },
        }
    }

    #[test]
    fn quiet_is_ready_and_stuck_is_not() {
        let now = Timestamp::from_millis(1_000_000);
        assert_eq!(obstacles(&status(), now), Vec::<String>::new());
        let mut stuck = status();
        stuck.lanes[0].oldest_pending = Some(Timestamp::from_millis(900_000));
        stuck.lanes[0].last_error = Some("no broker".into());
        assert_eq!(
            obstacles(&stuck, now),
            ["lane tweets of sink kafka is stuck: no broker"]
        );
        let mut early = status();
        early.stream.connections = 0;
        assert_eq!(obstacles(&early, now).len(), 1);
        let mut full = status();
        full.stream.state = "paused";
        full.stream.journal_blocked = Some("full".into());
        assert_eq!(obstacles(&full, now).len(), 2);
    }
}
