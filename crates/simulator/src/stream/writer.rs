//! Write-ahead: lines of a body are entered in the ledger, then coded into chunks, then sent.

use std::ops::Range;
use std::time::Instant;

use super::chunks::Chunker;
use crate::http::options::Options;
use crate::http::wire::{Stopped, Wire};
use crate::ledger::{Draft, End, LineKind, Origin, prefix};
use crate::state::ServerState;
use crate::world::{Stamp, Times};

/// A batch is written when it has grown to this.
const BATCH_BYTES: usize = 256 * 1024;

/// The body of one stream on its way to the socket.
pub(super) struct Writer<'a> {
    state: &'a ServerState,
    wire: Wire,
    number: u32,
    options: Options,
    chunker: Chunker,
    times: Times,
    last_write: Instant,
    /// Body bytes that the kernel took.
    written: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(state: &'a ServerState, wire: Wire, number: u32, options: Options, seed: u64) -> Self {
        Writer {
            state,
            wire,
            number,
            options,
            chunker: Chunker::new(state.settings.chunking, options.coding, seed),
            times: Times::default(),
            last_write: Instant::now(),
            written: 0,
        }
    }

    /// When bytes last went.
    pub(super) fn last_write(&self) -> Instant {
        self.last_write
    }

    pub(super) fn batch_is_full(&self) -> bool {
        self.chunker.len() >= BATCH_BYTES
    }

    /// Appends bytes of a line that is entered already.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.chunker.batch().extend_from_slice(bytes);
    }

    /// Appends a post; gives where its line lies in the batch.
    pub(super) fn push_post(&mut self, stamp: Stamp) -> Range<usize> {
        let view = self.options.view;
        let batch = self.chunker.batch();
        let start = batch.len();
        self.state.pool.write(stamp.seen(view), &mut self.times, batch);
        let prefix = self.prefix(self.chunker.batch_len() - start);
        let batch = self.chunker.batch();
        let line = start + prefix.len()..batch.len() + prefix.len();
        batch.splice(start..start, prefix);
        self.push(self.state.settings.line_end.bytes());
        line
    }

    fn prefix(&self, length: usize) -> Vec<u8> {
        prefix(
            self.options.delimited,
            length,
            self.state.settings.line_end.bytes(),
        )
    }

    /// Where the next byte goes in the batch.
    pub(super) fn place(&self) -> usize {
        self.chunker.batch_len()
    }

    /// Takes what was appended last out of the batch again.
    pub(super) fn take_back(&mut self, from: usize) -> Vec<u8> {
        self.chunker.batch().split_off(from)
    }

    pub(super) fn enter_posts(&mut self, lines: &[(Stamp, Range<usize>)], origin: Origin) -> Result<(), End> {
        let view = self.options.view;
        let batch = &*self.chunker.batch();
        let drafts = lines.iter().map(|(stamp, line)| Draft::Post {
            stamp: stamp.seen(view),
            origin,
            line: &batch[line.clone()],
        });
        enter(self.state, self.number, drafts)
    }

    /// Enters and sends posts that are made already.
    pub(super) async fn send_posts(&mut self, stamps: &[Stamp], origin: Origin) -> Result<(), End> {
        for some in stamps.chunks(64) {
            let lines: Vec<_> = some
                .iter()
                .map(|stamp| (*stamp, self.push_post(*stamp)))
                .collect();
            self.enter_posts(&lines, origin)?;
            self.flush().await?;
        }
        Ok(())
    }

    pub(super) async fn send_keep_alive(&mut self) -> Result<(), End> {
        self.send_entered(Draft::KeepAlive, b"").await
    }

    /// Enters and sends a line that is not a post.
    pub(super) async fn send_line(&mut self, kind: LineKind, fault: String, line: &[u8]) -> Result<(), End> {
        self.send_entered(Draft::Other { kind, fault, line }, line).await
    }

    async fn send_entered(&mut self, draft: Draft<'_>, line: &[u8]) -> Result<(), End> {
        enter(self.state, self.number, [draft])?;
        let prefix = self.prefix(line.len());
        self.push(&prefix);
        self.push(line);
        self.push(self.state.settings.line_end.bytes());
        self.flush().await
    }

    /// Sends the batch, and counts what the kernel takes of it.
    pub(super) async fn flush(&mut self) -> Result<(), End> {
        let mut taken = 0;
        let sent = send(self.state, &mut self.wire, self.chunker.encode(), &mut taken).await;
        let body = self.chunker.taken(taken);
        self.took(body);
        sent
    }

    /// Ends the body.
    pub(super) async fn send_last(&mut self) -> Result<(), End> {
        let last = self.chunker.last();
        send(self.state, &mut self.wire, &last, &mut 0).await
    }

    /// Sends the first part of a chunk, and of what it holds so much.
    pub(super) async fn send_broken(&mut self, data: Vec<u8>, sent: usize) -> Result<(), End> {
        let (chunk, body) = self.chunker.broken(data, sent);
        send(self.state, &mut self.wire, &chunk, &mut 0).await?;
        self.took(body);
        Ok(())
    }

    /// So many body bytes were taken by the kernel.
    fn took(&mut self, body: usize) {
        self.written += body as u64;
        self.state.ledger.written(self.number, self.written);
        self.last_write = Instant::now();
    }

    /// Waits until then, or until `change` is over; ends when the client goes or the simulator stops.
    pub(super) async fn wait(
        &mut self,
        until: Option<Instant>,
        change: impl Future<Output = ()>,
    ) -> Result<(), End> {
        let time = async {
            match until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.wire.gone() => Err(End::ClientGone),
            () = self.state.stop.cancelled() => Err(End::Shutdown),
            () = time => Ok(()),
            () = change => Ok(()),
        }
    }

    /// Closes the books, then the socket: who sees the end may connect again at once.
    pub(super) async fn close(self, end: End) {
        self.state.stream_ended(self.number, end);
        match end {
            End::Clean => self.wire.finish().await,
            End::Reset => self.wire.reset(),
            _ => drop(self.wire),
        }
    }
}

/// Sends bytes, counting those that the kernel takes, unless the simulator stops.
async fn send(state: &ServerState, wire: &mut Wire, bytes: &[u8], taken: &mut usize) -> Result<(), End> {
    tokio::select! {
        sent = wire.send(bytes, state.settings.slow_reader, taken) => sent.map_err(|stopped| match stopped {
            Stopped::Gone => End::ClientGone,
            Stopped::Slow => End::SlowReader,
        }),
        () = state.stop.cancelled() => Err(End::Shutdown),
    }
}

fn enter<'d>(
    state: &ServerState,
    number: u32,
    drafts: impl IntoIterator<Item = Draft<'d>>,
) -> Result<(), End> {
    state.ledger.enter(number, drafts).map_err(|error| {
        tracing::error!(%error, "the ledger file cannot be written; what is not in the ledger is not sent");
        End::Cut
    })
}
