//! Post generation and backfill: which post comes next, and which came in the last minutes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;

use super::pool::{MESSAGES, Pool, STATUSES, Stamp};
use crate::endpoint::Endpoint;
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
    pub(crate) fn has_posts(&self, endpoint: Endpoint) -> bool {
        self.left != Some(0) && (endpoint != Endpoint::Search || !self.rules.is_empty())
    }

    /// The next post, if there is one.
    pub(crate) fn next(&mut self, endpoint: Endpoint) -> Option<Stamp> {
        if !self.has_posts(endpoint) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        let message = self.rng.u16(numbers(endpoint));
        let rules = if self.rules.is_empty() {
            0
        } else {
            self.rng.u32(self.rules.clone())
        };
        self.advance();
        let stamp = Stamp {
            id: self.last_id,
            message,
            rules: (endpoint == Endpoint::Search).then_some(rules),
        };
        if self.remembers {
            self.history.push_back(stamp);
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        Some(stamp)
    }

    /// The next id: later in time, or else the next few in the same millisecond.
    fn advance(&mut self) {
        let step = u64::from(self.rng.u16(1..4096));
        self.last_id = match self.clock {
            Clock::Wall => time::id_at(self.missed.unwrap_or_else(time::now_ms)).max(self.last_id) + step,
            Clock::Steps => self.last_id + MILLISECOND,
        };
    }

    /// Makes what this stream would have had since its last post, if the world goes on while nobody is connected.
    pub(crate) fn go_on(&mut self, endpoint: Endpoint, rate: f64) {
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
            self.next(endpoint);
            at += between;
        }
        self.missed = None;
    }

    /// The posts of this stream that were made then, oldest first.
    pub(crate) fn past(&self, endpoint: Endpoint, past: Past) -> Vec<Stamp> {
        let now = match self.clock {
            Clock::Wall => time::now_ms(),
            Clock::Steps => time::ms_of(self.last_id),
        };
        let (from, to) = match past {
            Past::Minutes(0) => return Vec::new(),
            Past::Minutes(minutes) => (now.saturating_sub(u64::from(minutes) * 60_000) + 1, u64::MAX),
            Past::Window(from, to) => (from, to),
        };
        let fits = |stamp: &&Stamp| belongs(stamp, endpoint) && (from..to).contains(&time::ms_of(stamp.id));
        self.history.iter().filter(fits).copied().collect()
    }

    /// The last so many posts of this stream, oldest first.
    pub(crate) fn last(&self, endpoint: Endpoint, count: usize) -> Vec<Stamp> {
        let newest_first = self.history.iter().rev().filter(|stamp| belongs(stamp, endpoint));
        let mut stamps: Vec<_> = newest_first.take(count).copied().collect();
        stamps.reverse();
        stamps
    }
}

/// A time in whole milliseconds.
#[allow(clippy::cast_sign_loss, reason = "no time is before 1970")]
fn whole(ms: f64) -> u64 {
    ms as u64
}

/// The numbers in the pool of what a stream brings.
fn numbers(endpoint: Endpoint) -> Range<u16> {
    match endpoint {
        Endpoint::Search | Endpoint::Sample => 0..MESSAGES,
        Endpoint::Filter | Endpoint::StatusSample => MESSAGES..MESSAGES + STATUSES,
        Endpoint::Powerstream => MESSAGES..MESSAGES + 2 * STATUSES,
    }
}

fn belongs(stamp: &Stamp, endpoint: Endpoint) -> bool {
    stamp.rules.is_some() == (endpoint == Endpoint::Search) && numbers(endpoint).contains(&stamp.message)
}
