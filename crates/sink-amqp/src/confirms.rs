//! Publisher confirms of one channel, and when they may be believed.
//!
//! # Why a returned message is never counted as delivered
//!
//! A broker acknowledges a message that it could not route as well, after it has sent it back (`basic.return`). lapin keeps
//! what came back in one queue and hands its head to whichever confirm it resolves next; for an acknowledgement of several
//! messages that order is a hash map's. So the message that comes with a confirm may be another's, and a message's own confirm
//! may come bare although the message was returned. This much is certain, for lapin 4.12 and a broker that keeps the protocol:
//!
//! 1. The broker sends a message's return before any acknowledgement that covers the message, on the same channel.
//! 2. lapin reads a channel's frames in order on one thread, and resolves confirms there (`Acknowledgements::complete_pending`);
//!    each takes one returned message along if the queue holds any (`ReturnedMessages::get_waiting_message`).
//! 3. So when a confirm resolves **bare**, the queue was empty: every return read before it, its own among them if it had one,
//!    had been given to a confirm that resolved earlier.
//!
//! Hence: a bare confirm means delivered if no confirm that resolved before it carries a message. [`Confirms`] holds every
//! confirm of its channel from first to last and gives out what has resolved only when nothing further has, so a batch that
//! holds a confirm also holds all that resolved before it and were not given out earlier; and [`judge`] believes no confirm of a
//! batch in which anything came back. After that the publisher is over, so no later batch builds on a message that came back.
//!
//! Why [`Confirms::poll_batch`] knows that nothing further has resolved: a future that can make progress has called the waker
//! that it was last polled with. So a collection of futures that answers "pending" and has not called *its* waker since it
//! was polled holds none that can.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::Stream as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::task::AtomicWaker;
use lapin::Confirmation;
use stream_core::sink::{Outcome, Settled, SinkError};

/// What becomes of the record with the given `seq`.
pub(crate) type Confirm = (u64, lapin::Result<Confirmation>);

/// Things that resolve in any order, given out in batches that leave out nothing which resolved before one of its members.
pub(crate) struct Confirms<T> {
    pending: FuturesUnordered<BoxFuture<'static, T>>,
    batch: Vec<T>,
    news: Arc<News>,
    waker: Waker,
}

/// Whether the pending ones have called since they were last asked; passes the call on to whoever waits.
#[derive(Default)]
struct News {
    called: AtomicBool,
    task: AtomicWaker,
}

impl Wake for News {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.called.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl<T> Confirms<T> {
    pub(crate) fn new() -> Self {
        let news = Arc::new(News::default());
        Self {
            pending: FuturesUnordered::new(),
            batch: Vec::new(),
            waker: Waker::from(Arc::clone(&news)),
            news,
        }
    }

    /// Takes one in and polls it, so that what its first step does (handing a message to lapin) is done in the order of calls.
    pub(crate) fn push(&mut self, mut confirm: BoxFuture<'static, T>) {
        match confirm.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => self.batch.push(done),
            // The collection polls what is new to it, which puts a real waker in the place of that one.
            Poll::Pending => self.pending.push(confirm),
        }
    }

    /// How many have been taken in and not given out.
    pub(crate) fn len(&self) -> usize {
        self.pending.len() + self.batch.len()
    }

    /// Everything that has resolved and was not given out before; pending while that is nothing.
    pub(crate) fn poll_batch(&mut self, context: &Context<'_>) -> Poll<Vec<T>> {
        self.news.task.register(context.waker());
        loop {
            self.news.called.store(false, Ordering::Release);
            match Pin::new(&mut self.pending).poll_next(&mut Context::from_waker(&self.waker)) {
                Poll::Ready(Some(done)) => self.batch.push(done),
                Poll::Pending if self.news.called.load(Ordering::Acquire) => {}
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        if self.batch.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(std::mem::take(&mut self.batch))
        }
    }
}

/// What a batch means: the records that are delivered, and what ended the publisher if anything did.
pub(crate) fn judge(batch: Vec<Confirm>, route: &str) -> (Vec<Settled>, Result<(), Failure>) {
    let mut delivered = Vec::with_capacity(batch.len());
    let mut result = Ok(());
    for (seq, confirm) in batch {
        match confirm {
            Ok(Confirmation::Ack(None)) => delivered.push(Settled {
                seq,
                outcome: Outcome::Delivered,
            }),
            Ok(Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) => {
                let id = message
                    .properties
                    .message_id()
                    .as_ref()
                    .map_or("?", |id| id.as_str())
                    .to_owned();
                return (
                    Vec::new(),
                    Err(Failure::Returned {
                        id,
                        route: route.to_owned(),
                    }),
                );
            }
            Ok(Confirmation::Nack(None)) => result = result.and(Err(Failure::Nacked)),
            Ok(Confirmation::NotRequested) => result = result.and(Err(Failure::NoConfirms)),
            Err(error) => result = result.and(Err(Failure::Broken(error))),
        }
    }
    (delivered, result)
}

/// Why a publisher is over.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message came back: nothing is bound that would take it.
    Returned { id: String, route: String },
    /// The broker said that it could not take a message.
    Nacked,
    /// The channel gives no confirms.
    NoConfirms,
    /// The channel or its connection is gone.
    Broken(lapin::Error),
}

impl Failure {
    /// What it asks of the caller; `broken` says it of a channel or connection that is gone.
    pub(crate) fn explain(&self, broken: impl FnOnce(&lapin::Error) -> SinkError) -> SinkError {
        match self {
            Self::Returned { id, route } => SinkError::Operator(format!(
                "unroutable: no queue is bound for {route:?}, so {id} came back: bind one, or set declare = true"
            )),
            Self::Nacked => SinkError::Unavailable(
                "the broker refused a message (nack): a queue is full or failing".into(),
            ),
            Self::NoConfirms => SinkError::Unavailable("the channel gives no confirms".into()),
            Self::Broken(error) => broken(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker;
    use lapin::message::{BasicReturnMessage, Delivery};
    use tokio::sync::oneshot;

    use super::*;

    fn returned() -> BasicReturnMessage {
        BasicReturnMessage {
            delivery: Delivery::mock(0, "x".into(), "x.tweets".into(), false, Vec::new()),
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
        }
    }

    fn seqs(delivered: &[Settled]) -> Vec<u64> {
        delivered.iter().map(|settled| settled.seq).collect()
    }

    #[test]
    fn nothing_is_believed_beside_a_message_that_came_back() {
        for confirm in [
            Confirmation::Ack(Some(returned())),
            Confirmation::Nack(Some(returned())),
        ] {
            let batch = vec![
                (1, Ok(Confirmation::Ack(None))),
                (2, Ok(confirm)),
                (3, Ok(Confirmation::Ack(None))),
            ];
            let (delivered, result) = judge(batch, "x.tweets");
            assert!(delivered.is_empty(), "{delivered:?}");
            assert!(matches!(result, Err(Failure::Returned { .. })), "{result:?}");
        }
    }

    #[test]
    fn what_is_acknowledged_counts_whatever_else_fails() {
        for (failure, class) in [
            (Ok(Confirmation::Nack(None)), "nack"),
            (Ok(Confirmation::NotRequested), "no confirms"),
        ] {
            let batch = vec![
                (1, Ok(Confirmation::Ack(None))),
                (2, failure),
                (3, Ok(Confirmation::Ack(None))),
            ];
            let (delivered, result) = judge(batch, "x.tweets");
            assert_eq!(seqs(&delivered), [1, 3]);
            let error = result.unwrap_err().explain(|error| unreachable!("{error}"));
            assert!(error.to_string().contains(class), "{error}");
        }
    }

    #[test]
    fn a_batch_leaves_out_nothing_that_resolved_before_one_of_its_members() {
        let mut confirms = Confirms::new();
        let mut tell: Vec<_> = (0..100)
            .map(|n| {
                let (tell, told) = oneshot::channel();
                confirms.push(Box::pin(async move {
                    told.await.unwrap();
                    n
                }));
                Some(tell)
            })
            .collect();
        let waker = noop_waker();
        let context = Context::from_waker(&waker);
        assert!(confirms.poll_batch(&context).is_pending());
        for round in [vec![99, 0, 50], vec![1], (2..50).rev().collect()] {
            for n in &round {
                tell[*n].take().unwrap().send(()).unwrap();
            }
            let Poll::Ready(mut batch) = confirms.poll_batch(&context) else {
                panic!("nothing of {round:?}")
            };
            batch.sort_unstable();
            let mut round = round;
            round.sort_unstable();
            assert_eq!(batch, round);
        }
        assert_eq!(confirms.len(), 48);
        assert!(confirms.poll_batch(&context).is_pending());
    }
}
