//! Publisher: one lane's way into the producer, with backpressure when its queue is full.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rdkafka::producer::BaseRecord;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::cloudevents::Headers;
use stream_core::model::{Lane, Record};
use stream_core::sink::{Health, LaneLease, Outcome, Publisher, Settled, SinkError};
use tokio::time::{Instant, sleep};

use crate::blocking::blocking;
use crate::context::tag;
use crate::delivery_reports::DeliveryReports;
use crate::error::{self, Verdict};
use crate::inquiry::inquire;
use crate::message::{Buffers, headers};
use crate::producer::PolledProducer;

/// How long a full queue may stay full. It is full only if the lanes' windows exceed `queue.buffering.max.*`.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);

/// Where a lane's records go and what they look like.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) lane: Lane,
    pub(crate) topic: String,
    pub(crate) headers: Headers,
    pub(crate) event_source: String,
}

/// Publisher of one lane. What was handed over is librdkafka's; its outcomes come by way of the lane's delivery reports.
pub(crate) struct KafkaPublisher {
    producer: Arc<PolledProducer>,
    target: Target,
    buffers: Buffers,
}

impl KafkaPublisher {
    pub(crate) fn new(producer: Arc<PolledProducer>, lease: LaneLease, target: Target) -> Self {
        producer.reports(target.lane).attach(lease);
        Self {
            producer,
            target,
            buffers: Buffers::default(),
        }
    }

    /// Keeps the order when the queue is full, or closed for a moment: the same record is tried until it is taken.
    async fn publish_all(&mut self, mut records: &[Record]) -> Result<(), SinkError> {
        let mut deadline = Instant::now() + QUEUE_PATIENCE;
        loop {
            let taken = self.hand_over(records)?;
            records = &records[taken..];
            if records.is_empty() {
                return Ok(());
            }
            if taken > 0 {
                deadline = Instant::now() + QUEUE_PATIENCE;
            } else if Instant::now() >= deadline {
                return Err(error::lane_error(Code::QueueFull, &self.target.topic));
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Hands over as many of `records` as there is room for, and gives their number; never waits.
    fn hand_over(&mut self, records: &[Record]) -> Result<usize, SinkError> {
        let producer = Arc::clone(&self.producer);
        let reports = producer.reports(self.target.lane);
        let Some(_open) = producer.context().enter() else {
            return Ok(0);
        };
        let mut reservation = reports.reserve(records.len())?;
        for (taken, record) in records.iter().enumerate() {
            match self.send(record) {
                Ok(()) => {}
                Err(Code::QueueFull) => return Ok(taken),
                Err(code) => match error::judge(code, &self.target.topic) {
                    // It is refused here, alone.
                    Verdict::Refused(why) => reports.settle(record.place.seq, Outcome::Refused(why)),
                    Verdict::Lane(error) => return Err(error),
                },
            }
            reservation.used();
        }
        Ok(records.len())
    }

    /// Copies the record into librdkafka's queue.
    fn send(&mut self, record: &Record) -> Result<(), Code> {
        let headers = headers(
            record,
            self.target.headers,
            &self.target.event_source,
            &mut self.buffers,
        );
        let mut message =
            BaseRecord::with_opaque_to(&self.target.topic, tag(self.target.lane, record.place.seq))
                .payload(&record.value[..])
                .headers(headers)
                .timestamp(i64::try_from(record.received_at.millis()).unwrap_or(i64::MAX));
        message.key = record.key.as_deref();
        self.producer
            .base()
            .send(message)
            .map_err(|(error, _)| error.rdkafka_error_code().unwrap_or(Code::Unknown))
    }

    fn reports(&self) -> &DeliveryReports {
        self.producer.reports(self.target.lane)
    }
}

impl Publisher for KafkaPublisher {
    fn publish<'p>(&'p mut self, records: &'p [Record]) -> BoxFuture<'p, Result<(), SinkError>> {
        self.publish_all(records).boxed()
    }

    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>> {
        self.reports().settled(into).boxed()
    }

    fn health(&self) -> Health {
        self.producer.context().health.follow()
    }

    fn inquire(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        let (producer, topic) = (Arc::clone(&self.producer), self.target.topic.clone());
        blocking(move || Err(inquire(&producer, &topic))).boxed()
    }

    /// Waits until the broker has answered for everything, as far as the budget goes.
    fn close(self: Box<Self>, budget: Duration) -> BoxFuture<'static, ()> {
        let deadline = Instant::now() + budget;
        async move { self.reports().drained(deadline).await }.boxed()
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        self.reports().detach();
    }
}
