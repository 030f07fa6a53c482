//! Where the poll thread leaves a lane's outcomes and the lane's publisher picks them up.
//!
//! They belong to one lane of one producer, and count what librdkafka holds for the lane, whoever handed it over;
//! a new publisher is attached only when that count is zero, so that outcomes of an earlier publisher cannot reach it and
//! librdkafka never holds more than one window for a lane.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stream_core::sink::{Outcome, Settled, SinkError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Names one attachment of a publisher to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

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
    tickets: u64,
    reader: Option<Reader>,
}

/// What waits for the attached publisher.
#[derive(Debug)]
struct Reader {
    ticket: Ticket,
    settled: Vec<Settled>,
    failure: Option<SinkError>,
}

impl DeliveryReports {
    /// Attaches a new publisher once nothing of an earlier one is on its way; otherwise gives the number of records that
    /// still are when `deadline` has passed.
    pub(crate) async fn attach(&self, deadline: Instant) -> Result<Ticket, usize> {
        loop {
            {
                let mut inner = self.lock();
                if inner.unsettled == 0 {
                    inner.taken_back = false;
                    inner.tickets += 1;
                    let ticket = Ticket(inner.tickets);
                    inner.reader = Some(Reader {
                        ticket,
                        settled: Vec::new(),
                        failure: None,
                    });
                    return Ok(ticket);
                }
            }
            if timeout_at(deadline, self.changed.notified()).await.is_err() {
                return Err(self.lock().unsettled);
            }
        }
    }

    /// Ends the attachment: outcomes to come are only counted.
    pub(crate) fn detach(&self, ticket: Ticket) {
        let mut inner = self.lock();
        if inner
            .reader
            .as_ref()
            .is_some_and(|reader| reader.ticket == ticket)
        {
            inner.reader = None;
        }
    }

    /// Waits until nothing is on its way, at most until `deadline`.
    pub(crate) async fn drained(&self, deadline: Instant) {
        while self.lock().unsettled > 0 {
            if timeout_at(deadline, self.changed.notified()).await.is_err() {
                return;
            }
        }
    }

    /// Counts `records` as on their way before librdkafka gets them, for their reports may come at once.
    pub(crate) fn reserve(&self, ticket: Ticket, records: usize) -> Result<Reservation<'_>, SinkError> {
        let mut inner = self.lock();
        let reader = inner.reader_of(ticket)?;
        if let Some(failure) = &reader.failure {
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
        let mut inner = self.lock();
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
        let mut inner = self.lock();
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
        let mut inner = self.lock();
        if inner.unsettled > 0 {
            inner.taken_back = true;
            inner.fail(SinkError::Unavailable(
                "Kafka refused a batch: what followed is taken back and sent again".to_owned(),
            ));
        }
    }

    /// A record was not delivered, and it is not the record's fault.
    pub(crate) fn give_up(&self, error: SinkError) {
        let mut inner = self.lock();
        inner.unsettled = inner.unsettled.saturating_sub(1);
        inner.fail(error);
        drop(inner);
        self.changed.notify_one();
    }

    /// Ends the attached publisher, if any, with `error`.
    pub(crate) fn fail(&self, error: SinkError) {
        self.lock().fail(error);
        self.changed.notify_one();
    }

    /// Waits for outcomes, and after the last of them for the failure.
    pub(crate) async fn settled(&self, ticket: Ticket, into: &mut Vec<Settled>) -> Result<(), SinkError> {
        loop {
            {
                let mut inner = self.lock();
                let complete = inner.unsettled == 0 || !inner.taken_back;
                let reader = inner.reader_of(ticket)?;
                if !complete {
                    // The lane must see all batch mates at once: it tries one by one up to the last of them.
                } else if !reader.settled.is_empty() {
                    if into.is_empty() {
                        mem::swap(into, &mut reader.settled);
                    } else {
                        into.append(&mut reader.settled);
                    }
                    return Ok(());
                } else if let Some(failure) = &reader.failure {
                    return Err(failure.clone());
                }
            }
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is complete before the lock goes, also when a panic passes.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn settle(&mut self, seq: u64, outcome: Outcome) {
        self.unsettled = self.unsettled.saturating_sub(1);
        if let Some(reader) = &mut self.reader {
            reader.settled.push(Settled { seq, outcome });
        }
    }

    /// Whether somebody may wait for what has just been settled.
    fn has_news(&self) -> bool {
        let first = self
            .reader
            .as_ref()
            .is_some_and(|reader| reader.settled.len() == 1);
        self.unsettled == 0 || (first && !self.taken_back)
    }

    fn reader_of(&mut self, ticket: Ticket) -> Result<&mut Reader, SinkError> {
        self.reader
            .as_mut()
            .filter(|reader| reader.ticket == ticket)
            .ok_or_else(|| SinkError::Unavailable("a later publisher has taken over this lane".to_owned()))
    }

    fn fail(&mut self, error: SinkError) {
        let Some(reader) = &mut self.reader else { return };
        // What a person must mend outranks what passes, and the cause what follows from it.
        let outranks = match reader.failure {
            None => true,
            Some(SinkError::Unavailable(_)) => matches!(error, SinkError::Operator(_)),
            Some(SinkError::Operator(_)) => false,
        };
        if outranks {
            reader.failure = Some(error);
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
            self.reports.lock().unsettled -= self.left;
            self.reports.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn hand_over(reports: &DeliveryReports, ticket: Ticket, records: usize) {
        let mut reservation = reports.reserve(ticket, records).unwrap();
        (0..records).for_each(|_| reservation.used());
    }

    #[tokio::test]
    async fn outcomes_come_first_and_then_the_failure_that_a_person_must_mend() {
        let reports = DeliveryReports::default();
        let ticket = reports.attach(soon()).await.unwrap();
        hand_over(&reports, ticket, 4);
        reports.settle(7, Outcome::Delivered);
        reports.give_up(SinkError::Unavailable("purged".to_owned()));
        reports.give_up(SinkError::Operator("missing".to_owned()));
        reports.give_up(SinkError::Unavailable("purged".to_owned()));
        let mut into = Vec::new();
        reports.settled(ticket, &mut into).await.unwrap();
        let delivered = Settled {
            seq: 7,
            outcome: Outcome::Delivered,
        };
        assert_eq!(into, [delivered]);
        let failure = SinkError::Operator("missing".to_owned());
        assert_eq!(reports.settled(ticket, &mut into).await, Err(failure.clone()));
        assert_eq!(reports.reserve(ticket, 1).unwrap_err(), failure);
    }

    #[tokio::test]
    async fn after_a_refusal_the_rest_is_taken_back_once_and_seen_at_once() {
        let reports = DeliveryReports::default();
        let ticket = reports.attach(soon()).await.unwrap();
        hand_over(&reports, ticket, 1);
        assert!(!reports.refuse(0, "too large".to_owned()), "nothing is left");
        let mut into = Vec::new();
        reports.settled(ticket, &mut into).await.unwrap();

        hand_over(&reports, ticket, 3);
        assert!(reports.refuse(1, "too large".to_owned()));
        reports.take_back();
        assert!(reports.reserve(ticket, 1).is_err());
        assert!(!reports.refuse(2, "too large".to_owned()), "once");
        into.clear();
        let waited = timeout_at(soon(), reports.settled(ticket, &mut into)).await;
        assert!(waited.is_err(), "{into:?}");
        reports.give_up(SinkError::Unavailable("purged".to_owned()));
        reports.settled(ticket, &mut into).await.unwrap();
        assert_eq!(into.iter().map(|one| one.seq).collect::<Vec<_>>(), [1, 2]);
        let failure = reports.settled(ticket, &mut into).await.unwrap_err();
        assert!(failure.to_string().contains("refused"), "{failure}");
        let next = reports.attach(soon()).await.unwrap();
        hand_over(&reports, next, 1);
        reports.take_back();
        assert!(reports.reserve(next, 1).is_err(), "another lane was refused");
    }

    #[tokio::test]
    async fn a_publisher_is_attached_only_when_nothing_of_an_earlier_one_is_left() {
        let reports = DeliveryReports::default();
        let old = reports.attach(soon()).await.unwrap();
        hand_over(&reports, old, 2);
        reports.detach(old);
        assert_eq!(reports.attach(soon()).await, Err(2));
        reports.settle(1, Outcome::Delivered);
        reports.settle(2, Outcome::Delivered);
        let new = reports.attach(soon()).await.unwrap();
        reports.detach(old);
        hand_over(&reports, new, 1);
        reports.settle(1, Outcome::Delivered);
        let mut into = Vec::new();
        reports.settled(new, &mut into).await.unwrap();
        assert_eq!(into.len(), 1);
        assert!(reports.settled(old, &mut into).await.is_err());
    }

    #[tokio::test]
    async fn what_was_not_handed_over_is_taken_back() {
        let reports = DeliveryReports::default();
        let ticket = reports.attach(soon()).await.unwrap();
        let mut reservation = reports.reserve(ticket, 3).unwrap();
        reservation.used();
        drop(reservation);
        reports.settle(1, Outcome::Delivered);
        assert!(reports.attach(soon()).await.is_ok());
    }
}
