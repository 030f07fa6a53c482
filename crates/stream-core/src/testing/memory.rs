//! A sink in memory with a script of failures: the reference implementation of the contract in [`sink`](crate::sink).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

use super::conformance::{Broker, ReadBack};
use crate::model::{Lane, PerLane, Record};
use crate::sink::{Health, Outcome, Publisher, Settled, Sink, SinkError};

/// The sink, its broker and its script. Clones are the same sink.
#[derive(Clone, Default)]
pub struct MemorySink {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Rings at every change of the state.
    changed: Notify,
    health: watch::Sender<Option<SinkError>>,
}

#[derive(Default)]
struct State {
    down: bool,
    /// Counts kills: publishers of an earlier life are dead.
    life: u64,
    held: PerLane<bool>,
    settling: Settling,
    open_faults: VecDeque<Fault>,
    shut: PerLane<Option<Fault>>,
    publish_faults: VecDeque<Fault>,
    refusals: Vec<(Bytes, Reach)>,
    limits: PerLane<Option<usize>>,
    answer: Option<SinkError>,
    inquiries: u64,
    die_after: Option<usize>,
    stored: PerLane<Vec<Record>>,
    opened: PerLane<u64>,
    largest_batch: usize,
}

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It fails at once.
    Fails(SinkError),
    /// It never returns: the caller's deadline is tried.
    Hangs,
}

impl Fault {
    async fn happens(self) -> SinkError {
        match self {
            Self::Fails(error) => error,
            Self::Hangs => std::future::pending().await,
        }
    }
}

/// In which order, and how soon, outcomes come.
#[derive(Clone, Copy, Debug, Default)]
pub enum Settling {
    /// In order, at once.
    #[default]
    InOrder,
    /// In order, this long after the wait for them began.
    Late(Duration),
    /// One at a time, in random order.
    Shuffled,
}

/// Who is refused with a refused value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nobody but the record itself.
    Alone,
    /// Everything that was handed over in the same call.
    BatchMates,
}

impl MemorySink {
    /// A sink that takes everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the broker holds of `lane`, oldest first.
    pub fn stored(&self, lane: Lane) -> Vec<Record> {
        self.lock().stored[lane].clone()
    }

    /// Waits until the broker holds at least `count` records of `lane`, for at most 30 s.
    pub async fn holds(&self, lane: Lane, count: usize) {
        let held = self.until(|state| (state.stored[lane].len() >= count).then_some(()));
        let _ = tokio::time::timeout(Duration::from_secs(30), held).await;
    }

    /// How often `lane` was opened.
    pub fn opened(&self, lane: Lane) -> u64 {
        self.lock().opened[lane]
    }

    /// The most records that were ever handed over at once.
    pub fn largest_batch(&self) -> usize {
        self.lock().largest_batch
    }

    /// The next open that has no fault yet gets this one.
    pub fn fault_open(&self, fault: Fault) {
        self.change(|state| state.open_faults.push_back(fault));
    }

    /// Every open of `lane` gets this `fault` from now on, as for a topic that is missing.
    pub fn shut(&self, lane: Lane, fault: Fault) {
        self.change(|state| state.shut[lane] = Some(fault));
    }

    /// The next call of `publish` that has no fault yet gets this one.
    pub fn fault_publish(&self, fault: Fault) {
        self.change(|state| state.publish_faults.push_back(fault));
    }

    /// Refuses `value` from now on.
    pub fn refuse(&self, value: Bytes, reach: Reach) {
        self.change(|state| state.refusals.push((value, reach)));
    }

    /// Refuses what is longer than `limit` bytes in `lane` from now on.
    pub fn limit(&self, lane: Lane, limit: usize) {
        self.change(|state| state.limits[lane] = Some(limit));
    }

    /// Refuses nothing any more.
    pub fn relent(&self) {
        self.change(|state| state.refusals.clear());
    }

    /// How outcomes come from now on.
    pub fn settle(&self, settling: Settling) {
        self.change(|state| state.settling = settling);
    }

    /// Takes `count` more records and then dies: what was handed over after them is lost, and of those before them some
    /// outcomes may never be told. The next open lives again.
    pub fn die_after(&self, count: usize) {
        self.change(|state| state.die_after = Some(count));
    }

    /// Holds the outcomes of `lane` back, as a broker that hangs.
    pub fn hold(&self, lane: Lane) {
        self.change(|state| state.held[lane] = true);
    }

    /// Lets the outcomes of `lane` go that were held back.
    pub fn release(&self, lane: Lane) {
        self.change(|state| state.held[lane] = false);
    }

    /// The broker dies: open publishers fail, and so do opens.
    pub fn go_down(&self) {
        self.change(|state| {
            state.down = true;
            state.life += 1;
        });
        self.ail(Some(away()));
    }

    /// The broker is back.
    pub fn come_up(&self) {
        self.change(|state| state.down = false);
        self.ail(None);
    }

    /// The broker's health is this from now on; open publishers stay, as those of a client that reconnects by itself.
    pub fn ail(&self, trouble: Option<SinkError>) {
        self.shared.health.send_replace(trouble);
    }

    /// What the broker says from now on when it is asked why records wait.
    pub fn answer(&self, answer: Option<SinkError>) {
        self.change(|state| state.answer = answer);
    }

    /// How often it was asked.
    pub fn inquiries(&self) -> u64 {
        self.lock().inquiries
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let changed = change(&mut self.lock());
        self.shared.changed.notify_waiters();
        changed
    }

    /// Waits until `look` finds something. Cancel safe.
    async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let changed = self.shared.changed.notified();
            if let Some(found) = look(&mut self.lock()) {
                return found;
            }
            changed.await;
        }
    }
}

fn away() -> SinkError {
    SinkError::Unavailable("the broker is away".to_owned())
}

impl Sink for MemorySink {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn address(&self) -> String {
        "memory".to_owned()
    }

    fn open(&self, lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>> {
        Box::pin(async move {
            let (fault, down, life) = self.change(|state| {
                state.opened[lane] += 1;
                let shut = state.shut[lane].clone();
                (
                    shut.or_else(|| state.open_faults.pop_front()),
                    state.down,
                    state.life,
                )
            });
            match fault {
                Some(fault) => return Err(fault.happens().await),
                None if down => return Err(away()),
                None => {}
            }
            Ok(Box::new(MemoryPublisher {
                sink: self.clone(),
                lane,
                life,
                unsettled: Vec::new(),
                swallows: false,
            }) as Box<dyn Publisher>)
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, SinkError>> {
        let down = self.lock().down;
        Box::pin(async move { if down { Err(away()) } else { Ok(Vec::new()) } })
    }
}

impl Broker for MemorySink {
    fn kill(&self) -> BoxFuture<'_, ()> {
        self.go_down();
        Box::pin(std::future::ready(()))
    }

    fn up(&self) -> BoxFuture<'_, ()> {
        self.come_up();
        Box::pin(std::future::ready(()))
    }
}

struct MemoryPublisher {
    sink: MemorySink,
    lane: Lane,
    life: u64,
    unsettled: Vec<Settled>,
    /// A whole batch was refused: what is handed over after it is swallowed, or it would overtake its batch mates.
    swallows: bool,
}

impl MemoryPublisher {
    fn take(&mut self, records: &[Record]) -> Result<(), SinkError> {
        let (life, lane) = (self.life, self.lane);
        let (unsettled, swallows) = (&mut self.unsettled, &mut self.swallows);
        self.sink.change(|state| {
            if state.life != life {
                return Err(away());
            }
            if *swallows {
                return Ok(());
            }
            state.largest_batch = state.largest_batch.max(records.len());
            let (refusals, limit) = (state.refusals.clone(), state.limits[lane]);
            let reach = |record: &Record| {
                let refusal = refusals.iter().find(|(value, _)| *value == record.value);
                let long = limit.is_some_and(|limit| record.value.len() > limit);
                refusal.map(|(_, reach)| *reach).or(long.then_some(Reach::Alone))
            };
            let all = records
                .iter()
                .any(|record| reach(record) == Some(Reach::BatchMates));
            *swallows = all && records.len() > 1;
            for record in records {
                let outcome = if all || reach(record).is_some() {
                    Outcome::Refused("refused by the script".to_owned())
                } else {
                    match &mut state.die_after {
                        Some(0) => {
                            state.die_after = None;
                            state.life += 1;
                            return Ok(());
                        }
                        Some(left) => *left -= 1,
                        None => {}
                    }
                    state.stored[lane].push(record.clone());
                    Outcome::Delivered
                };
                let seq = record.place.seq;
                unsettled.push(Settled { seq, outcome });
            }
            Ok(())
        })
    }

    /// Takes out what may be told now. `None` while there is nothing.
    fn tell(&mut self, state: &State) -> Option<Result<Vec<Settled>, SinkError>> {
        if state.life != self.life {
            return Some(Err(away()));
        }
        if self.unsettled.is_empty() || state.held[self.lane] {
            return None;
        }
        let told = match state.settling {
            Settling::InOrder | Settling::Late(_) => std::mem::take(&mut self.unsettled),
            Settling::Shuffled => {
                let one = fastrand::usize(..self.unsettled.len());
                vec![self.unsettled.swap_remove(one)]
            }
        };
        Some(Ok(told))
    }
}

impl Publisher for MemoryPublisher {
    fn publish<'p>(&'p mut self, records: &'p [Record]) -> BoxFuture<'p, Result<(), SinkError>> {
        Box::pin(async move {
            let fault = self.sink.change(|state| state.publish_faults.pop_front());
            match fault {
                Some(fault) => Err(fault.happens().await),
                None => self.take(records),
            }
        })
    }

    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>> {
        Box::pin(async move {
            let sink = self.sink.clone();
            let settling = sink.lock().settling;
            if let Settling::Late(late) = settling {
                tokio::time::sleep(late).await;
            }
            into.extend(sink.until(|state| self.tell(state)).await?);
            Ok(())
        })
    }

    fn health(&self) -> Health {
        self.sink.shared.health.subscribe()
    }

    fn inquire(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        let answer = self.sink.change(|state| {
            state.inquiries += 1;
            state.answer.clone()
        });
        Box::pin(std::future::ready(answer.map_or(Ok(()), Err)))
    }

    fn close(self: Box<Self>, _budget: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl super::conformance::Bench for MemorySink {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(self.clone())
    }

    fn read_back(&self, lane: Lane, at_least: usize) -> BoxFuture<'_, Vec<ReadBack>> {
        Box::pin(async move {
            self.holds(lane, at_least).await;
            let stored = self.stored(lane);
            stored.into_iter().map(ReadBack::from).collect()
        })
    }

    fn refused(&self) -> Option<Bytes> {
        let value = Bytes::from_static(br#"{"key":"bad","refused":true}"#);
        self.refuse(value.clone(), Reach::BatchMates);
        Some(value)
    }

    fn broker(&self) -> Option<&dyn Broker> {
        Some(self)
    }
}

impl From<Record> for ReadBack {
    fn from(record: Record) -> Self {
        let header = Some(record.header(&mut String::new()).to_owned());
        Self {
            key: record.key,
            value: record.value,
            header,
        }
    }
}
