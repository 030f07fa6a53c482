//! Acknowledgements on their way from the poll thread, which leaves them here, to the lane's publisher, which picks them up.
//!
//! They belong to one lane of one producer, and count what librdkafka holds for the lane, whoever handed it over. The lane's
//! lease stays here until publisher and records are gone: so no outcome reaches a later publisher, and librdkafka never holds
//! more than one window for a lane.

use std::mem;

use parking_lot::Mutex;
use stream_core::sink::{LaneLease, Outcome, Settled, SinkError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// One lane's records in one producer: how many are on their way, and the outcomes of the others.
#[derive(Debug, Default)]
pub(crate) struct DeliveryReports {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// Records that librdkafka has and has not reported.
    unsettled: usize,
    /// Those are being taken back.
    taken_back: bool,
    /// Whether there is a publisher that wants to know.
    attached: bool,
    settled: Vec<Settled>,
    failure: Option<SinkError>,
    /// The publisher's, and when that has gone, its last record's.
    lease: Option<LaneLease>,
}

impl DeliveryReports {
    /// Attaches a new publisher. Its lease is the proof that nothing of an earlier one is on its way.
    pub(crate) fn attach(&self, lease: LaneLease) {
        let mut inner = self.inner.lock();
        debug_assert_eq!(inner.unsettled, 0, "a lease is given back when nothing is left");
        *inner = Inner {
            attached: true,
            lease: Some(lease),
            ..Inner::default()
        };
    }

    /// The publisher goes: outcomes to come are only counted, and the last of them gives the lease back.
    pub(crate) fn detach(&self) {
        let mut inner = self.inner.lock();
        inner.attached = false;
        inner.settled = Vec::new();
        inner.failure = None;
        inner.settled_down();
    }

    /// How many records are on their way.
    pub(crate) fn unsettled(&self) -> usize {
        self.inner.lock().unsettled
    }

    /// Waits until nothing is on its way, at most until `deadline`.
    pub(crate) async fn drained(&self, deadline: Instant) {
        while self.unsettled() > 0 {
            if timeout_at(deadline, self.changed.notified()).await.is_err() {
                return;
            }
        }
    }

    /// Counts `records` as on their way before librdkafka gets them, for their reports may come at once.
    pub(crate) fn reserve(&self, records: usize) -> Result<Reservation<'_>, SinkError> {
        let mut inner = self.inner.lock();
        if let Some(failure) = &inner.failure {
            return Err(failure.clone());
        }
        inner.unsettled += records;
        Ok(Reservation {
            reports: self,
            left: records,
        })
    }

    /// A record has met its fate.
    pub(crate) fn settle(&self, seq: u64, outcome: Outcome) {
        let mut inner = self.inner.lock();
        inner.settle(seq, outcome);
        let news = inner.has_news();
        drop(inner);
        if news {
            self.changed.notify_one();
        }
    }

    /// Kafka has refused a record, and perhaps batch mates with it. Gives whether others are on their way, which the caller
    /// must [take back](Self::take_back): they would overtake the mates.
    pub(crate) fn refuse(&self, seq: u64, why: String) -> bool {
        let mut inner = self.inner.lock();
        inner.settle(seq, Outcome::Refused(why));
        let first = inner.unsettled > 0 && !inner.taken_back;
        inner.taken_back |= first;
        let news = inner.has_news();
        drop(inner);
        if news {
            self.changed.notify_one();
        }
        first
    }

    /// Ends the attached publisher if anything is on its way, for the caller takes that back. Its outcomes come when all of
    /// them are known, and then the failure.
    pub(crate) fn take_back(&self) {
        let mut inner = self.inner.lock();
        if inner.unsettled > 0 {
            inner.taken_back = true;
            inner.fail(SinkError::Unavailable(
                "Kafka refused a batch: what followed is taken back and sent again".to_owned(),
            ));
        }
    }

    /// A record was not delivered, and it is not the record's fault.
    pub(crate) fn give_up(&self, error: SinkError) {
        let mut inner = self.inner.lock();
        inner.fail(error);
        inner.met(1);
        drop(inner);
        self.changed.notify_one();
    }

    /// Ends the attached publisher, if any, with `error`.
    pub(crate) fn fail(&self, error: SinkError) {
        self.inner.lock().fail(error);
        self.changed.notify_one();
    }

    /// Waits for outcomes, and after the last of them for the failure.
    pub(crate) async fn settled(&self, into: &mut Vec<Settled>) -> Result<(), SinkError> {
        loop {
            {
                let mut inner = self.inner.lock();
                let complete = inner.unsettled == 0 || !inner.taken_back;
                if !complete {
                    // The lane must see all batch mates at once: it tries one by one up to the last of them.
                } else if !inner.settled.is_empty() {
                    if into.is_empty() {
                        mem::swap(into, &mut inner.settled);
                    } else {
                        into.append(&mut inner.settled);
                    }
                    return Ok(());
                } else if let Some(failure) = &inner.failure {
                    return Err(failure.clone());
                }
            }
            self.changed.notified().await;
        }
    }
}

impl Inner {
    fn settle(&mut self, seq: u64, outcome: Outcome) {
        if self.attached {
            self.settled.push(Settled { seq, outcome });
        }
        self.met(1);
    }

    /// So many records are no longer on their way.
    fn met(&mut self, records: usize) {
        self.unsettled = self.unsettled.saturating_sub(records);
        self.settled_down();
    }

    /// Gives the lease back if nobody is left to hold it.
    fn settled_down(&mut self) {
        if !self.attached && self.unsettled == 0 {
            drop(self.lease.take());
        }
    }

    /// Whether somebody may wait for what has just been settled.
    fn has_news(&self) -> bool {
        let first = self.attached && self.settled.len() == 1;
        self.unsettled == 0 || (first && !self.taken_back)
    }

    fn fail(&mut self, error: SinkError) {
        if !self.attached {
            return;
        }
        // What a person must mend outranks what passes, and the cause what follows from it.
        let outranks = match self.failure {
            None => true,
            Some(SinkError::Unavailable(_)) => matches!(error, SinkError::Operator(_)),
            Some(SinkError::Operator(_)) => false,
        };
        if outranks {
            self.failure = Some(error);
        }
    }
}

/// Records counted as on their way; those that librdkafka did not get are taken back at the end.
#[derive(Debug)]
pub(crate) struct Reservation<'o> {
    reports: &'o DeliveryReports,
    left: usize,
}

impl Reservation<'_> {
    /// One record has gone to librdkafka, or to its outcome.
    pub(crate) fn used(&mut self) {
        self.left -= 1;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.reports.inner.lock().met(self.left);
            self.reports.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
