//! One lane's channel: hands messages over, waits for their confirms.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lapin::Channel;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use stream_core::cloudevents::Headers;
use stream_core::model::Record;
use stream_core::sink::{Outcome, Publisher, Settled, SinkError};
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

use crate::alarm::Alarm;
use crate::confirms::{Confirm, Confirms, Failure, judge};
use crate::connection::Connection;
use crate::error::size_limit;
use crate::message::properties;
use crate::watchdog::Watchdog;

/// How long to wait for a confirm while some are owed.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for a publisher's first confirm; doubles each time that it was too short.
const FIRST_PATIENCE: Duration = Duration::from_secs(2);
/// How long confirms are waited for after the publisher's end, and then the channel's end.
const REST: Duration = Duration::from_secs(10);
/// The end of a channel that never got a confirm: `RabbitMQ` may hold it for 30 s.
const LONG_REST: Duration = Duration::from_secs(60);

/// Where a lane's messages go and what they look like.
pub(crate) struct Target {
    pub(crate) exchange: ShortString,
    pub(crate) route: ShortString,
    pub(crate) headers: Headers,
    pub(crate) source: String,
    pub(crate) limit: Arc<AtomicUsize>,
    /// How many publishers of this lane have waited in vain for their first confirm, one after the other.
    pub(crate) unproven: Arc<AtomicU32>,
}

/// One lane's way to the broker.
///
/// Everything handed over is in exactly one place: `waiting` (lapin gets nothing more, because it would queue frames without
/// limit while the broker blocks us), `confirms` (lapin has it), or `settled` (its fate is known). The lane's window bounds all
/// three.
///
/// The first record goes alone, and the others follow its confirm. A quorum queue without a leader (for half a second after a
/// broker's start, or for as long as a cluster has no majority) does not refuse messages: the broker holds the whole channel
/// until there is one, 30 s at most. One record is enough to find that out and to try again on another channel.
pub(crate) struct AmqpPublisher {
    target: Target,
    waiting: VecDeque<Record>,
    confirms: Confirms<Confirm>,
    settled: Vec<Settled>,
    failure: Option<SinkError>,
    watchdog: Watchdog,
    /// Whether a confirm has come.
    proven: bool,
    alarm: Alarm,
    header: String,
    channel: Arc<Channel>,
    connection: Arc<Connection>,
    seat: Option<Seat>,
}

/// A lane's right to publish, kept by its publisher and then by what is left of it in lapin. Without it a new publisher's
/// replay could be interleaved with frames of the old one that were still queued.
pub(crate) type Seat = OwnedMutexGuard<()>;

impl AmqpPublisher {
    pub(crate) fn new(connection: Arc<Connection>, channel: Channel, target: Target, seat: Seat) -> Self {
        let vain = target.unproven.load(Ordering::Relaxed);
        let first = FIRST_PATIENCE
            .saturating_mul(2_u32.saturating_pow(vain))
            .min(PATIENCE);
        Self {
            target,
            waiting: VecDeque::new(),
            confirms: Confirms::new(),
            settled: Vec::new(),
            failure: None,
            watchdog: Watchdog::new(first),
            proven: false,
            alarm: connection.alarm(),
            header: String::new(),
            channel: Arc::new(channel),
            connection,
            seat: Some(seat),
        }
    }

    /// Whether lapin may get one more record.
    fn has_room(&self, blocked: bool) -> bool {
        !blocked && (self.proven || self.confirms.len() == 0)
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
        } else if self.has_room(blocked) && self.waiting.is_empty() {
            self.hand_over(record.clone());
        } else {
            self.waiting.push_back(record.clone());
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
            let blocked = self.alarm.is_on();
            while self.has_room(blocked)
                && let Some(record) = self.waiting.pop_front()
            {
                self.hand_over(record);
            }
            if let Poll::Ready(batch) = self.confirms.poll_batch(context) {
                self.watchdog.progress();
                self.believe(batch);
                continue;
            }
            let overdue = self.confirms.len() > 0 && !blocked;
            if self.watchdog.poll(context, overdue).is_ready() {
                self.failure = Some(self.give_up());
                continue;
            }
            return Poll::Pending;
        }
    }

    fn believe(&mut self, batch: Vec<Confirm>) {
        let (delivered, result) = judge(batch, self.target.route.as_str());
        if !delivered.is_empty() {
            self.proven = true;
            self.target.unproven.store(0, Ordering::Relaxed);
            self.watchdog.set_patience(PATIENCE);
        }
        self.settled = delivered;
        if let Err(failure) = result {
            self.failure = Some(self.explain(&failure));
        }
    }

    fn give_up(&self) -> SinkError {
        if !self.proven {
            self.target.unproven.fetch_add(1, Ordering::Relaxed);
        }
        SinkError::Unavailable(format!(
            "the broker has confirmed nothing for {:?}: is a queue behind {:?} without a leader?",
            self.watchdog.patience(),
            self.target.route.as_str()
        ))
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
        let blocked = self.alarm.clone().is_on();
        for record in records {
            self.take(record, blocked);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>> {
        Box::pin(async move {
            let mut alarm = self.alarm.clone();
            loop {
                let settled = tokio::select! {
                    settled = poll_fn(|context| self.poll_settled(context)) => settled?,
                    // Whether the broker blocks us decides what a poll does.
                    () = alarm.changed() => continue,
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
                drain(confirms).await;
                end(&self.channel).await;
                if Arc::strong_count(&self.connection) == 1 {
                    // It closes either way; there is nothing to do about an error.
                    let _ = self.connection.goodbye().await;
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
        let (channel, connection) = (Arc::clone(&self.channel), Arc::clone(&self.connection));
        // At most one record is out that nobody has confirmed, and lapin has sent it: the next publisher need not wait for it.
        let (seat, patience) = if self.proven {
            (self.seat.take(), REST)
        } else {
            (None, LONG_REST)
        };
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            // A queue that is stuck confirms nothing. By then lapin has sent everything, and the channel can end without it.
            connection.within_patience(REST, drain(confirms)).await;
            if !connection.within_patience(patience, end(&channel)).await {
                connection.cut();
            }
            drop(seat);
        });
    }
}

/// Waits until lapin has nothing more of the channel.
async fn drain(mut confirms: Confirms<Confirm>) {
    while confirms.len() > 0 {
        poll_fn(|context| confirms.poll_batch(context)).await;
    }
}

async fn end(channel: &Channel) {
    // It is closed either way.
    let _ = channel.close(200, "OK".into()).await;
}
