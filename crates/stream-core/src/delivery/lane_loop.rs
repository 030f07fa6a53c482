//! One lane's loop: take, publish within a window, advance the cursor when the broker has confirmed; on anything abnormal
//! go back to the cursor and replay. The only place that retries towards a broker.

use std::sync::Arc;
use std::time::Duration;

use journal::Journal;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::ledger::LaneLedger;
use super::window::{Limits, Settlement};
use crate::backoff;
use crate::ingest::{IngestQueue, Item};
use crate::log::{ForeignEntry, LaneReadError, LaneReader};
use crate::model::{DeadLetter, DeadLetterReason, DropReason, Lane, Refused, Timestamp};
use crate::sink::{Publisher, Settled, Sink, SinkError};
use crate::telemetry::{LaneStatus, Observation, Observer, StatusCell};

/// How long a sink may take to accept records that the window has room for.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(30);
/// How long a farewell to a broker may take.
const CLOSE_BUDGET: Duration = Duration::from_secs(2);
/// The window while one of the next records is suspected: each goes alone.
const ONE_BY_ONE: Limits = Limits { records: 1, bytes: 0 };

/// What stops a lane, and with it the process.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The journal is not what we wrote.
    #[error(transparent)]
    Foreign(#[from] ForeignEntry),
    /// A count that cannot be: going on could lose messages.
    #[error("lane {lane} of sink {sink}: {what}")]
    Miscounted {
        /// The name of the sink.
        sink: String,
        /// The lane whose count it is.
        lane: Lane,
        /// What does not add up.
        what: &'static str,
    },
}

/// Shutdown in two steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct StopSignals {
    /// Nothing new comes in any more: finish what is there, unless the broker is away.
    pub(crate) drain: CancellationToken,
    /// Finish at once; the journal keeps the rest.
    pub(crate) now: CancellationToken,
}

/// What a lane works with.
pub(crate) struct Delivery {
    pub(crate) sink_name: String,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) lane: Lane,
    /// Where dead letters go, if that lane is switched on.
    pub(crate) dead_letters: Option<Arc<IngestQueue>>,
    /// How much may be in flight.
    pub(crate) limits: Limits,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: StatusCell<LaneStatus>,
    pub(crate) stop: StopSignals,
}

/// Why a session with a publisher ended.
enum SessionEnd {
    /// Everything is delivered, or the end is now.
    Finished,
    /// Back to the cursor, after a wait.
    Reset(SinkError),
    /// A record up to this sequence was refused, perhaps for a neighbour's fault: back to the cursor, one by one.
    Suspect(u64),
}

/// At-least-once delivery of one lane: publish, confirm, move the cursor; reset and replay.
pub(crate) struct LaneLoop {
    with: Delivery,
    ledger: LaneLedger,
    /// Up to this sequence records go one by one.
    careful_until: Option<u64>,
}

impl LaneLoop {
    /// A loop that goes on from the lane's cursor, or from the oldest message that the journal holds.
    pub(crate) fn new(with: Delivery, reader: LaneReader, journal: Journal) -> Self {
        let ledger = LaneLedger::open(&with.sink_name, with.lane, journal, reader, with.status.clone());
        Self {
            with,
            ledger,
            careful_until: None,
        }
    }

    /// Works until it is told to stop. Whatever happens, every message that the cursor has passed is settled, and no other.
    pub(crate) async fn run(mut self) -> Result<(), Broken> {
        let mut failures = 0;
        loop {
            let before = self.ledger.cursor();
            let ended = self.session().await;
            self.with.status.update(|status| status.connected = false);
            if self.ledger.cursor() > before {
                failures = 0;
            }
            match ended? {
                SessionEnd::Finished => return Ok(()),
                SessionEnd::Suspect(until) => self.careful_until = Some(until),
                SessionEnd::Reset(error) => {
                    failures += 1;
                    self.report(&error, failures);
                    if !self.wait(&error, failures).await {
                        return Ok(());
                    }
                }
            }
            self.ledger.rewind();
        }
    }

    /// Opens a publisher and works with it until it ends.
    async fn session(&mut self) -> Result<SessionEnd, Broken> {
        let (sink, stop) = (self.with.sink.clone(), self.with.stop.clone());
        let opened = tokio::select! {
            () = stop.now.cancelled() => return Ok(SessionEnd::Finished),
            opened = sink.open(self.with.lane) => opened,
        };
        let mut publisher = match opened {
            Ok(publisher) => publisher,
            Err(error) => return Ok(SessionEnd::Reset(error)),
        };
        self.with.status.update(|status| status.connected = true);
        let ended = self.pump(&mut *publisher, &stop).await;
        if matches!(ended, Ok(SessionEnd::Finished)) {
            publisher.close(CLOSE_BUDGET).await;
        }
        ended
    }

    async fn pump(
        &mut self,
        publisher: &mut dyn Publisher,
        stop: &StopSignals,
    ) -> Result<SessionEnd, Broken> {
        let mut settled = Vec::new();
        loop {
            let draining = stop.drain.is_cancelled();
            if draining && self.ledger.oldest().is_none() && self.ledger.is_caught_up() {
                return Ok(SessionEnd::Finished);
            }
            settled.clear();
            tokio::select! {
                () = stop.now.cancelled() => return Ok(SessionEnd::Finished),
                () = stop.drain.cancelled(), if !draining => {}
                outcome = publisher.settled(&mut settled), if self.ledger.oldest().is_some() => {
                    if let Err(error) = outcome {
                        return Ok(SessionEnd::Reset(error));
                    }
                    if let Some(ended) = self.settle(&mut settled).await? {
                        return Ok(ended);
                    }
                }
                ready = self.ledger.ready(), if self.ledger.has_room(self.limits()) => {
                    match ready {
                        Ok(()) => {}
                        Err(LaneReadError::Foreign(entry)) => return Err(entry.into()),
                        // The disk does not answer; the messages are still there.
                        Err(error) => return Ok(SessionEnd::Reset(SinkError::Operator(error.to_string()))),
                    }
                    if let Err(error) = self.hand_over(publisher).await {
                        return Ok(SessionEnd::Reset(error));
                    }
                }
            }
            if !self.ledger.agree() {
                return Err(self.miscounted("the accounts do not balance"));
            }
        }
    }

    fn limits(&self) -> Limits {
        if self.careful_until.is_some() {
            ONE_BY_ONE
        } else {
            self.with.limits
        }
    }

    /// Takes messages while the window has room and hands their records over.
    async fn hand_over(&mut self, publisher: &mut dyn Publisher) -> Result<(), SinkError> {
        let limits = self.limits();
        let records = self.ledger.take_on(limits);
        self.careful_no_longer_than_needed();
        if records.is_empty() {
            return Ok(());
        }
        match tokio::time::timeout(PUBLISH_DEADLINE, publisher.publish(&records)).await {
            Ok(handed) => handed,
            Err(_) => Err(SinkError::Unavailable(format!(
                "took no records for {PUBLISH_DEADLINE:?}"
            ))),
        }
    }

    /// Notes outcomes and moves the cursor over what is settled.
    async fn settle(&mut self, settled: &mut Vec<Settled>) -> Result<Option<SessionEnd>, Broken> {
        let mut suspect = None;
        for Settled { seq, outcome } in settled.drain(..) {
            match self.ledger.settle(seq, outcome) {
                Settlement::Noted => {}
                Settlement::Impossible => {
                    return Err(self.miscounted("a record was settled that is not in flight"));
                }
                Settlement::Refused(why) if self.careful_until.is_some() => {
                    if !self.give_up(&why).await {
                        return Ok(Some(SessionEnd::Finished));
                    }
                }
                Settlement::Refused(_) => suspect = suspect.max(Some(seq)),
            }
        }
        let (now, with) = (Timestamp::now(), &self.with);
        self.ledger.pass_delivered(|record| {
            let latency = now.since(record.received_at);
            let (sink, lane) = (with.sink_name.as_str(), record.lane);
            with.observer.on(Observation::Confirmed { sink, lane, latency });
        });
        self.careful_no_longer_than_needed();
        Ok(suspect.map(SessionEnd::Suspect))
    }

    /// The one record in flight is refused although it came alone: writes its dead letter and passes it. `false` if the
    /// end came first.
    async fn give_up(&mut self, why: &str) -> bool {
        let Some(record) = self.ledger.oldest() else {
            return true;
        };
        tracing::error!(
            sink = self.with.sink_name,
            record = record.id(),
            why,
            "refused by the broker"
        );
        let queue = self
            .with
            .dead_letters
            .clone()
            .filter(|_| record.lane != Lane::DeadLetter);
        let dead_lettered = queue.is_some();
        if let Some(queue) = queue {
            let refused = Refused {
                sink: &self.with.sink_name,
                record: record.id(),
                detail: why,
            };
            let letter = DeadLetter::refused(record.received_at, &record.value, refused);
            let (journaled, wait) = oneshot::channel();
            queue.put(Item::DeadLetter(letter.to_json(), journaled));
            // An error means that the journal has closed without it: the record stays in flight and is replayed.
            let kept = tokio::select! {
                () = self.with.stop.now.cancelled() => false,
                kept = wait => kept.is_ok(),
            };
            if !kept {
                return false;
            }
            self.with.observer.on(Observation::DeadLetter {
                reason: DeadLetterReason::Refused,
            });
        } else {
            self.with.observer.on(Observation::Dropped {
                reason: DropReason::NoDeadLetters(DeadLetterReason::Refused),
                messages: 1,
            });
        }
        self.ledger.pass_refused(dead_lettered);
        true
    }

    fn careful_no_longer_than_needed(&mut self) {
        let cursor = self.ledger.cursor();
        self.careful_until = self.careful_until.filter(|until| cursor <= *until);
    }

    fn miscounted(&self, what: &'static str) -> Broken {
        Broken::Miscounted {
            sink: self.with.sink_name.clone(),
            lane: self.with.lane,
            what,
        }
    }

    fn report(&self, error: &SinkError, failures: u32) {
        let (sink, lane) = (self.with.sink_name.as_str(), self.with.lane.name());
        // The first is news; after that the metrics count and the status shows it.
        match error {
            SinkError::Operator(why) if failures == 1 => {
                tracing::error!(sink, lane, why, "needs an operator");
            }
            SinkError::Unavailable(why) if failures == 1 => {
                tracing::warn!(sink, lane, why, "unavailable");
            }
            _ => tracing::debug!(sink, lane, %error, failures, "still failing"),
        }
        self.with.status.update(|status| {
            status.last_error = Some(error.to_string());
            match error {
                SinkError::Unavailable(_) => status.errors_unavailable += 1,
                SinkError::Operator(_) => status.errors_operator += 1,
            }
        });
    }

    /// Waits before the next session; `false` if the end came.
    async fn wait(&self, error: &SinkError, failures: u32) -> bool {
        let schedule = match error {
            SinkError::Unavailable(_) => backoff::BROKER_AWAY,
            SinkError::Operator(_) => backoff::BROKER_OPERATOR,
        };
        tokio::select! {
            () = self.with.stop.now.cancelled() => false,
            () = self.with.stop.drain.cancelled() => false,
            () = tokio::time::sleep(backoff::jittered(schedule.wait(failures), fastrand::f64())) => true,
        }
    }
}
