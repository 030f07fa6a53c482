//! The queue itself: entries, and what they cost.

use std::collections::VecDeque;
use std::task::Waker;

use crate::event::Event;
use crate::message::Message;

/// What an entry costs besides its bytes.
pub(super) const OVERHEAD: usize = 256;

#[derive(Default)]
pub(super) struct Queue {
    pub(super) entries: VecDeque<Entry>,
    pub(super) bytes: usize,
    pub(super) phase: Phase,
    /// Events that nobody will see.
    pub(super) discarded: u64,
    /// Whom to wake when something comes.
    pub(super) waker: Option<Waker>,
}

/// How far the stream has got.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Open,
    /// The program wants no more.
    Disconnecting,
    /// Nothing will come any more.
    Over,
}

pub(super) enum Entry {
    Message(Message),
    Event(Event),
}

impl Entry {
    /// What it counts for, in bytes.
    pub(super) fn cost(&self) -> usize {
        let bytes = match self {
            Self::Message(message) => message.raw().len(),
            Self::Event(Event::RequestError(error)) => {
                let headers = error.headers.iter();
                let headers: usize = headers
                    .map(|(name, value)| name.as_str().len() + value.len())
                    .sum();
                error.body.len() + headers
            }
            Self::Event(_) => 0,
        };
        OVERHEAD + bytes
    }

    /// Whether it may come again and again while nobody takes anything.
    pub(super) fn repeats(&self) -> bool {
        matches!(
            self,
            Self::Event(Event::ConnectionError(_) | Event::RequestError(_) | Event::Waiting(_))
        )
    }

    pub(super) fn into_event(self) -> Event {
        match self {
            Self::Event(event) => event,
            Self::Message(message) => match (message.post(), message.status()) {
                (Some(post), _) => Event::Post(post),
                (None, Some(status)) => Event::Status(status),
                (None, None) => Event::Other(message),
            },
        }
    }
}

impl Queue {
    pub(super) fn put(&mut self, entry: Entry) {
        self.bytes += entry.cost();
        self.entries.push_back(entry);
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
