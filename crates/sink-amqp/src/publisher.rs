//! One lane's channel: hands messages over, waits for their confirms.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lapin::Channel;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use stream_core::cloudevents::Headers;
use stream_core::record::Record;
use stream_core::sink::{Outcome, Publisher, Settled, SinkError};
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, watch};

use crate::confirms::{Confirm, Confirms, Failure, judge};
use crate::error::size_limit;
use crate::link::Link;
use crate::message::properties;
use crate::watchdog::Watchdog;

/// Where a lane's messages go and what they look like.
pub(crate) struct Target {
    pub(crate) exchange: ShortString,
    pub(crate) route: ShortString,
    pub(crate) headers: Headers,
    pub(crate) source: String,
    pub(crate) limit: Arc<AtomicUsize>,
}

/// One lane's way to the broker.
///
/// Everything handed over is in exactly one place: `waiting` (the broker blocks us, so lapin gets nothing more: it would queue
/// frames without limit), `confirms` (lapin has it), or `settled` (its fate is known). The lane's window bounds all three.
pub(crate) struct AmqpPublisher {
    target: Target,
    waiting: VecDeque<Record>,
    confirms: Confirms<Confirm>,
    settled: Vec<Settled>,
    failure: Option<SinkError>,
    watchdog: Watchdog,
    blocked: watch::Receiver<Option<String>>,
    header: String,
    channel: Arc<Channel>,
    link: Arc<Link>,
    seat: Option<Seat>,
}

/// A lane's right to publish, kept by its publisher and then by what is left of it in lapin. Without it a new publisher's
/// replay could be interleaved with frames of the old one that were still queued.
pub(crate) type Seat = OwnedMutexGuard<()>;

impl AmqpPublisher {
    pub(crate) fn new(link: Arc<Link>, channel: Channel, target: Target, seat: Seat) -> Self {
        Self {
            target,
            waiting: VecDeque::new(),
            confirms: Confirms::new(),
            settled: Vec::new(),
            failure: None,
            watchdog: Watchdog::new(),
            blocked: link.blocked(),
            header: String::new(),
            channel: Arc::new(channel),
            link,
            seat: Some(seat),
        }
    }

    fn take(&mut self, record: &Record, blocked: bool) {
        let limit = self.target.limit.load(Ordering::Relaxed);
        if record.value.len() > limit {
            let reason = format!(
                "{} bytes are more than the {limit} that a message may have",
                record.value.len()
            );
            self.settled.push(Settled {
                seq: record.place.seq,
                outcome: Outcome::Refused(reason),
            });
        } else if blocked || !self.waiting.is_empty() {
            self.waiting.push_back(record.clone());
        } else {
            self.hand_over(record.clone());
        }
    }

    /// Gives a record to lapin, which takes it at the first poll.
    fn hand_over(&mut self, record: Record) {
        let target = &self.target;
        let properties = properties(&record, target.headers, &target.source, &mut self.header);
        let (exchange, route) = (target.exchange.clone(), target.route.clone());
        let channel = Arc::clone(&self.channel);
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        if self.confirms.len() == 0 {
            self.watchdog.progress();
        }
        self.confirms.push(Box::pin(async move {
            let seq = record.place.seq;
            let sent = channel
                .basic_publish(exchange, route, options, &record.value, properties)
                .await;
            drop(record);
            match sent {
                Ok(confirm) => (seq, confirm.await),
                Err(error) => (seq, Err(error)),
            }
        }));
    }

    /// Good news first, then what ended the publisher.
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<Settled>, SinkError>> {
        loop {
            if !self.settled.is_empty() {
                return Poll::Ready(Ok(std::mem::take(&mut self.settled)));
            }
            if let Some(failure) = &self.failure {
                return Poll::Ready(Err(failure.clone()));
            }
            let blocked = self.blocked.borrow_and_update().is_some();
            if !blocked {
                while let Some(record) = self.waiting.pop_front() {
                    self.hand_over(record);
                }
            }
            if let Poll::Ready(batch) = self.confirms.poll_batch(context) {
                self.watchdog.progress();
                self.believe(batch);
                continue;
            }
            let overdue = self.confirms.len() > 0 && !blocked;
            if self.watchdog.poll(context, overdue).is_ready() {
                self.failure = Some(SinkError::Unavailable(Watchdog::TEXT.into()));
                continue;
            }
            return Poll::Pending;
        }
    }

    fn believe(&mut self, batch: Vec<Confirm>) {
        let (delivered, result) = judge(batch, self.target.route.as_str());
        self.settled = delivered;
        if let Err(failure) = result {
            self.failure = Some(self.explain(&failure));
        }
    }

    /// A broker that takes smaller messages than we thought says how large they may be, closing the channel. From then on
    /// larger ones are refused here, each by itself.
    fn explain(&self, failure: &Failure) -> SinkError {
        if let Failure::Broken(error) = failure
            && let Some(limit) = size_limit(error)
        {
            self.target.limit.fetch_min(limit, Ordering::Relaxed);
            return SinkError::Unavailable(format!(
                "the broker takes messages of at most {limit} bytes: {error}"
            ));
        }
        failure.into()
    }
}

impl Publisher for AmqpPublisher {
    fn publish<'p>(&'p mut self, records: &'p [Record]) -> BoxFuture<'p, Result<(), SinkError>> {
        let blocked = self.blocked.borrow().is_some();
        for record in records {
            self.take(record, blocked);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>> {
        Box::pin(async move {
            let mut blocked = self.blocked.clone();
            loop {
                let settled = tokio::select! {
                    settled = poll_fn(|context| self.poll_settled(context)) => settled?,
                    // Whether the broker blocks us decides what a poll does.
                    Ok(()) = blocked.changed() => continue,
                };
                into.extend(settled);
                return Ok(());
            }
        })
    }

    fn close(mut self: Box<Self>, budget: Duration) -> BoxFuture<'static, ()> {
        let confirms = std::mem::replace(&mut self.confirms, Confirms::new());
        Box::pin(async move {
            let farewell = async {
                rest(confirms, &self.channel).await;
                if Arc::strong_count(&self.link) == 1 {
                    // It closes either way; there is nothing to do about an error.
                    let _ = self.link.goodbye().await;
                }
            };
            let _ = tokio::time::timeout(budget, farewell).await;
        })
    }
}

/// A publisher that is dropped in mid-flight leaves frames in lapin's queue, which lapin would send after the channel's end: to
/// the broker an error that costs the whole connection, and with it the other lanes.
impl Drop for AmqpPublisher {
    fn drop(&mut self) {
        let confirms = std::mem::replace(&mut self.confirms, Confirms::new());
        if let (Some(seat), Ok(runtime)) = (self.seat.take(), Handle::try_current()) {
            runtime.spawn(retire(
                confirms,
                Arc::clone(&self.channel),
                Arc::clone(&self.link),
                seat,
            ));
        }
    }
}

async fn retire(confirms: Confirms<Confirm>, channel: Arc<Channel>, link: Arc<Link>, seat: Seat) {
    link.within_patience(rest(confirms, &channel)).await;
    drop(seat);
}

/// Waits until lapin has nothing more of the channel, then closes it.
async fn rest(mut confirms: Confirms<Confirm>, channel: &Channel) {
    while confirms.len() > 0 {
        poll_fn(|context| confirms.poll_batch(context)).await;
    }
    // It is closed either way.
    let _ = channel.close(200, "OK".into()).await;
}
