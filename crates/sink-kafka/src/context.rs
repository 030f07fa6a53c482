//! Callbacks of librdkafka, on the poll thread, and what the publishers of one producer share with them.
//!
//! # After a refused batch
//!
//! A record larger than `batch.size` goes alone, so when Kafka refuses it, no other is refused for its sake; and the sink sees
//! to it that every topic takes batches of that size. Should one be refused as a whole nevertheless (a limit was lowered, a
//! record is invalid), librdkafka goes on with what was queued behind it, once it has a new producer id, while the lane tries
//! the refused records again, one by one: so everything is taken back within the delivery report. librdkafka cannot purge one
//! topic alone; the other lanes replay a window. What cannot be taken back is a request in flight behind the first one of a
//! producer id: Kafka takes that with any sequence.

use std::sync::{Arc, OnceLock, Weak};

use parking_lot::{RwLock, RwLockReadGuard};
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
use crate::statistics::Statistics;

/// Callbacks of one producer (librdkafka's word for their owner), and what its publishers share with them.
pub(crate) struct Context {
    pub(crate) health: Arc<Health>,
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
    pub(crate) fn new(health: Arc<Health>, topics: Arc<PerLane<String>>, batch_size: usize) -> Self {
        Self {
            health,
            topics,
            reports: PerLane::default(),
            batch_size,
            gate: RwLock::default(),
            producer: OnceLock::new(),
        }
    }

    /// Tells it whose context it is.
    pub(crate) fn belongs_to(&self, producer: &Arc<BaseProducer<Self>>) {
        // It is new, so this is the first time.
        let _ = self.producer.set(Arc::downgrade(producer));
    }

    pub(crate) fn reports(&self, lane: Lane) -> &DeliveryReports {
        &self.reports[lane]
    }

    /// The right to hand records over; `None` at a moment when all are being taken back.
    pub(crate) fn enter(&self) -> Option<RwLockReadGuard<'_, ()>> {
        self.gate.try_read()
    }

    /// Takes back what librdkafka holds. Nothing is handed over meanwhile, for it might overtake what comes back.
    fn take_back(&self) {
        let Some(producer) = self.producer.get().and_then(Weak::upgrade) else {
            return;
        };
        let _closed = self.gate.write();
        for lane in Lane::ALL {
            self.reports[lane].take_back();
        }
        producer.purge(PurgeConfig::default().queue().inflight());
    }

    pub(crate) fn fail_all(&self, error: &SinkError) {
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
        self.health
            .complaint(error.rdkafka_error_code().unwrap_or(Code::Unknown), reason);
    }

    /// A client that is refused is of no use any more: the next may have other passwords and certificates.
    fn stats_raw(&self, statistics: &[u8]) {
        let trouble = Statistics::parse(statistics).and_then(|statistics| self.health.look(&statistics));
        if let Some(refused @ SinkError::Operator(_)) = trouble {
            self.fail_all(&refused);
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, report: &DeliveryResult<'_>, tag: usize) {
        let (lane, seq) = untag(tag);
        let reports = &self.reports[lane];
        match report {
            Ok(_) => {
                reports.settle(seq, Outcome::Delivered);
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
