//! One lane's way into the producer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::cloudevents::{self, Headers};
use stream_core::lane::Lane;
use stream_core::record::{HEADER, Record};
use stream_core::sink::{Publisher, Settled, SinkError};
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

    async fn publish_all(&mut self, records: &[Record]) -> Result<(), SinkError> {
        let session = Arc::clone(&self.session);
        let outbox = session.outbox(self.address.lane);
        let mut reservation = outbox.reserve(self.ticket, records.len())?;
        for record in records {
            let mut result = self.hand_over(record);
            if result == Err(Code::QueueFull) {
                result = self.wait_for_room(record).await;
            }
            match result.map_err(|code| classify::judge(code, &self.address.topic)) {
                Ok(()) => {}
                Err(Verdict::Record(outcome)) => outbox.settle(record.place.seq, outcome),
                Err(Verdict::Lane(error)) => return Err(error),
            }
            reservation.used();
        }
        Ok(())
    }

    /// Tries the same record again and again, so that the order stays, while the poll thread makes room.
    async fn wait_for_room(&mut self, record: &Record) -> Result<(), Code> {
        let deadline = Instant::now() + QUEUE_PATIENCE;
        loop {
            sleep(Duration::from_millis(2)).await;
            let result = self.hand_over(record);
            if result != Err(Code::QueueFull) || Instant::now() >= deadline {
                return result;
            }
        }
    }

    /// Copies the record into librdkafka's queue; never waits.
    fn hand_over(&mut self, record: &Record) -> Result<(), Code> {
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
