//! The seeded world that posts come from.
//!
//! A pool of messages is made once; a post is then a [`Stamp`]: which message of the pool, with which id and which
//! matching rules. Writing it out is a copy with the id and the times patched in, so one core makes far more than
//! 150,000 a second, and the ledger can remember a post in a few bytes and write it out again.

mod compose;
mod draw;
mod entities;
mod included;
mod matching_rules;
mod message;
mod pool;

pub(crate) use message::Times;
pub(crate) use pool::{Pool, Stamp};

use crate::endpoint::Endpoint;
use crate::rules::Rule;
use crate::time;
use fastrand::Rng;
use std::sync::Arc;

/// Makes posts, one after the other.
#[derive(Debug)]
pub(crate) struct World {
    rng: Rng,
    pool: Arc<Pool>,
    /// Where this rule set's snippets lie in the pool; empty if nothing matches.
    rules: std::ops::Range<u32>,
    last_id: u64,
    clock: Clock,
    left: Option<u64>,
}

/// Where the time of posts comes from.
#[derive(Debug, Clone, Copy)]
enum Clock {
    /// The machine's clock.
    Wall,
    /// One millisecond for each post: repeatable.
    Steps,
}

impl World {
    /// A world whose pool, order and (with a first id) every byte follow from the seed.
    pub(crate) fn new(seed: u64, pool: Arc<Pool>, start_id: Option<u64>, posts: Option<u64>) -> Self {
        let clock = if start_id.is_some() {
            Clock::Steps
        } else {
            Clock::Wall
        };
        // `advance` steps first.
        let last_id = start_id.map_or(0, |id| id - (1 << 22));
        let rng = Rng::with_seed(seed ^ 0x5EED_0001);
        let mut world = World {
            rng,
            pool,
            rules: 0..0,
            last_id,
            clock,
            left: posts,
        };
        world.set_rules(&[]);
        world
    }

    /// Posts match these rules from now on (invented ones if there are none).
    pub(crate) fn set_rules(&mut self, rules: &[Rule]) {
        self.rules = self.pool.add_rules(rules, &mut self.rng);
    }

    /// No post matches any rule from now on: the filtered stream gets none.
    pub(crate) fn match_nothing(&mut self) {
        self.rules = 0..0;
    }

    /// The next post, if there is one.
    pub(crate) fn next(&mut self, endpoint: Endpoint) -> Option<Stamp> {
        if !self.has_posts(endpoint) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        let message = self.rng.u16(0..pool::MESSAGES);
        let rules = if self.rules.is_empty() {
            0
        } else {
            self.rng.u32(self.rules.clone())
        };
        self.advance();
        Some(Stamp {
            id: self.last_id,
            message,
            rules: (endpoint == Endpoint::Search).then_some(rules),
        })
    }

    /// Can a post be made, or are all made, or does none match?
    pub(crate) fn has_posts(&self, endpoint: Endpoint) -> bool {
        self.left != Some(0) && (endpoint != Endpoint::Search || !self.rules.is_empty())
    }

    /// The next id: later in time, or else the next few in the same millisecond.
    fn advance(&mut self) {
        let step = u64::from(self.rng.u16(1..4096));
        self.last_id = match self.clock {
            Clock::Wall => time::id_at(time::now_ms()).max(self.last_id) + step,
            Clock::Steps => self.last_id + (1 << 22),
        };
    }
}
