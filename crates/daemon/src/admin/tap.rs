//! `/tap`: records as they pass, one JSON object a line. Nothing waits for who reads them: who is slow misses some, and is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use stream_core::model::{Lane, Record, Timestamp};
use stream_core::telemetry::{Tap, Tapped, View};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::{self, Answer};

/// How many may tap at once.
const TAPS: usize = 4;
/// How often it is looked for what has passed.
const EVERY: Duration = Duration::from_millis(100);
/// After so many looks in vain an empty line says that we are there.
const LOOKS: usize = 10;

/// Those who tap.
pub(super) struct Taps {
    seats: Arc<Semaphore>,
}

impl Default for Taps {
    fn default() -> Self {
        Self {
            seats: Arc::new(Semaphore::new(TAPS)),
        }
    }
}

/// What is asked for: `lane=NAME`, `sample=SHARE`.
#[derive(Debug, PartialEq)]
struct Query {
    lane: Option<Lane>,
    share: f64,
}

impl Query {
    fn parse(query: &str) -> Result<Self, String> {
        let (mut lane, mut share) = (None, 1.0);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("lane", name)) => {
                    lane = Some(Lane::from_name(name).ok_or(format!("there is no lane {name}"))?);
                }
                Some(("sample", text)) => {
                    let given = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
                    share = given.ok_or(format!("{text} is no share from 0 to 1"))?;
                }
                _ => return Err(format!("{pair} is not understood: lane=NAME, sample=SHARE")),
            }
        }
        Ok(Self { lane, share })
    }
}

/// A record on its line: the envelope of files with the lane's name.
#[derive(Serialize)]
struct Line<'a> {
    lane: Lane,
    birdfeed: &'a str,
    key: Option<&'a str>,
    received_at: Timestamp,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeat: bool,
    value: &'a RawValue,
}

/// In place of messages that have gone by unseen.
#[derive(Serialize)]
struct Missed {
    missed: u64,
}

impl Taps {
    /// The records that `query` asks for, from now on.
    pub(super) fn answer(&self, view: &View, query: &str) -> Answer {
        let refused = |status, message: String| answer::text(status, format!("{message}\n"));
        let Query { lane, share } = match Query::parse(query) {
            Ok(query) => query,
            Err(message) => return refused(StatusCode::BAD_REQUEST, message),
        };
        let lanes = view.status().lanes;
        if let Some(lane) = lane
            && !lanes.iter().any(|status| status.lane == lane)
        {
            let message = format!("the lane {lane} is off: see [lanes] enabled");
            return refused(StatusCode::BAD_REQUEST, message);
        }
        let Ok(seat) = self.seats.clone().try_acquire_owned() else {
            return refused(StatusCode::SERVICE_UNAVAILABLE, format!("{TAPS} tap already"));
        };
        let pieces = stream::unfold((view.tap(lane, share), seat), next);
        answer::stream("application/x-ndjson", pieces)
    }
}

type Seated = (Tap, OwnedSemaphorePermit);

/// The next lines, or an empty one after a second.
async fn next((mut tap, seat): Seated) -> Option<(Bytes, Seated)> {
    for _ in 0..LOOKS {
        tokio::time::sleep(EVERY).await;
        let lines = lines(&tap.read());
        if !lines.is_empty() {
            return Some((lines.into(), (tap, seat)));
        }
    }
    Some((Bytes::from_static(b"\n"), (tap, seat)))
}

fn lines(tapped: &Tapped) -> Vec<u8> {
    let (mut lines, mut header) = (Vec::new(), String::new());
    if tapped.missed > 0 {
        let missed = Missed {
            missed: tapped.missed,
        };
        put(&missed, &mut lines);
    }
    for record in &tapped.records {
        if let Some(value) = value(record) {
            let line = Line {
                lane: record.lane,
                birdfeed: record.header(&mut header),
                key: record.key.as_deref().and_then(|key| str::from_utf8(key).ok()),
                received_at: record.received_at,
                repeat: record.repeat,
                value,
            };
            put(&line, &mut lines);
        }
    }
    lines
}

/// A record's value as it came: one JSON text, or it would have been a dead letter.
fn value(record: &Record) -> Option<&RawValue> {
    serde_json::from_slice(&record.value).ok()
}

fn put(line: &impl Serialize, lines: &mut Vec<u8>) {
    serde_json::to_writer(&mut *lines, line).expect("memory takes what is JSON");
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    use stream_core::model::Place;

    use super::*;

    #[test]
    fn a_query_says_which_lane_and_how_much() {
        let query = |lane, share| Ok(Query { lane, share });
        assert_eq!(Query::parse(""), query(None, 1.0));
        assert_eq!(
            Query::parse("lane=tweets&sample=0.1"),
            query(Some(Lane::Tweets), 0.1)
        );
        for bad in ["lane=tweet", "lane", "sample=2", "sample=-1", "sample=NaN", "a=b"] {
            assert!(Query::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_holds_the_value_as_it_came_and_a_miss_is_told_first() {
        let record = Record {
            lane: Lane::Tweets,
            place: Place { epoch: 1, seq: 2 },
            previous: None,
            lanes: [Lane::Tweets].into_iter().collect(),
            repeat: false,
            trace: None,
            received_at: Timestamp::from_millis(1_595_000_000_123),
            key: Some("7".into()),
            value: r#"{"id" : "7", "value":1.10}"#.into(),
        };
        let tapped = Tapped {
            records: vec![record],
            missed: 3,
        };
        let expected = concat!(
            "{\"missed\":3}\n",
            r#"{"lane":"tweets","birdfeed":"1:2::tweets","key":"7","received_at":"2020-07-17T15:33:20.123Z","#,
            r#""value":{"id" : "7", "value":1.10}}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(lines(&tapped)).unwrap(), expected);
    }
}
