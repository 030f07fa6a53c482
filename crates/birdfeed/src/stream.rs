//! Event stream: what becomes of one of X's streams, one event after the other.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_executor::block_on;
use stream_core::supervisor::Standalone;
use tokio_util::sync::CancellationToken;

use crate::event::Event;
use crate::inbox::Inbox;
use crate::reader;

/// One of X's streams, kept alive until it is told to stop. Connects when it is first asked for an event; needs no runtime of the
/// program's. Dropping it disconnects.
pub struct Stream {
    handle: Handle,
    /// Until the first event is asked for.
    supervisor: Option<Standalone>,
}

/// Disconnects a [`Stream`] from elsewhere: another task, another thread, a handler.
#[derive(Clone)]
pub struct Handle {
    inbox: Arc<Inbox>,
    stop: CancellationToken,
}

impl Stream {
    pub(crate) fn new(supervisor: Standalone, inbox: Arc<Inbox>) -> Self {
        let stop = supervisor.stop.clone();
        Self {
            handle: Handle { inbox, stop },
            supervisor: Some(supervisor),
        }
    }

    /// The next event; `None` once [`Event::Disconnected`] has been given. Cancel safe: a dropped call loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The same for a program without async: blocks this thread.
    pub fn next_blocking(&mut self) -> Option<Event> {
        block_on(self.next())
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if let Some(supervisor) = self.supervisor.take() {
            reader::start(supervisor, self.handle.inbox.clone());
        }
        self.handle.inbox.poll(context)
    }

    /// Disconnects at once, also while it waits; [`Event::Disconnected`] is all that comes then.
    pub fn disconnect(&self) {
        self.handle.disconnect();
    }

    /// Something to disconnect it with from elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

/// For the combinators of futures-util.
impl futures_util::Stream for Stream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll(context)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.disconnect();
    }
}

impl Handle {
    /// Disconnects at once, also while the stream waits; what has been read and not taken is discarded, and counted.
    pub fn disconnect(&self) {
        self.inbox.discard();
        self.stop.cancel();
    }

    /// Whether the stream has ended for good, or will at once.
    pub fn is_disconnected(&self) -> bool {
        self.inbox.is_closed()
    }
}
