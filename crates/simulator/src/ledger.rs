//! What was written: every line is entered before its first byte goes to the socket.
//!
//! Bytes leave in order, so what a client received of a connection is always a prefix of that connection's lines. The
//! ledger knows two borders of it: how many bytes the kernel took ([`Arrival::NotWritten`] begins there) and how the
//! connection ended (after a reset or the client's death the tail that the kernel took may be lost: [`Arrival::Perhaps`]).

mod file;

use crate::endpoint::Endpoint;
use crate::settings::Keep;
use crate::world::{Stamp, Templates, Times};
use bytes::Bytes;
use file::File;
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A post.
    Post(Origin),
    /// An empty line.
    KeepAlive,
    /// An errors-only message.
    Control,
    /// A bad or strange line of the fault plan.
    Garbage,
    /// A valid message of unusual size.
    Oversize,
}

/// Why a post was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// For the first time.
    Live,
    /// Again, because backfill was asked for.
    Backfill,
    /// Again, by a fault.
    Duplicate,
}

/// Did a line reach the client?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The kernel took it to its last byte, and nothing that would lose it has happened.
    Written,
    /// The kernel took it, but then the connection was reset or the client went away: it may be lost, and so may all
    /// after it.
    Perhaps,
    /// The kernel did not take all of it, line end included.
    NotWritten,
}

/// Any line that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Number of the stream attempt.
    pub connection: u32,
    /// What it is.
    pub kind: LineKind,
    /// Its bytes, without the line end.
    pub bytes: Bytes,
    /// The fault that caused it, by [name](crate::Fault::name), with the kind of garbage after a space.
    pub fault: Option<String>,
    /// Did it reach the client?
    pub arrival: Arrival,
}

/// A post that was written, with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its id.
    pub id: String,
    /// Number of the stream attempt.
    pub connection: u32,
    /// The whole message, without the line end.
    pub line: Bytes,
    /// Where the value of `data` lies in the line.
    pub data: Range<usize>,
    /// Where the value of `includes` lies.
    pub includes: Option<Range<usize>>,
    /// Where the value of `errors` lies.
    pub errors: Option<Range<usize>>,
    /// Where the value of `matching_rules` lies.
    pub matching_rules: Option<Range<usize>>,
    /// Why it was sent.
    pub origin: Origin,
    /// Did it reach the client?
    pub arrival: Arrival,
}

impl Post {
    /// The value of `data`.
    pub fn data(&self) -> Bytes {
        self.line.slice(self.data.clone())
    }

    /// The value of `includes`.
    pub fn includes(&self) -> Option<Bytes> {
        self.includes.clone().map(|range| self.line.slice(range))
    }

    /// The value of `errors`.
    pub fn errors(&self) -> Option<Bytes> {
        self.errors.clone().map(|range| self.line.slice(range))
    }

    /// The value of `matching_rules`.
    pub fn matching_rules(&self) -> Option<Bytes> {
        self.matching_rules.clone().map(|range| self.line.slice(range))
    }
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The body was ended properly.
    Clean,
    /// The socket was closed in the middle of the body.
    Cut,
    /// The socket was reset.
    Reset,
    /// The client went away.
    ClientGone,
    /// The client took nothing for too long, and was cut off.
    SlowReader,
    /// The simulator was shut down.
    Shutdown,
}

impl End {
    fn loses_the_tail(self) -> bool {
        matches!(self, End::Reset | End::ClientGone | End::SlowReader)
    }
}

/// A stream that got its 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Number of the stream attempt, from 1. Refused attempts have numbers too, but no entry.
    pub number: u32,
    /// Which stream.
    pub endpoint: Endpoint,
    /// Bytes of the body entered.
    pub entered: u64,
    /// Bytes of the body that the kernel took.
    pub written: u64,
    /// How it ended; `None` while it is open.
    pub end: Option<End>,
}

/// Counts over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Streams that got their 200.
    pub connections: u64,
    /// Streams that have ended.
    pub ended: u64,
    /// Posts entered, repeats included.
    pub posts: u64,
    /// Posts that the kernel took whole, repeats included.
    pub whole_posts: u64,
    /// Keep-alives.
    pub keep_alives: u64,
    /// Errors-only messages.
    pub controls: u64,
    /// Garbage lines.
    pub garbage: u64,
    /// Oversize messages.
    pub oversize: u64,
    /// Bytes of bodies that the kernel took.
    pub bytes: u64,
}

/// The record of everything written. Clones share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    templates: Arc<Templates>,
    line_end: &'static [u8],
    inner: Arc<Mutex<Inner>>,
    totals: Arc<watch::Sender<Totals>>,
}

#[derive(Debug)]
struct Inner {
    keep: Kept,
    connections: Vec<Open>,
}

#[derive(Debug)]
enum Kept {
    Memory(Vec<Entry>),
    File(File),
    Counts,
}

#[derive(Debug)]
struct Open {
    public: Connection,
    /// Line ends that the kernel has yet to take: (offset after the line, is a post).
    pending: VecDeque<(u64, bool)>,
}

#[derive(Debug)]
struct Entry {
    connection: u32,
    /// Offset in the body after the line and its end.
    end: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Post(Stamp, Origin),
    Other(Box<Other>),
    KeepAlive,
}

#[derive(Debug)]
struct Other {
    kind: LineKind,
    fault: String,
    bytes: Bytes,
}

/// A line about to be written.
pub(crate) enum Draft<'a> {
    Post {
        stamp: Stamp,
        origin: Origin,
        line: &'a [u8],
    },
    KeepAlive,
    Other {
        kind: LineKind,
        fault: String,
        line: &'a [u8],
    },
}

impl Ledger {
    pub(crate) fn new(keep: &Keep, templates: Arc<Templates>, line_end: &'static [u8]) -> io::Result<Self> {
        let keep = match keep {
            Keep::Memory => Kept::Memory(Vec::new()),
            Keep::File(path) => Kept::File(File::create(path)?),
            Keep::Counts => Kept::Counts,
        };
        let inner = Arc::new(Mutex::new(Inner {
            keep,
            connections: Vec::new(),
        }));
        Ok(Ledger {
            templates,
            line_end,
            inner,
            totals: Arc::new(watch::Sender::new(Totals::default())),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts so far.
    pub fn totals(&self) -> Totals {
        *self.totals.borrow()
    }

    /// Waits until the counts satisfy a condition.
    pub async fn wait_for(&self, condition: impl FnMut(&Totals) -> bool) -> Totals {
        let mut totals = self.totals.subscribe();
        // The sender lives as long as this ledger.
        totals
            .wait_for(condition)
            .await
            .map_or_else(|_| self.totals(), |totals| *totals)
    }

    /// The streams that got their 200, in the order of their numbers.
    pub fn connections(&self) -> Vec<Connection> {
        self.lock().connections.iter().map(|open| open.public).collect()
    }

    /// Every line, in the order written. Empty unless the ledger is kept in [memory](Keep::Memory).
    pub fn lines(&self) -> Vec<Line> {
        let inner = self.lock();
        let line = |entry: &Entry| {
            let (kind, bytes, fault) = match &entry.what {
                What::Post(stamp, origin) => (LineKind::Post(*origin), self.line_of(*stamp), None),
                What::KeepAlive => (LineKind::KeepAlive, Bytes::new(), None),
                What::Other(other) => (other.kind, other.bytes.clone(), Some(other.fault.clone())),
            };
            Line {
                connection: entry.connection,
                kind,
                bytes,
                fault,
                arrival: inner.arrival(entry),
            }
        };
        inner.entries().iter().map(line).collect()
    }

    /// Every post, repeats included, in the order written. Empty unless the ledger is kept in [memory](Keep::Memory).
    pub fn posts(&self) -> Vec<Post> {
        let inner = self.lock();
        let mut times = Times::default();
        let mut post = |entry: &Entry| {
            let What::Post(stamp, origin) = entry.what else {
                return None;
            };
            let mut line = Vec::new();
            let written = self.templates.write(stamp, &mut times, &mut line);
            Some(Post {
                id: stamp.id.to_string(),
                connection: entry.connection,
                line: line.into(),
                data: written.data,
                includes: written.includes,
                errors: written.errors,
                matching_rules: written.matching_rules,
                origin,
                arrival: inner.arrival(entry),
            })
        };
        inner.entries().iter().filter_map(&mut post).collect()
    }

    /// The bytes of a connection's body that the kernel took, chunk framing aside.
    pub fn body(&self, connection: u32) -> Vec<u8> {
        let mut body = Vec::new();
        for line in self
            .lines()
            .into_iter()
            .filter(|line| line.connection == connection)
        {
            body.extend_from_slice(&line.bytes);
            body.extend_from_slice(self.line_end);
        }
        let written = self
            .connections()
            .into_iter()
            .find(|open| open.number == connection)
            .map_or(0, |open| open.written);
        body.truncate(usize::try_from(written).unwrap_or(usize::MAX));
        body
    }

    fn line_of(&self, stamp: Stamp) -> Bytes {
        let mut line = Vec::new();
        self.templates.write(stamp, &mut Times::default(), &mut line);
        line.into()
    }

    pub(crate) fn open(&self, number: u32, endpoint: Endpoint) {
        let public = Connection {
            number,
            endpoint,
            entered: 0,
            written: 0,
            end: None,
        };
        // The counts change under the same lock as what they count.
        let mut inner = self.lock();
        inner.connections.push(Open {
            public,
            pending: VecDeque::new(),
        });
        self.totals.send_modify(|totals| totals.connections += 1);
    }

    /// Enters lines that are about to be written to a connection.
    pub(crate) fn enter<'a>(
        &self,
        connection: u32,
        drafts: impl IntoIterator<Item = Draft<'a>>,
    ) -> io::Result<()> {
        let mut inner = self.lock();
        let Inner { keep, connections } = &mut *inner;
        let open = find(connections, connection);
        let mut totals = self.totals();
        for draft in drafts {
            let (length, is_post) = match &draft {
                Draft::Post { line, .. } => (line.len(), true),
                Draft::Other { line, .. } => (line.len(), false),
                Draft::KeepAlive => (0, false),
            };
            open.public.entered += (length + self.line_end.len()) as u64;
            open.pending.push_back((open.public.entered, is_post));
            count(&mut totals, &draft);
            match keep {
                Kept::Memory(entries) => {
                    entries.push(Entry {
                        connection,
                        end: open.public.entered,
                        what: what(draft),
                    });
                }
                Kept::File(file) => file.line(connection, &draft)?,
                Kept::Counts => {}
            }
        }
        if let Kept::File(file) = keep {
            file.flush()?;
        }
        self.totals.send_replace(totals);
        Ok(())
    }

    /// The kernel has taken so many bytes of a connection's body.
    pub(crate) fn written(&self, connection: u32, bytes: u64) {
        let mut inner = self.lock();
        let open = find(&mut inner.connections, connection);
        let more = bytes - open.public.written;
        open.public.written = bytes;
        let mut whole = 0;
        while let Some((_, is_post)) = open.pending.front().copied().filter(|(end, _)| *end <= bytes) {
            open.pending.pop_front();
            whole += u64::from(is_post);
        }
        self.totals.send_modify(|totals| {
            totals.whole_posts += whole;
            totals.bytes += more;
        });
    }

    pub(crate) fn close(&self, connection: u32, end: End) -> io::Result<()> {
        let mut inner = self.lock();
        let Inner { keep, connections } = &mut *inner;
        let open = find(connections, connection);
        open.public.end = Some(end);
        let unwritten = open.pending.len();
        open.pending = VecDeque::new();
        self.totals.send_modify(|totals| totals.ended += 1);
        match keep {
            Kept::File(file) => file.end(connection, end, unwritten),
            _ => Ok(()),
        }
    }
}

/// The entry of an open connection.
fn find(connections: &mut [Open], number: u32) -> &mut Open {
    let open = connections
        .iter_mut()
        .rev()
        .find(|open| open.public.number == number);
    open.expect("a stream is opened in the ledger before anything else happens to it")
}

fn count(totals: &mut Totals, draft: &Draft<'_>) {
    let counter = match draft {
        Draft::Post { .. } => &mut totals.posts,
        Draft::KeepAlive => &mut totals.keep_alives,
        Draft::Other {
            kind: LineKind::Control,
            ..
        } => &mut totals.controls,
        Draft::Other {
            kind: LineKind::Oversize,
            ..
        } => &mut totals.oversize,
        Draft::Other { .. } => &mut totals.garbage,
    };
    *counter += 1;
}

fn what(draft: Draft<'_>) -> What {
    match draft {
        Draft::Post { stamp, origin, .. } => What::Post(stamp, origin),
        Draft::KeepAlive => What::KeepAlive,
        Draft::Other { kind, fault, line } => What::Other(Box::new(Other {
            kind,
            fault,
            bytes: Bytes::copy_from_slice(line),
        })),
    }
}

impl Inner {
    fn entries(&self) -> &[Entry] {
        match &self.keep {
            Kept::Memory(entries) => entries,
            _ => &[],
        }
    }

    fn arrival(&self, entry: &Entry) -> Arrival {
        let open = self
            .connections
            .iter()
            .find(|open| open.public.number == entry.connection);
        match open.map(|open| open.public) {
            Some(open) if entry.end > open.written => Arrival::NotWritten,
            Some(Connection { end: Some(end), .. }) if end.loses_the_tail() => Arrival::Perhaps,
            _ => Arrival::Written,
        }
    }
}
