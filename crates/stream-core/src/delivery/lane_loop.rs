//! One lane's loop: take, publish within a window, advance the cursor when the broker has confirmed; on anything abnormal
//! go back to the cursor and replay. The only place that retries towards a broker.

use std::sync::Arc;
use std::time::Duration;

use journal::Journal;
use tokio_util::sync::CancellationToken;

use super::dead_letters::{Cut, DeadLetters, Fate};
use super::drops::Drops;
use super::inquiry::{Inquiry, Next};
use super::ledger::{ChainBroken, DropError, LaneLedger};
use super::on_stuck::{OnStuck, Retention};
use super::spans::Spans;
use super::trouble::{LaneTrouble, Source};
use super::window::{Limits, Settlement};
use crate::backoff;
use crate::ingest::IngestQueue;
use crate::log::{ForeignEntry, LaneCursor, LaneReadError, LaneReader};
use crate::model::{Lane, Record, Timestamp};
use crate::sink::{Publisher, Settled, Sink, SinkError};
use crate::telemetry::{Batch, BatchEnd, LaneStatus, Observation, Observer, StatusCell};

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
    /// Where it is told what was dropped.
    pub(crate) drops: Drops,
    /// What becomes of records that the sink does not take.
    pub(crate) on_stuck: OnStuck,
    /// How much may be in flight.
    pub(crate) limits: Limits,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: StatusCell<LaneStatus>,
    pub(crate) trouble: LaneTrouble,
    pub(crate) stop: StopSignals,
}

impl Delivery {
    /// Tells of what was published under one span.
    fn published(&self, (batch, end): (Batch, BatchEnd)) {
        let (sink, lane) = (self.sink_name.as_str(), self.lane);
        self.observer.on(Observation::Published {
            sink,
            lane,
            batch,
            end,
        });
    }
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
    retention: Retention,
    dead_letters: DeadLetters,
    spans: Spans,
    /// Up to this sequence records go one by one.
    careful_until: Option<u64>,
    /// The record that went alone.
    alone: Option<Record>,
    /// The dead letter that goes cut.
    cut: Option<Cut>,
}

impl LaneLoop {
    /// A loop that goes on from `cursor`.
    pub(crate) fn new(with: Delivery, cursor: LaneCursor, reader: LaneReader, journal: &Journal) -> Self {
        let status = with.status.clone();
        let ledger = LaneLedger::open(
            &with.sink_name,
            with.lane,
            cursor,
            journal.clone(),
            reader,
            status,
        );
        let dead_letters = DeadLetters {
            sink_name: with.sink_name.clone(),
            queue: with.dead_letters.clone(),
            observer: with.observer.clone(),
            stop: with.stop.now.clone(),
        };
        Self {
            retention: Retention::new(with.on_stuck),
            with,
            ledger,
            dead_letters,
            spans: Spans::default(),
            careful_until: None,
            alone: None,
            cut: None,
        }
    }

    /// Works until it is told to stop. Whatever happens, every message that the cursor has passed is settled, and no other.
    pub(crate) async fn run(mut self) -> Result<(), Broken> {
        let mut failures = 0;
        while !self.has_something().await? {
            if self.is_told_to_stop() {
                return Ok(());
            }
        }
        loop {
            let before = self.ledger.settled();
            let ended = self.session().await;
            self.with.status.update(|status| status.connected = false);
            self.spans.end().for_each(|batch| self.with.published(batch));
            if self.ledger.settled() > before {
                failures = 0;
            }
            match ended? {
                SessionEnd::Finished => return Ok(()),
                SessionEnd::Suspect(until) => {
                    self.ledger.rewind();
                    self.careful_until = Some(until);
                }
                SessionEnd::Reset(error) => {
                    self.ledger.rewind();
                    failures += 1;
                    self.with.trouble.met(Source::Session, &error);
                    self.retention.stands();
                    self.drop_oldest().await?;
                    if !self.wait(&error, failures).await {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn is_told_to_stop(&self) -> bool {
        let StopSignals { drain, now } = &self.with.stop;
        now.is_cancelled() || (drain.is_cancelled() && self.ledger.is_caught_up())
    }

    /// Waits for the first record, or a disk that does not answer: no publisher is opened before there is something to publish.
    /// `false` if there is nothing yet, or the end has come.
    async fn has_something(&mut self) -> Result<bool, Broken> {
        let StopSignals { drain, now } = self.with.stop.clone();
        let draining = drain.is_cancelled();
        if draining && self.ledger.is_caught_up() {
            return Ok(false);
        }
        tokio::select! {
            biased;
            () = now.cancelled() => Ok(false),
            () = drain.cancelled(), if !draining => Ok(false),
            ready = self.ledger.ready() => match ready {
                Ok(()) => Ok(self.ledger.found_something()),
                Err(LaneReadError::Foreign(entry)) => Err(entry.into()),
                Err(LaneReadError::Io(_)) => Ok(true),
            },
        }
    }

    /// Opens a publisher and works with it until it ends.
    async fn session(&mut self) -> Result<SessionEnd, Broken> {
        let (sink, stop) = (self.with.sink.clone(), self.with.stop.clone());
        let opened = tokio::select! {
            () = stop.now.cancelled() => return Ok(SessionEnd::Finished),
            () = self.ledger.drift() => return Ok(SessionEnd::Finished),
            opened = sink.open(self.with.lane) => opened,
        };
        let mut publisher = match opened {
            Ok(publisher) => publisher,
            Err(error) => return Ok(SessionEnd::Reset(error)),
        };
        let trouble = self.with.trouble.clone();
        if self.with.status.update(|status| status.oldest_pending.is_none()) {
            // Nothing will be confirmed that could tell.
            trouble.over(Source::Session);
        }
        let ended = tokio::select! {
            biased;
            never = trouble.follow(publisher.health()) => match never {},
            ended = self.pump(&mut *publisher, &stop) => ended,
        };
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
        let (mut settled, mut inquiry) = (Vec::new(), Inquiry::default());
        loop {
            let draining = stop.drain.is_cancelled();
            if draining && self.ledger.oldest().is_none() && self.ledger.is_caught_up() {
                return Ok(SessionEnd::Finished);
            }
            settled.clear();
            inquiry.note(self.ledger.cursor(), self.ledger.oldest().is_some());
            tokio::select! {
                () = stop.now.cancelled() => return Ok(SessionEnd::Finished),
                () = stop.drain.cancelled(), if !draining => {}
                // Also while nothing is under way: this is how a publisher ends.
                outcome = publisher.settled(&mut settled) => {
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
                    if let Err(error) = self.hand_over(publisher).await? {
                        return Ok(SessionEnd::Reset(error));
                    }
                }
                batch = self.spans.over() => self.with.published(batch),
                next = inquiry.next() => {
                    // Nothing was confirmed for seconds.
                    self.retention.stands();
                    match next {
                    // That the broker is away is known.
                    Next::Ask if self.ledger.is_over(&self.retention) => {
                        let error = SinkError::Unavailable("more waits than on_stuck allows".to_owned());
                        return Ok(SessionEnd::Reset(error));
                    }
                    Next::Ask if self.with.trouble.is_away() => inquiry.later(),
                    Next::Ask => inquiry.asks(publisher.inquire()),
                    Next::Answer(Err(error)) => self.with.trouble.met(Source::Inquiry, &error),
                    Next::Answer(Ok(())) => {}
                }},
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
    async fn hand_over(&mut self, publisher: &mut dyn Publisher) -> Result<Result<(), SinkError>, Broken> {
        let taken = self.ledger.take_on(self.limits());
        let mut records = taken.map_err(|broken| self.chain_broken(broken))?;
        self.careful_no_longer_than_needed();
        if records.is_empty() {
            return Ok(Ok(()));
        }
        if self.careful_until.is_some() {
            self.alone = records.first().cloned();
        }
        if let Some(cut) = self.cut {
            for record in &mut records {
                record.value = cut.of(record).unwrap_or_else(|| record.value.clone());
            }
        }
        self.spans.join(&mut records, || self.with.observer.trace());
        let handed = tokio::time::timeout(PUBLISH_DEADLINE, publisher.publish(&records)).await;
        Ok(handed.unwrap_or_else(|_| {
            let late = SinkError::Unavailable(format!("took no records for {PUBLISH_DEADLINE:?}"));
            Err(late)
        }))
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
                    if let Some(ended) = self.give_up(seq, &why).await {
                        return Ok(Some(ended));
                    }
                }
                Settlement::Refused(_) => suspect = suspect.max(Some(seq)),
            }
        }
        let (now, with) = (Timestamp::now(), &self.with);
        let mut confirmed = false;
        self.ledger.pass_settled(|flown| {
            confirmed = true;
            let latency = now.since(flown.received_at);
            let (sink, lane) = (with.sink_name.as_str(), with.lane);
            with.observer.on(Observation::Confirmed { sink, lane, latency });
        });
        if confirmed {
            self.with.trouble.confirmed();
            self.retention.moves();
        }
        self.spans.settled(self.ledger.cursor());
        self.careful_no_longer_than_needed();
        Ok(suspect.map(SessionEnd::Suspect))
    }

    /// The one record in flight is refused although it came alone: passes it if there is no other way.
    async fn give_up(&mut self, seq: u64, why: &str) -> Option<SessionEnd> {
        // It went alone, so it is the one.
        let record = self.alone.as_ref().filter(|record| record.place.seq == seq)?;
        self.cut = Cut::shorter(self.cut, record);
        if self.cut.is_some() {
            return Some(SessionEnd::Suspect(seq));
        }
        let dead_lettered = match self.dead_letters.take(record, why).await {
            Fate::DeadLettered => true,
            Fate::Dropped => false,
            Fate::Open => return Some(SessionEnd::Finished),
        };
        self.ledger.pass_refused(dead_lettered);
        self.spans.settled(self.ledger.cursor());
        None
    }

    /// Drops what is over the bound of a lane that does not get on, if it has one.
    async fn drop_oldest(&mut self) -> Result<(), Broken> {
        let (from, mut records) = (self.ledger.cursor(), 0);
        let stop = self.with.stop.clone();
        let ended = tokio::select! {
            () = stop.now.cancelled() => Ok(()),
            ended = self.ledger.drop_oldest(&self.retention, &mut records) => ended,
        };
        if records > 0 {
            self.with.drops.tell(from..self.ledger.cursor(), records);
        }
        match ended {
            Ok(()) | Err(DropError::Read(LaneReadError::Io(_))) => Ok(()),
            Err(DropError::Read(LaneReadError::Foreign(entry))) => Err(entry.into()),
            Err(DropError::Chain(broken)) => Err(self.chain_broken(broken)),
        }
    }

    fn chain_broken(&self, ChainBroken: ChainBroken) -> Broken {
        self.miscounted("a record is missing that no damage took")
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

    /// Waits before the next session; `false` if the end came.
    async fn wait(&mut self, error: &SinkError, failures: u32) -> bool {
        let stop = self.with.stop.clone();
        let schedule = match error {
            SinkError::Unavailable(_) => backoff::BROKER_AWAY,
            SinkError::Operator(_) => backoff::BROKER_OPERATOR,
        };
        tokio::select! {
            () = stop.now.cancelled() => false,
            () = stop.drain.cancelled() => false,
            () = self.ledger.drift() => false,
            () = tokio::time::sleep(backoff::jittered(schedule.wait(failures), fastrand::f64())) => true,
        }
    }
}
