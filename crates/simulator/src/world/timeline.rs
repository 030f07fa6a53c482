//! Post generation and backfill: which post comes next, and which came in the last minutes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;

use super::pool::{Pool, Stamp};
use crate::endpoint::Feed;
use crate::http::params::Past;
use crate::rules::Rule;
use crate::settings::{Absence, Settings};
use crate::time;

/// Posts kept for backfill: five minutes at 1,000/s.
const HISTORY: usize = 300_000;

/// Generator of posts, one after the other, that remembers them if backfill is allowed.
#[derive(Debug)]
pub(crate) struct Timeline {
    rng: Rng,
    pool: Arc<Pool>,
    /// Where this rule set's snippets lie in the pool; empty if nothing matches.
    rules: Range<u32>,
    last_id: u64,
    clock: Clock,
    left: Option<u64>,
    history: VecDeque<Stamp>,
    remembers: bool,
    absence: Absence,
    /// While missed posts are made: the time of the next.
    missed: Option<u64>,
}

/// Where the time of posts comes from.
#[derive(Debug, Clone, Copy)]
enum Clock {
    /// The machine's clock, as at X.
    Wall,
    /// One millisecond for each post: repeatable.
    Steps,
}

/// The difference between ids that are a millisecond apart.
const MILLISECOND: u64 = 1 << 22;

impl Timeline {
    /// The order of posts and (with a first id) every byte follow from the seed.
    pub(crate) fn new(settings: &Settings, pool: Arc<Pool>) -> Self {
        let mut rng = Rng::with_seed(settings.seed ^ 0x5EED_0001);
        Timeline {
            rules: pool.add_rules(&[], &mut rng),
            rng,
            pool,
            // `advance` steps first.
            last_id: settings.start_id.map_or(0, |id| id - MILLISECOND),
            clock: settings.start_id.map_or(Clock::Wall, |_| Clock::Steps),
            left: settings.posts,
            history: VecDeque::new(),
            remembers: settings.backfill_allowed,
            absence: settings.absence,
            missed: None,
        }
    }

    /// Posts match these rules from now on (invented ones if there are none).
    pub(crate) fn set_rules(&mut self, rules: &[Rule]) {
        self.rules = self.pool.add_rules(rules, &mut self.rng);
    }

    /// No post matches any rule from now on: the filtered stream gets none.
    pub(crate) fn match_nothing(&mut self) {
        self.rules = 0..0;
    }

    /// Can a post be made, or are all made, or does none match?
    pub(crate) fn has_posts(&self, feed: Feed) -> bool {
        self.left != Some(0) && (!feed.has_rules() || !self.rules.is_empty())
    }

    /// The next post, if there is one.
    pub(crate) fn next(&mut self, feed: Feed) -> Option<Stamp> {
        if !self.has_posts(feed) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        let message = self.draw(feed);
        let rules = if self.rules.is_empty() {
            0
        } else {
            self.rng.u32(self.rules.clone())
        };
        self.advance(feed);
        let stamp = Stamp {
            id: self.last_id,
            message,
            view: 0,
            rules: feed.has_rules().then_some(rules),
        };
        if self.remembers {
            self.history.push_back(stamp);
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        Some(stamp)
    }

    /// A message that this stream may bring.
    fn draw(&mut self, feed: Feed) -> u16 {
        let message = self.rng.u16(feed.brings().numbers());
        match feed.language() {
            Some(language) if !self.pool.is_in(message, language) => self.draw(feed),
            _ => message,
        }
    }

    /// The next id of this stream: later in time, or else the next few in the same millisecond.
    fn advance(&mut self, feed: Feed) {
        let step = u64::from(self.rng.u16(1..4096));
        self.last_id = feed.first_id(match self.clock {
            Clock::Wall => time::id_at(self.missed.unwrap_or_else(time::now_ms)).max(self.last_id) + step,
            Clock::Steps => self.last_id + MILLISECOND,
        });
    }

    /// Makes what this stream would have had since its last post, if the world goes on while nobody is connected.
    pub(crate) fn go_on(&mut self, feed: Feed, rate: f64) {
        if self.absence == Absence::Pauses || self.last_id == 0 {
            return;
        }
        let (from, now) = (time::ms_of(self.last_id), time::now_ms());
        let between = 1_000.0 / rate;
        let mut at = from as f64 + between;
        let mut left = HISTORY;
        while at < now as f64 && left > 0 {
            left -= 1;
            self.missed = Some(whole(at));
            self.next(feed);
            at += between;
        }
        self.missed = None;
    }

    /// The posts of this stream that were made then, oldest first.
    pub(crate) fn past(&self, feed: Feed, past: Past) -> Vec<Stamp> {
        let now = match self.clock {
            Clock::Wall => time::now_ms(),
            Clock::Steps => time::ms_of(self.last_id),
        };
        let (from, to) = match past {
            Past::Minutes(0) => return Vec::new(),
            Past::Minutes(minutes) => (now.saturating_sub(u64::from(minutes) * 60_000) + 1, u64::MAX),
            Past::Window(from, to) => (from, to),
        };
        let fits = |stamp: &&Stamp| self.belongs(stamp, feed) && (from..to).contains(&time::ms_of(stamp.id));
        self.history.iter().filter(fits).copied().collect()
    }

    /// The last so many posts of this stream, oldest first.
    pub(crate) fn last(&self, feed: Feed, count: usize) -> Vec<Stamp> {
        let newest_first = self
            .history
            .iter()
            .rev()
            .filter(|stamp| self.belongs(stamp, feed));
        let mut stamps: Vec<_> = newest_first.take(count).copied().collect();
        stamps.reverse();
        stamps
    }

    fn belongs(&self, stamp: &Stamp, feed: Feed) -> bool {
        stamp.rules.is_some() == feed.has_rules()
            && feed.brings().numbers().contains(&stamp.message)
            && feed.has_id(stamp.id)
            && feed
                .language()
                .is_none_or(|language| self.pool.is_in(stamp.message, language))
    }
}

/// A time in whole milliseconds.
#[allow(clippy::cast_sign_loss, reason = "no time is before 1970")]
fn whole(ms: f64) -> u64 {
    ms as u64
}
