//! One stream, from its 200 to its end: paced posts, keep-alives, and the faults when their moment comes.

pub(crate) mod chunks;
mod pacer;
mod schedule;
mod strike;

use crate::endpoint::Endpoint;
use crate::fault::Planned;
use crate::http::wire::{Stopped, Wire};
use crate::ledger::{Draft, End, LineKind, Origin};
use crate::state::Shared;
use crate::world::{Stamp, Times};
use chunks::Chunker;
use fastrand::Rng;
use pacer::Pacer;
use schedule::Schedule;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

/// A batch is written when it has grown to this.
const BATCH_BYTES: usize = 256 * 1024;
/// Posts remembered for [`Fault::Duplicate`](crate::Fault::Duplicate).
const RECENT: usize = 1024;

/// A stream that has been admitted.
pub(crate) struct Stream<'a> {
    shared: &'a Shared,
    wire: Wire,
    number: u32,
    endpoint: Endpoint,
    chunker: Chunker,
    schedule: Schedule,
    pacer: Pacer,
    rng: Rng,
    times: Times,
    recent: VecDeque<Stamp>,
    last_write: Instant,
    jitter: Duration,
    /// Body bytes that the kernel took.
    written: u64,
}

/// Runs a stream whose response head is written, to its end.
pub(crate) async fn run(shared: &Shared, wire: Wire, number: u32, endpoint: Endpoint, backfill_minutes: u8) {
    let settings = &shared.settings;
    let seed = settings.seed ^ u64::from(number) << 32;
    let now = Instant::now();
    let mut stream = Stream {
        shared,
        wire,
        number,
        endpoint,
        chunker: Chunker::new(settings.chunking, seed),
        schedule: Schedule::new(settings.faults.in_stream(number)),
        pacer: Pacer::new(shared.rate(), now),
        rng: Rng::with_seed(seed),
        times: Times::default(),
        recent: VecDeque::new(),
        last_write: now,
        jitter: Duration::ZERO,
        written: 0,
    };
    let end = match stream.play(backfill_minutes).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    // The books are closed before the socket: who sees the end may connect again at once.
    shared.stream_ended(number, end);
    match end {
        End::Clean => stream.wire.finish().await,
        End::Reset => stream.wire.reset(),
        _ => drop(stream.wire),
    }
}

impl Stream<'_> {
    async fn play(&mut self, backfill_minutes: u8) -> Result<std::convert::Infallible, End> {
        self.backfill(backfill_minutes).await?;
        loop {
            while let Some(fault) = self.shared.take_injected() {
                self.strike(Planned::injected(fault)).await?;
            }
            while let Some(planned) = self.schedule.next_due() {
                self.strike(planned).await?;
            }
            let now = Instant::now();
            self.pacer.set_rate(self.shared.rate(), now);
            let due = self.pacer.due(now).min(self.schedule.posts_until_next());
            if due > 0 && self.shared.has_posts(self.endpoint) {
                self.send_batch(due).await?;
            } else if now >= self.keep_alive_at() {
                self.keep_alive().await?;
            } else {
                self.idle().await?;
            }
        }
    }

    fn keep_alive_at(&self) -> Instant {
        self.last_write + self.shared.settings.keep_alive + self.jitter
    }

    async fn idle(&mut self) -> Result<(), End> {
        let next_post = self.pacer.next().filter(|_| self.shared.has_posts(self.endpoint));
        let until = next_post.map_or(self.keep_alive_at(), |at| at.min(self.keep_alive_at()));
        self.wait(Some(until), Wake::OnChange).await
    }

    /// Waits until then; ends when the client goes or the simulator stops.
    async fn wait(&mut self, until: Option<Instant>, wake: Wake) -> Result<(), End> {
        let shared = self.shared;
        let time = async {
            match until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        let change = async {
            match wake {
                Wake::OnChange => shared.changed.notified().await,
                Wake::OnTimeOnly => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.wire.gone() => Err(End::ClientGone),
            () = shared.stop.cancelled() => Err(End::Shutdown),
            () = time => Ok(()),
            () = change => Ok(()),
        }
    }

    async fn keep_alive(&mut self) -> Result<(), End> {
        let draft = Draft::KeepAlive;
        self.enter([draft])?;
        self.push_line_end();
        self.flush().await?;
        self.schedule.keep_alive_sent();
        let most = if self.shared.settings.keep_alive >= Duration::from_secs(1) {
            300
        } else {
            0
        };
        self.jitter = Duration::from_millis(self.rng.u64(0..=most));
        Ok(())
    }

    /// Sends up to so many new posts in one batch.
    async fn send_batch(&mut self, most: u64) -> Result<(), End> {
        let mut lines = Vec::new();
        {
            let mut maker = self.shared.maker();
            while (lines.len() as u64) < most && self.chunker.len() < BATCH_BYTES {
                let Some(stamp) = maker.next(self.endpoint) else {
                    break;
                };
                lines.push((stamp, self.push_post(stamp)));
            }
        }
        self.enter_posts(&lines, Origin::Live)?;
        self.remember(lines.iter().map(|(stamp, _)| *stamp));
        self.pacer.made(lines.len() as u64);
        self.flush().await
    }

    /// Sends posts again.
    async fn send_again(&mut self, stamps: &[Stamp], origin: Origin) -> Result<(), End> {
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

    async fn backfill(&mut self, minutes: u8) -> Result<(), End> {
        let stamps = self.shared.history(self.endpoint, minutes);
        self.send_again(&stamps, Origin::Backfill).await
    }

    /// New posts have been sent (or are about to be).
    fn remember(&mut self, stamps: impl ExactSizeIterator<Item = Stamp>) {
        self.schedule.posts_sent(stamps.len() as u64);
        self.recent.extend(stamps);
        let surplus = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..surplus);
    }

    /// Appends a post to the batch; gives where its line lies in it.
    fn push_post(&mut self, stamp: Stamp) -> Range<usize> {
        let batch = self.chunker.batch();
        let start = batch.len();
        self.shared.pool.write(stamp, &mut self.times, batch);
        let line = start..batch.len();
        self.push_line_end();
        line
    }

    fn push_line_end(&mut self) {
        self.chunker
            .batch()
            .extend_from_slice(self.shared.settings.line_end.bytes());
    }

    fn enter_posts(&mut self, lines: &[(Stamp, Range<usize>)], origin: Origin) -> Result<(), End> {
        let batch = &*self.chunker.batch();
        let drafts = lines.iter().map(|(stamp, line)| Draft::Post {
            stamp: *stamp,
            origin,
            line: &batch[line.clone()],
        });
        enter(self.shared, self.number, drafts)
    }

    fn enter<const N: usize>(&self, drafts: [Draft<'_>; N]) -> Result<(), End> {
        enter(self.shared, self.number, drafts)
    }

    /// Enters and sends a line that is not a post.
    async fn send_line(&mut self, kind: LineKind, fault: String, line: &[u8]) -> Result<(), End> {
        self.enter([Draft::Other { kind, fault, line }])?;
        self.chunker.batch().extend_from_slice(line);
        self.push_line_end();
        self.flush().await
    }

    /// Sends the batch.
    async fn flush(&mut self) -> Result<(), End> {
        let mut taken = 0;
        let sent = send(self.shared, &mut self.wire, self.chunker.encode(), &mut taken).await;
        self.took(taken);
        sent
    }

    /// Of the coded batch, so many bytes were taken by the kernel.
    fn took(&mut self, coded: usize) {
        self.written += self.chunker.taken(coded) as u64;
        self.shared.ledger.written(self.number, self.written);
        self.last_write = Instant::now();
    }

    /// Sends bytes that are coded already.
    async fn send_raw(&mut self, bytes: &[u8]) -> Result<(), End> {
        send(self.shared, &mut self.wire, bytes, &mut 0).await
    }
}

/// What ends a wait besides time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// A new rate, new rules or an injected fault.
    OnChange,
    OnTimeOnly,
}

/// Sends bytes, counting those that the kernel takes, unless the simulator stops.
async fn send(shared: &Shared, wire: &mut Wire, bytes: &[u8], taken: &mut usize) -> Result<(), End> {
    tokio::select! {
        sent = wire.send(bytes, shared.settings.slow_reader, taken) => sent.map_err(|stopped| match stopped {
            Stopped::Gone => End::ClientGone,
            Stopped::Slow => End::SlowReader,
        }),
        () = shared.stop.cancelled() => Err(End::Shutdown),
    }
}

fn enter<'d>(shared: &Shared, number: u32, drafts: impl IntoIterator<Item = Draft<'d>>) -> Result<(), End> {
    shared.ledger.enter(number, drafts).map_err(|error| {
        tracing::error!(%error, "the ledger file cannot be written; what is not in the ledger is not sent");
        End::Cut
    })
}
