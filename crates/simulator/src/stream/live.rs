//! A live stream: which posts are due, which were sent, and when silence needs a keep-alive.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::pacer::Pacer;
use super::schedule::Schedule;
use super::writer::Writer;
use crate::endpoint::Feed;
use crate::http::options::Options;
use crate::http::wire::Wire;
use crate::ledger::{End, LineKind, Origin};
use crate::notice::FALLING_BEHIND;
use crate::state::ServerState;
use crate::world::Stamp;

/// Posts remembered for [`Fault::Duplicate`](crate::Fault::Duplicate).
const RECENT: usize = 1024;

/// A stream that has been admitted.
pub(super) struct Stream<'a> {
    pub(super) state: &'a ServerState,
    pub(super) number: u32,
    pub(super) feed: Feed,
    pub(super) writer: Writer<'a>,
    pub(super) schedule: Schedule,
    pacer: Pacer,
    recent: VecDeque<Stamp>,
    rng: Rng,
    jitter: Duration,
    options: Options,
    /// v1.1: how many posts limit notices have told of.
    pub(super) undelivered: u64,
    warned: bool,
}

impl<'a> Stream<'a> {
    pub(super) fn new(state: &'a ServerState, wire: Wire, number: u32, feed: Feed, options: Options) -> Self {
        let settings = &state.settings;
        let seed = settings.seed ^ u64::from(number) << 32;
        Stream {
            state,
            number,
            feed,
            writer: Writer::new(state, wire, number, options, seed),
            schedule: Schedule::new(settings.faults.in_stream(number)),
            pacer: Pacer::new(state.rate(), Instant::now()),
            recent: VecDeque::new(),
            rng: Rng::with_seed(seed),
            jitter: Duration::ZERO,
            options,
            undelivered: 0,
            warned: false,
        }
    }

    /// Can a post be made for this stream?
    pub(super) fn has_posts(&self) -> bool {
        self.state.timeline().has_posts(self.feed)
    }

    /// Sends what is due, or waits for what comes next.
    pub(super) async fn advance(&mut self) -> Result<(), End> {
        let now = Instant::now();
        self.pacer.set_rate(self.state.rate(), now);
        let due = self.pacer.due(now).min(self.schedule.posts_until_next());
        let keep_alive_at = self.writer.last_write() + self.keep_alive() + self.jitter;
        if due > 0 && self.has_posts() {
            self.send_batch(due).await
        } else if now >= keep_alive_at {
            self.send_keep_alive().await
        } else {
            let next_post = self.pacer.next().filter(|_| self.has_posts());
            let until = next_post.map_or(keep_alive_at, |at| at.min(keep_alive_at));
            // A new rate, new rules or an injected fault.
            let change = self.state.changed.notified();
            self.writer.wait(Some(until), change).await
        }
    }

    /// The silence that is allowed: v1.1's is half as long again.
    fn keep_alive(&self) -> Duration {
        let v2 = self.state.settings.keep_alive;
        if self.feed.endpoint.is_v1() {
            v2 * 3 / 2
        } else {
            v2
        }
    }

    async fn send_keep_alive(&mut self) -> Result<(), End> {
        self.writer.send_keep_alive().await?;
        self.schedule.keep_alive_sent();
        let jitters = self.state.settings.keep_alive >= Duration::from_secs(1);
        let most = if jitters { 300 } else { 0 };
        self.jitter = Duration::from_millis(self.rng.u64(0..=most));
        Ok(())
    }

    /// Sends up to so many new posts in one batch.
    async fn send_batch(&mut self, most: u64) -> Result<(), End> {
        let mut lines = Vec::new();
        {
            let mut timeline = self.state.timeline();
            while (lines.len() as u64) < most && !self.writer.batch_is_full() {
                let Some(stamp) = timeline.next(self.feed) else {
                    break;
                };
                lines.push((stamp, self.writer.push_post(stamp)));
            }
        }
        self.writer.enter_posts(&lines, Origin::Live)?;
        self.remember(lines.iter().map(|(stamp, _)| *stamp));
        let began = Instant::now();
        self.writer.flush().await?;
        self.warn_if_behind(began.elapsed()).await
    }

    /// Warns, once and if asked to, a client that took more than six tenths of the time that it has for a batch.
    async fn warn_if_behind(&mut self, took: Duration) -> Result<(), End> {
        let is_behind = took > self.state.settings.slow_reader * 6 / 10;
        if !(is_behind && self.options.stall_warnings) || self.warned {
            return Ok(());
        }
        self.warned = true;
        let (kind, what) = (LineKind::Control, "falling-behind".to_owned());
        self.writer.send_line(kind, what, FALLING_BEHIND.as_bytes()).await
    }

    /// Makes and enters the next post; gives its line with its end, nothing written yet.
    pub(super) fn next_line(&mut self) -> Result<Option<Vec<u8>>, End> {
        let Some(stamp) = self.state.timeline().next(self.feed) else {
            return Ok(None);
        };
        let start = self.writer.place();
        let place = self.writer.push_post(stamp);
        self.writer.enter_posts(&[(stamp, place)], Origin::Live)?;
        self.remember([stamp].into_iter());
        Ok(Some(self.writer.take_back(start)))
    }

    /// Sends the last so many posts again, or else the next one twice.
    pub(super) async fn send_duplicates(&mut self, count: usize) -> Result<(), End> {
        if self.recent.is_empty() {
            self.send_batch(1).await?;
        }
        let from = self.recent.len().saturating_sub(count);
        let stamps: Vec<_> = self.recent.range(from..).copied().collect();
        self.writer.send_posts(&stamps, Origin::Duplicate).await
    }

    /// Is there anything to send again?
    pub(super) fn can_repeat(&self) -> bool {
        !self.recent.is_empty() || self.has_posts()
    }

    /// Sends the next so many posts, newest first.
    pub(super) async fn send_reversed(&mut self, count: usize) -> Result<(), End> {
        let mut stamps: Vec<_> = {
            let mut timeline = self.state.timeline();
            std::iter::from_fn(|| timeline.next(self.feed))
                .take(count)
                .collect()
        };
        stamps.reverse();
        self.remember(stamps.iter().copied());
        self.writer.send_posts(&stamps, Origin::Live).await
    }

    /// New posts have been sent (or are about to be).
    fn remember(&mut self, stamps: impl ExactSizeIterator<Item = Stamp>) {
        let count = stamps.len() as u64;
        self.schedule.posts_sent(count);
        self.pacer.made(count);
        self.recent.extend(stamps);
        let surplus = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..surplus);
    }
}
