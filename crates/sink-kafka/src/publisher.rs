//! One lane's way into the producer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::cloudevents::{self, Headers};
use stream_core::model::Lane;
use stream_core::model::{HEADER, Record};
use stream_core::sink::{Outcome, Publisher, Settled, SinkError};
use tokio::time::{Instant, sleep};

use crate::classify::{self, Verdict};
use crate::outbox::{Outbox, Ticket};
use crate::session::{Session, tag};

/// How long a full queue may stay full. It is full only if the lanes' windows exceed `queue.buffering.max.*`.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);

/// What the records of one lane have in common.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) lane: Lane,
    pub(crate) topic: String,
    pub(crate) headers: Headers,
    pub(crate) event_source: String,
}

pub(crate) struct KafkaPublisher {
    session: Arc<Session>,
    ticket: Ticket,
    address: Address,
    /// For the `birdfeed` header's value.
    buffer: String,
    /// For the names `ce_…`.
    name: String,
}

impl KafkaPublisher {
    pub(crate) fn new(session: Arc<Session>, ticket: Ticket, address: Address) -> Self {
        Self {
            session,
            ticket,
            address,
            buffer: String::new(),
            name: String::new(),
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
                return Err(classify::lane_error(Code::QueueFull, &self.address.topic));
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Hands over as many of `records` as there is room for, and gives their number; never waits.
    fn hand_over(&mut self, records: &[Record]) -> Result<usize, SinkError> {
        let session = Arc::clone(&self.session);
        let outbox = session.outbox(self.address.lane);
        let Some(_open) = session.context().enter() else {
            return Ok(0);
        };
        let mut reservation = outbox.reserve(self.ticket, records.len())?;
        for (taken, record) in records.iter().enumerate() {
            match self.send(record) {
                Ok(()) => {}
                Err(Code::QueueFull) => return Ok(taken),
                Err(code) => match classify::judge(code, &self.address.topic) {
                    // It is refused here, alone.
                    Verdict::Refused(why) => outbox.settle(record.place.seq, Outcome::Refused(why)),
                    Verdict::Lane(error) => return Err(error),
                },
            }
            reservation.used();
        }
        Ok(records.len())
    }

    /// Copies the record into librdkafka's queue.
    fn send(&mut self, record: &Record) -> Result<(), Code> {
        let headers = self.headers(record);
        let mut message =
            BaseRecord::with_opaque_to(&self.address.topic, tag(self.address.lane, record.place.seq))
                .payload(&record.value[..])
                .headers(headers)
                .timestamp(i64::try_from(record.received_at.millis()).unwrap_or(i64::MAX));
        message.key = record.key.as_deref();
        self.session
            .producer()
            .send(message)
            .map_err(|(error, _)| error.rdkafka_error_code().unwrap_or(Code::Unknown))
    }

    fn headers(&mut self, record: &Record) -> OwnedHeaders {
        let place = Header {
            key: HEADER,
            value: Some(record.header(&mut self.buffer)),
        };
        match self.address.headers {
            Headers::Minimal => OwnedHeaders::new_with_capacity(1).insert(place),
            Headers::CloudEvents => {
                let headers = OwnedHeaders::new_with_capacity(8).insert(place);
                let name = &mut self.name;
                cloudevents::attributes(record, &self.address.event_source).fold(
                    headers,
                    |headers, (attribute, value)| {
                        // The Kafka binding has the content type in a header without the prefix.
                        name.clear();
                        if attribute == "datacontenttype" {
                            name.push_str("content-type");
                        } else {
                            name.push_str("ce_");
                            name.push_str(attribute);
                        }
                        headers.insert(Header {
                            key: name,
                            value: Some(value.as_ref()),
                        })
                    },
                )
            }
        }
    }

    fn outbox(&self) -> &Outbox {
        self.session.outbox(self.address.lane)
    }
}

impl Publisher for KafkaPublisher {
    fn publish<'p>(&'p mut self, records: &'p [Record]) -> BoxFuture<'p, Result<(), SinkError>> {
        self.publish_all(records).boxed()
    }

    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>> {
        self.outbox().settled(self.ticket, into).boxed()
    }

    /// Waits until the broker has answered for everything, as far as the budget goes.
    fn close(self: Box<Self>, budget: Duration) -> BoxFuture<'static, ()> {
        let deadline = Instant::now() + budget;
        async move { self.outbox().drained(deadline).await }.boxed()
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        self.outbox().detach(self.ticket);
    }
}
