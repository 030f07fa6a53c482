//! Write-ahead log of what is sent: every line is entered before its first byte goes to the socket.
//!
//! Bytes leave in order, so what a client received of a connection is always a prefix of that connection's lines. The
//! ledger knows two borders of it: how many bytes the kernel took ([`Arrival::NotWritten`] begins there) and how the
//! connection ended (after a reset, a death or a shutdown the tail that the kernel took may be lost: [`Arrival::Perhaps`]).

mod connections;
mod draft;
mod entries;
mod file;
mod kept;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
pub(crate) use draft::Draft;
pub use entries::{Arrival, Connection, End, Line, LineKind, Origin, Post, Totals};
use parking_lot::Mutex;
use tokio::sync::watch;

use self::connections::Connections;
use self::kept::{Entry, Kept, What};
use crate::endpoint::Endpoint;
use crate::settings::Keep;
use crate::world::{Pool, Stamp, Times};

/// Audit trail of everything written. Clones share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    pool: Arc<Pool>,
    line_end: &'static [u8],
    inner: Arc<Mutex<Inner>>,
    totals: Arc<watch::Sender<Totals>>,
}

#[derive(Debug)]
struct Inner {
    kept: Kept,
    connections: Connections,
}

impl Ledger {
    pub(crate) fn new(keep: &Keep, pool: Arc<Pool>, line_end: &'static [u8]) -> io::Result<Self> {
        let inner = Inner {
            kept: Kept::new(keep)?,
            connections: Connections::default(),
        };
        Ok(Ledger {
            pool,
            line_end,
            inner: Arc::new(Mutex::new(inner)),
            totals: Arc::new(watch::Sender::new(Totals::default())),
        })
    }

    /// The counts as they are now, consistent with each other.
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
        self.inner.lock().connections.all().collect()
    }

    /// Every line, in the order written. Empty unless the ledger is kept in [memory](Keep::Memory).
    pub fn lines(&self) -> Vec<Line> {
        self.lines_in(0..usize::MAX)
    }

    /// The lines with these places in the order written: for ledgers too long to have written out at once.
    pub fn lines_in(&self, places: Range<usize>) -> Vec<Line> {
        let inner = self.inner.lock();
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
                arrival: inner.connections.arrival(entry.connection, entry.end),
            }
        };
        inner.kept.entries(places).iter().map(line).collect()
    }

    /// Every post, repeats included, in the order written. Empty unless the ledger is kept in [memory](Keep::Memory).
    pub fn posts(&self) -> Vec<Post> {
        self.posts_in(0..usize::MAX)
    }

    /// The posts among the lines with these places, repeats included.
    pub fn posts_in(&self, places: Range<usize>) -> Vec<Post> {
        let inner = self.inner.lock();
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
                arrival: inner.connections.arrival(entry.connection, entry.end),
            })
        };
        inner.kept.entries(places).iter().filter_map(&mut post).collect()
    }

    /// The bytes of a connection's body that the kernel took, chunk framing aside.
    pub fn body(&self, connection: u32) -> Vec<u8> {
        let mut body = Vec::new();
        let open = self
            .connections()
            .into_iter()
            .find(|open| open.number == connection);
        let delimited = open.is_some_and(|open| open.delimited);
        for line in self
            .lines()
            .into_iter()
            .filter(|line| line.connection == connection)
        {
            body.extend_from_slice(&prefix(delimited, line.bytes.len(), self.line_end));
            body.extend_from_slice(&line.bytes);
            body.extend_from_slice(self.line_end);
        }
        let written = open.map_or(0, |open| open.written);
        body.truncate(usize::try_from(written).unwrap_or(usize::MAX));
        body
    }

    fn line_of(&self, stamp: Stamp) -> Bytes {
        let mut line = Vec::new();
        self.pool.write(stamp, &mut Times::default(), &mut line);
        line.into()
    }

    pub(crate) fn open(&self, number: u32, endpoint: Endpoint, delimited: bool) {
        // The counts change under the same lock as what they count.
        let mut inner = self.inner.lock();
        inner.connections.open(number, endpoint, delimited);
        self.totals.send_modify(|totals| totals.connections += 1);
    }

    /// Enters lines that are about to be written to a connection.
    pub(crate) fn enter<'a>(
        &self,
        connection: u32,
        drafts: impl IntoIterator<Item = Draft<'a>>,
    ) -> io::Result<()> {
        let mut inner = self.inner.lock();
        let Inner { kept, connections } = &mut *inner;
        let open = connections.get_mut(connection);
        let mut totals = self.totals();
        for draft in drafts {
            let is_post = matches!(draft, Draft::Post { .. });
            let length = draft.line().len();
            let prefix = prefix(open.is_delimited(), length, self.line_end).len();
            let end = open.enter(prefix + length + self.line_end.len(), is_post);
            draft.count(&mut totals);
            kept.line(connection, end, draft)?;
        }
        kept.flush()?;
        self.totals.send_replace(totals);
        Ok(())
    }

    /// The kernel has taken so many bytes of a connection's body.
    pub(crate) fn written(&self, connection: u32, bytes: u64) {
        let mut inner = self.inner.lock();
        let (more, whole) = inner.connections.get_mut(connection).written(bytes);
        self.totals.send_modify(|totals| {
            totals.whole_posts += whole;
            totals.bytes += more;
        });
    }

    pub(crate) fn close(&self, connection: u32, end: End) -> io::Result<()> {
        let mut inner = self.inner.lock();
        let Inner { kept, connections } = &mut *inner;
        let (unwritten, posts) = connections.get_mut(connection).close(end);
        self.totals.send_modify(|totals| {
            totals.ended += 1;
            totals.cut_posts += posts;
        });
        kept.end(connection, end, unwritten)
    }
}

/// What stands before a message of so many bytes: with `delimited=length`, how many it has with its line end. Keep-alives have
/// none.
pub(crate) fn prefix(delimited: bool, length: usize, line_end: &[u8]) -> Vec<u8> {
    if !delimited || length == 0 {
        return Vec::new();
    }
    let length = (length + line_end.len()).to_string();
    [length.as_bytes(), line_end].concat()
}
