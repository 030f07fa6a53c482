//! One librdkafka producer with the thread that polls it and each lane's delivery reports.
//!
//! # Who drops the producer
//!
//! Dropping it blocks (purge, flush, the end of librdkafka's threads), so it must happen on the poll thread and never on
//! a thread of the runtime. The poll thread therefore ends when it is the last owner, and nobody waits for it. Dropping
//! purges what is unsettled, which nobody believes delivered.
//!
//! # After a refused batch
//!
//! A record larger than `batch.size` goes alone, so when Kafka refuses it, no other is refused for its sake; and the sink sees
//! to it that every topic takes batches of that size. Should one be refused as a whole nevertheless (a limit was lowered, a
//! record is invalid), librdkafka goes on with what was queued behind it, once it has a new producer id, while the lane tries
//! the refused records again, one by one: so everything is taken back within the delivery report. librdkafka cannot purge one
//! topic alone; the other lanes replay a window. What cannot be taken back is a request in flight behind the first one of a
//! producer id: Kafka takes that with any sequence.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, TryLockError, Weak};
use std::thread;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer, ProducerContext, PurgeConfig};
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::model::{Lane, PerLane};
use stream_core::sink::{Outcome, SinkError};

use crate::delivery_reports::DeliveryReports;
use crate::error::{self, Verdict};
use crate::health::Health;

/// How long the poll thread waits for events before it looks whether anybody still needs it. rdkafka spins through the last
/// millisecond of each wait, hence not shorter. A broken producer is noticed as often.
const POLL: Duration = Duration::from_secs(1);

/// A producer, shared by the publishers of all lanes. Once it is [dead](Self::death), the sink makes another.
pub(crate) struct SharedProducer {
    producer: Arc<BaseProducer<Context>>,
}

impl SharedProducer {
    /// Makes the producer and its poll thread. Blocks for some milliseconds (librdkafka reads certificates).
    pub(crate) fn start(config: &ClientConfig, context: Context) -> Result<Self, SinkError> {
        let producer: BaseProducer<Context> = config
            .create_with_context(context)
            .map_err(|error| SinkError::Operator(format!("librdkafka cannot start: {error}")))?;
        let producer = Arc::new(producer);
        // It is new, so this is the first time.
        let _ = producer.context().producer.set(Arc::downgrade(&producer));
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
        Ok(Self { producer })
    }

    pub(crate) fn base(&self) -> &BaseProducer<Context> {
        &self.producer
    }

    pub(crate) fn context(&self) -> &Context {
        self.producer.context()
    }

    pub(crate) fn reports(&self, lane: Lane) -> &DeliveryReports {
        &self.context().reports[lane]
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

/// What librdkafka calls back, on the poll thread.
pub(crate) struct Context {
    pub(crate) health: Health,
    topics: Arc<PerLane<String>>,
    reports: PerLane<DeliveryReports>,
    pub(crate) batch_size: usize,
    /// Read by whoever hands records over, written while all of them are taken back.
    gate: RwLock<()>,
    /// Whose context this is.
    producer: OnceLock<Weak<BaseProducer<Context>>>,
}

impl Context {
    /// `batch_size` is the property of that name.
    pub(crate) fn new(servers: String, topics: Arc<PerLane<String>>, batch_size: usize) -> Self {
        Self {
            health: Health::new(servers),
            topics,
            reports: PerLane::default(),
            batch_size,
            gate: RwLock::default(),
            producer: OnceLock::new(),
        }
    }

    /// The right to hand records over; `None` at a moment when all are being taken back.
    pub(crate) fn enter(&self) -> Option<RwLockReadGuard<'_, ()>> {
        match self.gate.try_read() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Takes back what librdkafka holds. Nothing is handed over meanwhile, for it might overtake what comes back.
    fn take_back(&self) {
        let Some(producer) = self.producer.get().and_then(Weak::upgrade) else {
            return;
        };
        let _closed = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        for lane in Lane::ALL {
            self.reports[lane].take_back();
        }
        producer.purge(PurgeConfig::default().queue().inflight());
    }

    fn fail_all(&self, error: &SinkError) {
        for lane in Lane::ALL {
            self.reports[lane].fail(error.clone());
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.health.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(code) => self.health.complaint(code, reason),
            None => self.health.log(RDKafkaLogLevel::Warning, "ERROR", reason),
        }
    }

    fn stats_raw(&self, _statistics: &[u8]) {}
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, report: &DeliveryResult<'_>, tag: usize) {
        let (lane, seq) = untag(tag);
        let reports = &self.reports[lane];
        match report {
            Ok(_) => {
                reports.settle(seq, Outcome::Delivered);
                self.health.well();
            }
            Err((error, record)) => {
                let code = error.rdkafka_error_code().unwrap_or(Code::Unknown);
                match error::judge(code, &self.topics[lane]) {
                    Verdict::Refused(why) if record.payload_len() > self.batch_size => {
                        // It came alone.
                        reports.settle(seq, Outcome::Refused(why));
                    }
                    Verdict::Refused(why) => {
                        if reports.refuse(seq, why) {
                            self.take_back();
                        }
                    }
                    Verdict::Lane(error) => reports.give_up(error),
                }
            }
        }
    }
}

const SEQ_BITS: u32 = 60;
const _: () = assert!(usize::BITS == 64, "a tag needs 64 bits");
const _: () = assert!(Lane::ALL.len() <= 16, "a lane must fit into four bits");

/// What librdkafka carries with a record instead of an allocation: four bits of lane, 60 bits of sequence (enough for two
/// hundred thousand years at the highest rate that X ever had).
pub(crate) fn tag(lane: Lane, seq: u64) -> usize {
    debug_assert!(seq >> SEQ_BITS == 0, "a sequence has at most 60 bits");
    (lane as usize) << SEQ_BITS | seq as usize
}

fn untag(tag: usize) -> (Lane, u64) {
    let seq = tag & ((1 << SEQ_BITS) - 1);
    (Lane::ALL[tag >> SEQ_BITS], seq as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_gives_back_what_it_was_made_of() {
        for lane in Lane::ALL {
            for seq in [0, 1, u64::from(u32::MAX) + 1, (1 << SEQ_BITS) - 1] {
                assert_eq!(untag(tag(lane, seq)), (lane, seq));
            }
        }
    }
}
