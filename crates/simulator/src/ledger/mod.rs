//! What was written: every line is entered before its first byte goes to the socket.
//!
//! Bytes leave in order, so what a client received of a connection is always a prefix of that connection's lines. The
//! ledger knows two borders of it: how many bytes the kernel took ([`Arrival::NotWritten`] begins there) and how the
//! connection ended (after a reset, a death or a shutdown the tail that the kernel took may be lost: [`Arrival::Perhaps`]).

mod entries;
mod file;

pub use entries::{Arrival, Connection, End, Line, LineKind, Origin, Post, Totals};

use crate::endpoint::Endpoint;
use crate::settings::Keep;
use crate::world::{Pool, Stamp, Times};
use bytes::Bytes;
use file::File;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::watch;

/// The record of everything written. Clones share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    pool: Arc<Pool>,
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
    pub(crate) fn new(keep: &Keep, pool: Arc<Pool>, line_end: &'static [u8]) -> io::Result<Self> {
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
            pool,
            line_end,
            inner,
            totals: Arc::new(watch::Sender::new(Totals::default())),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
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
        self.lines_in(0..usize::MAX)
    }

    /// The lines with these places in the order written: for ledgers too long to have written out at once.
    pub fn lines_in(&self, places: Range<usize>) -> Vec<Line> {
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
        inner.entries(places).iter().map(line).collect()
    }

    /// Every post, repeats included, in the order written. Empty unless the ledger is kept in [memory](Keep::Memory).
    pub fn posts(&self) -> Vec<Post> {
        self.posts_in(0..usize::MAX)
    }

    /// The posts among the lines with these places, repeats included.
    pub fn posts_in(&self, places: Range<usize>) -> Vec<Post> {
        let inner = self.lock();
        let mut times = Times::default();
        let mut post = |entry: &Entry| {
            let What::Post(stamp, origin) = entry.what else {
                return None;
            };
            let mut line = Vec::new();
            let written = self.pool.write(stamp, &mut times, &mut line);
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
        inner.entries(places).iter().filter_map(&mut post).collect()
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
        self.pool.write(stamp, &mut Times::default(), &mut line);
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
    /// What is kept of these places.
    fn entries(&self, places: Range<usize>) -> &[Entry] {
        match &self.keep {
            Kept::Memory(entries) => {
                let end = places.end.min(entries.len());
                &entries[places.start.min(end)..end]
            }
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
