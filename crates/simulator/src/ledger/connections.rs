//! Offsets: how much of each connection's body is entered, and how much of that the kernel took.

use std::collections::VecDeque;

use super::entries::{Arrival, Connection, End};
use crate::endpoint::Endpoint;

/// The streams that got their 200, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Connections(Vec<Open>);

#[derive(Debug)]
pub(super) struct Open {
    public: Connection,
    /// Line ends that the kernel has yet to take: (offset after the line, is a post).
    pending: VecDeque<(u64, bool)>,
}

impl Connections {
    pub(super) fn open(&mut self, number: u32, endpoint: Endpoint, delimited: bool) {
        self.0.push(Open {
            public: Connection {
                number,
                endpoint,
                delimited,
                entered: 0,
                written: 0,
                end: None,
            },
            pending: VecDeque::new(),
        });
    }

    pub(super) fn get_mut(&mut self, number: u32) -> &mut Open {
        let mut newest_first = self.0.iter_mut().rev();
        let open = newest_first.find(|open| open.public.number == number);
        open.expect("a stream is opened in the ledger before anything else happens to it")
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Connection> {
        self.0.iter().map(|open| open.public)
    }

    /// Did the line that ends at this offset of a connection's body reach the client?
    pub(super) fn arrival(&self, connection: u32, end: u64) -> Arrival {
        match self.all().find(|open| open.number == connection) {
            Some(open) if end > open.written => Arrival::NotWritten,
            Some(Connection { end: Some(end), .. }) if end.loses_the_tail() => Arrival::Perhaps,
            _ => Arrival::Written,
        }
    }
}

impl Open {
    pub(super) fn is_delimited(&self) -> bool {
        self.public.delimited
    }

    /// Enters so many bytes, a whole line with its end; gives the offset after them.
    pub(super) fn enter(&mut self, bytes: usize, is_post: bool) -> u64 {
        self.public.entered += bytes as u64;
        self.pending.push_back((self.public.entered, is_post));
        self.public.entered
    }

    /// The kernel has taken so many bytes in all; gives how many these are more, and how many posts became whole.
    pub(super) fn written(&mut self, bytes: u64) -> (u64, u64) {
        let more = bytes - self.public.written;
        self.public.written = bytes;
        let whole = self.pending.partition_point(|(end, _)| *end <= bytes);
        let posts = self
            .pending
            .drain(..whole)
            .filter(|(_, is_post)| *is_post)
            .count();
        (more, posts as u64)
    }

    /// Gives how many lines the kernel did not take whole, and how many of them are posts.
    pub(super) fn close(&mut self, end: End) -> (usize, u64) {
        self.public.end = Some(end);
        let cut = std::mem::take(&mut self.pending);
        let posts = cut.iter().filter(|(_, is_post)| *is_post).count();
        (cut.len(), posts as u64)
    }
}
