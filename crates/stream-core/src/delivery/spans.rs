//! Spans: what a lane publishes within a second, from the first record handed over to the last one confirmed. One a second,
//! never one for each record.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Record, Timestamp, TraceContext};
use crate::telemetry::{Batch, BatchEnd};

/// How long records join a span.
const SECOND: Duration = Duration::from_secs(1);

/// Spans of one lane that have not ended, oldest first. Empty while nobody traces.
#[derive(Debug, Default)]
pub(super) struct Spans {
    open: VecDeque<Open>,
}

#[derive(Debug)]
struct Open {
    batch: Batch,
    until: Instant,
    /// When its last record was settled.
    settled: Option<Timestamp>,
}

impl Spans {
    /// Puts `records`, which are handed over now, under the span of this second; `begin` gives a context if somebody traces.
    pub(super) fn join(&mut self, records: &mut [Record], begin: impl FnOnce() -> Option<TraceContext>) {
        let (Some(first), now) = (records.first(), Instant::now()) else {
            return;
        };
        if self.open.back().is_none_or(|open| open.until <= now) {
            let Some(context) = begin() else {
                return;
            };
            let batch = Batch {
                context,
                began: Timestamp::now(),
                ended: Timestamp::default(),
                first: first.place.seq,
                last: first.place.seq,
                records: 0,
                bytes: 0,
            };
            let until = now + SECOND;
            self.open.push_back(Open {
                batch,
                until,
                settled: None,
            });
        }
        if let Some(Open { batch, settled, .. }) = self.open.back_mut() {
            *settled = None;
            for record in records {
                record.trace = Some(batch.context);
                batch.last = record.place.seq;
                batch.records += 1;
                batch.bytes += record.value.len() as u64;
            }
        }
    }

    /// Every record below `cursor` is settled.
    pub(super) fn settled(&mut self, cursor: u64) {
        let fresh = self.open.iter_mut().filter(|open| open.settled.is_none());
        for open in fresh.take_while(|open| open.batch.last < cursor) {
            open.settled = Some(Timestamp::now());
        }
    }

    /// The oldest span, once all of it is settled and no record can join it any more. Cancel safe.
    pub(super) async fn over(&mut self) -> (Batch, BatchEnd) {
        match self.open.front() {
            Some(open) if open.settled.is_some() => tokio::time::sleep_until(open.until).await,
            _ => std::future::pending().await,
        }
        // It is there: nothing else has had `self` meanwhile.
        match self.open.pop_front() {
            Some(open) => open.end(),
            None => std::future::pending().await,
        }
    }

    /// Ends all of them: what is in flight goes back.
    pub(super) fn end(&mut self) -> impl Iterator<Item = (Batch, BatchEnd)> + '_ {
        self.open.drain(..).map(Open::end)
    }
}

impl Open {
    fn end(self) -> (Batch, BatchEnd) {
        let end = match self.settled {
            Some(_) => BatchEnd::Settled,
            None => BatchEnd::GoesBack,
        };
        let ended = self.settled.unwrap_or_else(Timestamp::now);
        (Batch { ended, ..self.batch }, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Lane, LaneSet, Place};

    fn records(seqs: std::ops::Range<u64>) -> Vec<Record> {
        let record = |seq| Record {
            lane: Lane::Tweets,
            place: Place { epoch: 1, seq },
            previous: None,
            lanes: LaneSet::default(),
            received_at: Timestamp::default(),
            key: None,
            repeat: false,
            trace: None,
            value: "{}".into(),
        };
        seqs.map(record).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_of_records_is_one_span_which_ends_with_its_last_record() {
        let mut spans = Spans::default();
        let (mut first, mut second, mut third) = (records(0..3), records(3..5), records(5..6));
        spans.join(&mut first, || Some(TraceContext::random()));
        spans.settled(3);
        spans.join(&mut second, || Some(TraceContext::random()));
        assert!(
            first
                .iter()
                .chain(&second)
                .all(|record| record.trace == first[0].trace)
        );
        tokio::time::sleep(SECOND).await;
        spans.join(&mut third, || Some(TraceContext::random()));
        assert_ne!(third[0].trace, first[0].trace);
        let early = tokio::time::timeout(SECOND * 9, spans.over()).await;
        assert!(early.is_err(), "two of its records are in flight: {early:?}");
        spans.settled(5);
        let (batch, end) = spans.over().await;
        assert_eq!(
            (batch.first, batch.last, batch.records, batch.bytes),
            (0, 4, 5, 10)
        );
        assert_eq!(end, BatchEnd::Settled);
        let left: Vec<_> = spans.end().collect();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].0.first, left[0].1), (5, BatchEnd::GoesBack));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_traces() {
        let (mut spans, mut all) = (Spans::default(), records(0..3));
        spans.join(&mut all, || None);
        assert!(all.iter().all(|record| record.trace.is_none()));
        assert_eq!(spans.end().count(), 0);
    }
}
