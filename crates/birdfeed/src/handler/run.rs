//! Driving a handler: each event to its callback, whose failure is not the stream's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use super::callbacks::Handler;
use super::exception::{Exception, HandlerResult};
use crate::error::Error;
use crate::event::{Disconnected, Event, Exit};
use crate::stream::{Handle, Stream};

/// A stream that runs on a thread of its own: tweepy's `threaded=True`. Dropping this leaves it running.
pub struct Running {
    handle: Handle,
    thread: JoinHandle<Disconnected>,
}

impl Stream {
    /// Calls `handler` until the stream has ended for good, and says why it has. Blocks this thread; a program with a runtime of
    /// its own says [`spawn`](Self::spawn).
    pub fn run(mut self, mut handler: impl Handler) -> Disconnected {
        let handle = self.handle();
        loop {
            match self.next_blocking() {
                Some(Event::Disconnected(end)) => {
                    tell(&mut handler, &handle, &Event::Disconnected(end.clone()));
                    return end;
                }
                Some(event) => tell(&mut handler, &handle, &event),
                // It had ended before.
                None => return ENDED,
            }
        }
    }

    /// The same on a thread of its own.
    pub fn spawn(self, handler: impl Handler + Send + 'static) -> Result<Running, Error> {
        let handle = self.handle();
        let thread = thread::Builder::new()
            .name("birdfeed-handler".to_owned())
            .spawn(move || self.run(handler))?;
        Ok(Running { handle, thread })
    }
}

const ENDED: Disconnected = Disconnected {
    exit: Exit::Failed,
    discarded: 0,
};

impl Running {
    /// Disconnects at once, also while the stream waits: the handler is told of nothing but the end.
    pub fn disconnect(&self) {
        self.handle.disconnect();
    }

    /// Something to disconnect it with from elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Whether it has ended, and the handler is done.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end, and says why it came.
    pub fn join(self) -> Disconnected {
        self.thread.join().unwrap_or(ENDED)
    }
}

/// Tells the handler of an event, and of what came of that if it failed.
fn tell(handler: &mut impl Handler, handle: &Handle, event: &Event) {
    if let Err(exception) = caught(|| deliver(handler, handle, event))
        && let Err(again) = caught(|| handler.on_exception(handle, &exception))
    {
        tracing::error!(%exception, %again, "the handler's on_exception has failed");
    }
}

fn caught(call: impl FnOnce() -> HandlerResult) -> Result<(), Exception> {
    // What a panic leaves of the handler is the handler's.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => outcome.map_err(Exception::Error),
        Err(panic) => Err(Exception::Panic(text(&*panic))),
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a text").to_owned()
}

fn deliver(handler: &mut impl Handler, handle: &Handle, event: &Event) -> HandlerResult {
    match event {
        Event::Connected { .. } => handler.on_connect(handle),
        Event::Post(post) => handler.on_data(handle, post.message()),
        Event::Status(status) => handler.on_data(handle, status.message()),
        Event::Other(message) => handler.on_data(handle, message),
        Event::KeepAlive => handler.on_keep_alive(handle),
        Event::ConnectionError(error) => handler.on_connection_error(handle, error),
        Event::RequestError(error) => handler.on_request_error(handle, error),
        Event::Closed(closed) => handler.on_closed(handle, closed),
        Event::Gap(gap) => handler.on_gap(handle, gap),
        Event::Waiting(waiting) => handler.on_waiting(handle, waiting),
        Event::Disconnected(end) => handler.on_disconnect(handle, end),
    }
}
