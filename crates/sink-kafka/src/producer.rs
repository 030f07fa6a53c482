//! Event loop: one librdkafka producer with the thread that polls it.
//!
//! # Who drops the producer
//!
//! Dropping it blocks (purge, flush, the end of librdkafka's threads), so it must happen on the poll thread and never on
//! a thread of the runtime. The poll thread therefore ends when it is the last owner, and nobody waits for it. Dropping
//! purges what is unsettled, which nobody believes delivered.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::model::Lane;
use stream_core::sink::{LaneLeases, SinkError};

use crate::admin::Admin;
use crate::context::Context;
use crate::delivery_reports::DeliveryReports;
use crate::error;

/// How long the poll thread waits for events before it looks whether anybody still needs it. rdkafka spins through the last
/// millisecond of each wait, hence not shorter. A broken producer is noticed as often.
const POLL: Duration = Duration::from_secs(1);

/// Producer with its poll thread, shared by the publishers of all lanes. Once it is [dead](Self::death), the sink makes another.
pub(crate) struct PolledProducer {
    producer: Arc<BaseProducer<Context>>,
    pub(crate) admin: Admin,
    pub(crate) started: Instant,
    /// Of this producer only: a lane need not wait for what is left of it in a broken one.
    pub(crate) leases: LaneLeases,
}

impl PolledProducer {
    /// Makes the producer and its poll thread. Blocks for some milliseconds (librdkafka reads certificates).
    pub(crate) fn start(config: &ClientConfig, context: Context) -> Result<Self, SinkError> {
        let health = Arc::clone(&context.health);
        let producer: BaseProducer<Context> = config
            .create_with_context(context)
            .map_err(|error| SinkError::Operator(format!("librdkafka cannot start: {error}")))?;
        let producer = Arc::new(producer);
        producer.context().belongs_to(&producer);
        let polled = Arc::clone(&producer);
        thread::Builder::new()
            .name("kafka-poll".to_owned())
            .spawn(move || {
                while Arc::strong_count(&polled) > 1 {
                    polled.poll(POLL);
                    if let Some(error) = death(&polled) {
                        polled.context().fail_all(&error);
                    }
                }
            })
            .map_err(|error| SinkError::Unavailable(format!("no thread for Kafka: {error}")))?;
        Ok(Self {
            producer,
            admin: Admin::new(config.clone(), health),
            started: Instant::now(),
            leases: LaneLeases::default(),
        })
    }

    pub(crate) fn base(&self) -> &BaseProducer<Context> {
        &self.producer
    }

    pub(crate) fn context(&self) -> &Context {
        self.producer.context()
    }

    pub(crate) fn reports(&self, lane: Lane) -> &DeliveryReports {
        self.context().reports(lane)
    }

    /// Why this producer can never send again, if so.
    pub(crate) fn death(&self) -> Option<SinkError> {
        death(&self.producer)
    }
}

/// librdkafka gives a fatal error's event the code of its cause, so that only asking tells what is fatal.
fn death(producer: &BaseProducer<Context>) -> Option<SinkError> {
    let (code, reason) = producer.client().fatal_error()?;
    let text = format!("the Kafka producer has broken: {}: {reason}", error::text(code));
    Some(match code {
        Code::ClusterAuthorizationFailed => SinkError::Operator(text),
        _ => SinkError::Unavailable(text),
    })
}
