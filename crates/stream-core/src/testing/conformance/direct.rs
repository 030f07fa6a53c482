//! What a publisher owes its lane, tried on the publisher itself.

use std::collections::HashMap;
use std::time::Duration;

use super::bench::Bench;
use super::check::Batch;
use crate::model::{Lane, LaneSet, Place, Record, Timestamp};
use crate::sink::{Outcome, Publisher, Settled};

/// How long a sink may take to open or to settle a few hundred small records.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long nothing must happen for it to count as nothing.
const QUIET: Duration = Duration::from_millis(500);
const SIZE: usize = 300;

/// Records handed over in portions of many sizes, over two publishers one after the other, are there once each, unchanged,
/// with key and header, and in order.
pub async fn order(bench: &dyn Bench) {
    let batch = Batch::new("order");
    let before = bench.read_back(Lane::Tweets, 0).await.len();
    let mut handed_over = 0;
    for portions in [[1, 2, 3, 50, 100], [100, 7, 1, 1, 135]] {
        let mut publisher = open(bench, Lane::Tweets).await;
        let first = handed_over;
        for portion in portions {
            let records = records(&batch, Lane::Tweets, handed_over..handed_over + portion);
            publish(&mut *publisher, &records).await;
            handed_over += portion;
        }
        all_delivered(&mut *publisher, first..handed_over).await;
        publisher.close(Duration::from_secs(5)).await;
    }
    let repeats = batch.check(bench, Lane::Tweets, before, handed_over, SIZE).await;
    assert_eq!(repeats, 0, "repeated although nothing went wrong");
    let records = bench.read_back(Lane::Tweets, before + handed_over).await;
    for record in records.iter().filter(|record| batch.owns(record)) {
        if let Some(header) = &record.header {
            assert!(header.ends_with(":tweets"), "{header} is no header of ours");
        }
    }
}

/// A record that is settled as delivered is there; each outcome comes once, also if the wait for it is given up again and
/// again; nothing comes when nothing is due; lanes do not hear of each other, nor a publisher of the one before it.
pub async fn confirm(bench: &dyn Bench) {
    confirmed_is_there(bench).await;
    waits_may_be_given_up(bench).await;
    publishers_are_apart(bench).await;
}

async fn confirmed_is_there(bench: &dyn Bench) {
    let batch = Batch::new("confirm");
    let before = bench.read_back(Lane::Tweets, 0).await.len();
    let mut publisher = open(bench, Lane::Tweets).await;
    publish(&mut *publisher, &records(&batch, Lane::Tweets, 0..1)).await;
    all_delivered(&mut *publisher, 0..1).await;
    batch.check(bench, Lane::Tweets, before, 1, SIZE).await;
    nothing_more(&mut *publisher).await;
    publisher.close(Duration::from_secs(5)).await;
}

async fn waits_may_be_given_up(bench: &dyn Bench) {
    let batch = Batch::new("given-up");
    let before = bench.read_back(Lane::Tweets, 0).await.len();
    let mut publisher = open(bench, Lane::Tweets).await;
    publish(&mut *publisher, &records(&batch, Lane::Tweets, 0..200)).await;
    let mut outcomes = Outcomes::default();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut settled = Vec::new();
    while outcomes.count() < 200 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{} of 200 settled",
            outcomes.count()
        );
        let wait = Duration::from_micros(fastrand::u64(..2_000));
        if let Ok(outcome) = tokio::time::timeout(wait, publisher.settled(&mut settled)).await {
            outcome.expect("settles");
        }
        outcomes.note(&mut settled);
    }
    nothing_more(&mut *publisher).await;
    publisher.close(Duration::from_secs(5)).await;
    batch.check(bench, Lane::Tweets, before, 200, SIZE).await;
}

async fn publishers_are_apart(bench: &dyn Bench) {
    let batch = Batch::new("apart");
    let mut gone = open(bench, Lane::Tweets).await;
    publish(&mut *gone, &records(&batch, Lane::Tweets, 0..100)).await;
    drop(gone);
    let (mut tweets, mut includes) = tokio::join!(open(bench, Lane::Tweets), open(bench, Lane::Includes));
    publish(&mut *tweets, &records(&batch, Lane::Tweets, 100..150)).await;
    publish(&mut *includes, &records(&batch, Lane::Includes, 150..200)).await;
    all_delivered(&mut *tweets, 100..150).await;
    all_delivered(&mut *includes, 150..200).await;
    nothing_more(&mut *tweets).await;
    nothing_more(&mut *includes).await;
    tweets.close(Duration::from_secs(5)).await;
    includes.close(Duration::from_secs(5)).await;
}

async fn open(bench: &dyn Bench, lane: Lane) -> Box<dyn Publisher> {
    let sink = bench.sink();
    let opened = tokio::time::timeout(PATIENCE, sink.open(lane)).await;
    opened.expect("opens in time").expect("opens")
}

async fn publish(publisher: &mut dyn Publisher, records: &[Record]) {
    let published = tokio::time::timeout(PATIENCE, publisher.publish(records)).await;
    published.expect("publishes in time").expect("publishes");
}

/// Records with the numbers `range`, which are their places, too.
fn records(batch: &Batch, lane: Lane, range: std::ops::Range<usize>) -> Vec<Record> {
    let place = |n| Place {
        epoch: 1,
        seq: n as u64,
    };
    range
        .map(|n| Record {
            lane,
            place: place(n),
            previous: n.checked_sub(1).map(place),
            lanes: [lane].into_iter().collect::<LaneSet>(),
            repeat: false,
            trace: None,
            received_at: Timestamp::now(),
            key: Some(Batch::key(n)),
            value: batch.value(n, SIZE),
        })
        .collect()
}

/// Outcomes by sequence.
#[derive(Default)]
struct Outcomes(HashMap<u64, Outcome>);

impl Outcomes {
    fn note(&mut self, settled: &mut Vec<Settled>) {
        for Settled { seq, outcome } in settled.drain(..) {
            assert_eq!(outcome, Outcome::Delivered, "the outcome of {seq}");
            let earlier = self.0.insert(seq, outcome);
            assert_eq!(earlier, None, "{seq} was settled twice");
        }
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}

/// Waits until exactly the records `range` have been delivered.
async fn all_delivered(publisher: &mut dyn Publisher, range: std::ops::Range<usize>) {
    let (mut outcomes, mut settled) = (Outcomes::default(), Vec::new());
    while outcomes.count() < range.len() {
        let outcome = tokio::time::timeout(PATIENCE, publisher.settled(&mut settled)).await;
        outcome.expect("settles in time").expect("settles");
        assert!(!settled.is_empty(), "settled gave nothing");
        outcomes.note(&mut settled);
    }
    let strangers = outcomes.0.keys().filter(|seq| !range.contains(&(**seq as usize)));
    assert_eq!(
        strangers.count(),
        0,
        "outcomes of records of an earlier publisher"
    );
}

async fn nothing_more(publisher: &mut dyn Publisher) {
    let mut settled = Vec::new();
    let more = tokio::time::timeout(QUIET, publisher.settled(&mut settled)).await;
    assert!(
        more.is_err() && settled.is_empty(),
        "settled although nothing was due: {more:?} {settled:?}"
    );
}
