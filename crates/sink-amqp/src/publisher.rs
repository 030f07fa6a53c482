//! Publisher: one lane's channel, which hands messages over and waits for their confirms.

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
use stream_core::model::Record;
use stream_core::sink::{Health, LaneLease, Outcome, Publisher, Settled, SinkError};
use tokio::runtime::Handle;

use crate::alarm::Alarm;
use crate::confirms::{Confirm, Confirms, Failure, judge};
use crate::connection::Connection;
use crate::drain::{LONG_REST, Leftovers, REST, drained, end};
use crate::error::{size_limit, stuck};
use crate::inquiry;
use crate::message::properties;
use crate::slow_start::SlowStart;
use crate::watchdog::Watchdog;

/// Where a lane's messages go and what they look like.
pub(crate) struct Target {
    pub(crate) exchange: ShortString,
    pub(crate) route: ShortString,
    /// Whether a queue called `route` was declared.
    pub(crate) declared: bool,
    pub(crate) headers: Headers,
    pub(crate) source: String,
    pub(crate) limit: Arc<AtomicUsize>,
}

/// Publisher of one lane, with backpressure in front of lapin, which has none.
///
/// Everything handed over is in exactly one place: `waiting` (lapin gets nothing more, because it would queue frames without
/// limit while the broker blocks us), `confirms` (lapin has it), or `settled` (its fate is known). The lane's window bounds all
/// three.
pub(crate) struct AmqpPublisher {
    target: Target,
    waiting: VecDeque<Record>,
    confirms: Confirms<Confirm>,
    settled: Vec<Settled>,
    failure: Option<SinkError>,
    watchdog: Watchdog,
    slow_start: SlowStart,
    alarm: Alarm,
    header: String,
    channel: Arc<Channel>,
    connection: Arc<Connection>,
    lease: Option<LaneLease>,
}

impl AmqpPublisher {
    pub(crate) fn new(
        connection: Arc<Connection>,
        channel: Channel,
        target: Target,
        slow_start: SlowStart,
        lease: LaneLease,
    ) -> Self {
        Self {
            target,
            waiting: VecDeque::new(),
            confirms: Confirms::new(),
            settled: Vec::new(),
            failure: None,
            watchdog: Watchdog::new(slow_start.patience()),
            slow_start,
            alarm: connection.alarm(),
            header: String::new(),
            channel: Arc::new(channel),
            connection,
            lease: Some(lease),
        }
    }

    /// Whether lapin may get one more record.
    fn has_room(&self, blocked: bool) -> bool {
        !blocked && self.slow_start.lets_go(self.confirms.len())
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
            if self.confirms.len() == 0
                && let Some(ended) = self.connection.ended(&self.channel)
            {
                self.failure = Some(ended);
                continue;
            }
            return Poll::Pending;
        }
    }

    fn believe(&mut self, batch: Vec<Confirm>) {
        let (delivered, result) = judge(batch, self.target.route.as_str());
        if !delivered.is_empty() {
            self.slow_start.confirmed();
            self.watchdog.set_patience(self.slow_start.patience());
        }
        self.settled = delivered;
        if let Err(failure) = result {
            self.failure = Some(self.explain(&failure));
        }
    }

    fn give_up(&self) -> SinkError {
        self.slow_start.gave_up();
        stuck(&self.connection.address())
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
        failure.explain(|error| self.connection.explain("publishing", error))
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

    fn health(&self) -> Health {
        self.alarm.health()
    }

    fn inquire(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        let declared = self.target.declared.then(|| self.target.route.clone());
        let asked = inquiry::ask(
            Arc::clone(&self.connection),
            self.target.exchange.clone(),
            declared,
        );
        Box::pin(asked)
    }

    fn close(mut self: Box<Self>, budget: Duration) -> BoxFuture<'static, ()> {
        let confirms = std::mem::replace(&mut self.confirms, Confirms::new());
        Box::pin(async move {
            let farewell = async {
                drained(confirms).await;
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

impl Drop for AmqpPublisher {
    fn drop(&mut self) {
        // At most one record is out that nobody has confirmed, and lapin has sent it: the next publisher need not wait for it.
        let (lease, patience) = if self.slow_start.is_proven() {
            (self.lease.take(), REST)
        } else {
            (None, LONG_REST)
        };
        let left = Leftovers {
            connection: Arc::clone(&self.connection),
            channel: Arc::clone(&self.channel),
            confirms: std::mem::replace(&mut self.confirms, Confirms::new()),
            lease,
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(left.come_to_rest(patience));
        }
    }
}
