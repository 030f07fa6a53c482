//! Bounded buffer between the thread that reads and the program that takes: the library's [`Intake`]. Its bound is in bytes; who
//! takes too slowly for five seconds has the stream closed, and opened again when half of it is free.

mod queue;

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use source_x::XSource;
use source_x::split::MessageKind;
use stream_core::intake::{Finder, Intake};
use stream_core::model::{ConnectOutcome, DisconnectReason, Frame, StreamEvent, Timestamp};
use stream_core::source::Source as _;
use stream_core::telemetry::{Observation, Observer};
use tokio::sync::Notify;

use self::queue::{Entry, Phase, Queue};
use crate::event::{Closed, ConnectionError, Disconnected, Event, Exit, Gap, RequestError, Waiting};
use crate::message::Message;

/// The buffer. Whoever reads puts in, whoever has the [`Stream`](crate::Stream) takes out.
pub(crate) struct Inbox {
    source: Arc<XSource>,
    /// Bytes above which nothing more is read.
    capacity: usize,
    finder: Mutex<Finder>,
    queue: Mutex<Queue>,
    room: Notify,
}

impl Inbox {
    /// An empty buffer of so many bytes for what `source` brings, told to `finder` as it comes.
    pub(crate) fn new(source: Arc<XSource>, finder: Finder, capacity: usize) -> Self {
        Self {
            source,
            capacity,
            finder: Mutex::new(finder),
            queue: Mutex::default(),
            room: Notify::new(),
        }
    }

    /// The next event; `None` after the last.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut queue = self.queue.lock();
        if let Some(entry) = queue.entries.pop_front() {
            queue.bytes -= entry.cost();
            drop(queue);
            self.room.notify_one();
            return Poll::Ready(Some(entry.into_event()));
        }
        if queue.phase == Phase::Over {
            return Poll::Ready(None);
        }
        queue.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Discards what is there and what comes, up to the end.
    pub(crate) fn discard(&self) {
        let mut queue = self.queue.lock();
        if queue.phase == Phase::Open {
            queue.phase = Phase::Disconnecting;
            queue.discarded += queue.entries.len() as u64;
            queue.entries.clear();
            queue.bytes = 0;
        }
    }

    /// Whether the program has asked for the end, or it has come.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.lock().phase != Phase::Open
    }

    /// Nothing comes after this. The first call counts.
    pub(crate) fn close(&self, exit: Exit) {
        let mut queue = self.queue.lock();
        if queue.phase == Phase::Over {
            return;
        }
        queue.phase = Phase::Over;
        let discarded = queue.discarded;
        let end = Event::Disconnected(Disconnected { exit, discarded });
        queue.put(Entry::Event(end));
        queue.wake();
    }

    fn push(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut queue = self.queue.lock();
        for entry in entries {
            let full = queue.bytes >= self.capacity;
            if queue.phase == Phase::Open && !(full && entry.repeats()) {
                queue.put(entry);
            } else {
                queue.discarded += 1;
            }
        }
        queue.wake();
    }

    fn message(&self, kind: MessageKind, raw: Bytes) -> Entry {
        Entry::Message(Message::new(self.source.endpoint().messages(), kind, raw))
    }

    /// Takes a message apart, as far as it must be known who it is for.
    fn look(&self, connection: u64, message: Bytes) -> Entry {
        let split = self.source.split(&message);
        self.finder.lock().look(connection, &split);
        let kind = MessageKind::ALL
            .into_iter()
            .find(|kind| kind.name() == split.kind);
        self.message(kind.unwrap_or(MessageKind::Invalid), message)
    }

    fn entries(&self, connection: u64, frame: Frame) -> Vec<Entry> {
        match frame {
            Frame::KeepAlive => vec![Entry::Event(Event::KeepAlive)],
            Frame::Oversize(line) => vec![self.message(MessageKind::Invalid, line.head)],
            Frame::Message(line) => {
                let several = self.source.messages(&line).unwrap_or_else(|| vec![line]);
                several
                    .into_iter()
                    .map(|message| self.look(connection, message))
                    .collect()
            }
        }
    }

    fn connect_failed(&self, outcome: ConnectOutcome, status: Option<u16>, detail: &str) -> Event {
        let refusal = self.source.take_refusal().unwrap_or_default();
        let detail = detail.to_owned();
        match status {
            None => Event::ConnectionError(ConnectionError { reason: None, detail }),
            Some(status) => Event::RequestError(RequestError {
                status,
                outcome,
                headers: refusal.headers,
                body: refusal.body,
                detail,
            }),
        }
    }

    async fn until(&self, enough: impl Fn(usize) -> bool) {
        loop {
            let freed = self.room.notified();
            if enough(self.queue.lock().bytes) {
                return;
            }
            freed.await;
        }
    }

    fn is_half_free(&self, bytes: usize) -> bool {
        bytes <= self.capacity / 2
    }
}

/// What the end of an open connection is to the program.
fn ended(reason: DisconnectReason, detail: &str) -> Option<Event> {
    let detail = detail.to_owned();
    match reason {
        DisconnectReason::Broken | DisconnectReason::Silence | DisconnectReason::Stalled => {
            let reason = Some(reason);
            Some(Event::ConnectionError(ConnectionError { reason, detail }))
        }
        DisconnectReason::JournalFull => {
            let detail = "the buffer was full: the program takes events too slowly".to_owned();
            Some(Event::Closed(Closed { reason, detail }))
        }
        DisconnectReason::CleanEnd
        | DisconnectReason::Goodbye
        | DisconnectReason::Refused
        | DisconnectReason::Finished => Some(Event::Closed(Closed { reason, detail })),
        DisconnectReason::Shutdown | DisconnectReason::Renewed => None,
    }
}

impl Intake for Inbox {
    fn frames(&self, connection: u64, _received_at: Timestamp, frames: Vec<Frame>) {
        let entries: Vec<_> = frames
            .into_iter()
            .flat_map(|frame| self.entries(connection, frame))
            .collect();
        self.push(entries);
    }

    fn wants_keep_alives(&self) -> bool {
        true
    }

    fn event(&self, event: &StreamEvent<'_>, _seen: Timestamp) {
        let event = match event {
            StreamEvent::Connected { connection, .. } => Some(Event::Connected {
                connection: *connection,
            }),
            StreamEvent::ConnectFailed {
                outcome,
                status,
                detail,
                ..
            } => Some(self.connect_failed(*outcome, *status, detail)),
            StreamEvent::Gap { from, to, filled, .. } => Some(Event::Gap(Gap::new(*from, *to, *filled))),
            StreamEvent::Disconnected { reason, detail, .. } => ended(*reason, detail),
            _ => None,
        };
        self.push(event.map(Entry::Event));
    }

    fn is_full(&self) -> bool {
        self.queue.lock().bytes >= self.capacity
    }

    fn is_easy(&self) -> bool {
        self.is_half_free(self.queue.lock().bytes)
    }

    fn has_room(&self) -> BoxFuture<'_, ()> {
        self.until(|bytes| bytes < self.capacity).boxed()
    }

    fn has_ample_room(&self) -> BoxFuture<'_, ()> {
        self.until(|bytes| self.is_half_free(bytes)).boxed()
    }

    fn looked_through(&self) -> BoxFuture<'_, ()> {
        // Frames are split as they are taken.
        std::future::ready(()).boxed()
    }
}

impl Observer for Inbox {
    fn on(&self, observed: Observation<'_>) {
        if let Observation::Waiting { class, wait } = observed
            && !wait.is_zero()
        {
            self.push([Entry::Event(Event::Waiting(Waiting { wait, class }))]);
        }
    }
}

#[cfg(test)]
mod tests;
