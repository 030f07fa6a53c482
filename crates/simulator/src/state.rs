//! What all connections of a simulator share.

use crate::admission::{Slots, Window};
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::ledger::{End, Ledger};
use crate::rules::Rules;
use crate::settings::Settings;
use crate::time::{ms_of, now_ms};
use crate::tls::Tls;
use crate::world::{Pool, Stamp, World};
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Posts kept for backfill: five minutes at 1,000/s.
const HISTORY: usize = 300_000;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) tls: Option<Tls>,
    pub(crate) ledger: Ledger,
    pub(crate) pool: Arc<Pool>,
    pub(crate) stop: CancellationToken,
    /// The rate or the rules have changed, or a fault was injected.
    pub(crate) changed: Notify,
    rate: AtomicU64,
    maker: Mutex<Maker>,
    desk: Mutex<Desk>,
    injected: Mutex<VecDeque<Fault>>,
}

/// Makes posts and remembers them for backfill.
#[derive(Debug)]
pub(crate) struct Maker {
    world: World,
    history: VecDeque<Stamp>,
    remembers: bool,
}

/// Admission and rules.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) rules: Rules,
    pub(crate) slots: Slots,
    pub(crate) connects: Window,
    pub(crate) rule_reads: Window,
    pub(crate) rule_writes: Window,
    /// Stream attempts so far.
    pub(crate) attempts: u32,
    /// Requests to the rules so far.
    pub(crate) rule_requests: u32,
}

impl Shared {
    pub(crate) fn new(settings: Settings, tls: Option<Tls>) -> std::io::Result<Self> {
        let pool = Arc::new(Pool::new(settings.seed, settings.size));
        let world = World::new(settings.seed, pool.clone(), settings.start_id, settings.posts);
        let window = settings.window;
        let desk = Desk {
            rules: Rules::new(settings.rule_cap, settings.seed),
            slots: Slots::new(&settings),
            connects: Window::new(settings.connect_limit, window),
            rule_reads: Window::new(450, window),
            rule_writes: Window::new(100, window),
            attempts: 0,
            rule_requests: 0,
        };
        Ok(Shared {
            tls,
            ledger: Ledger::new(&settings.keep, pool.clone(), settings.line_end.bytes())?,
            pool,
            stop: CancellationToken::new(),
            changed: Notify::new(),
            rate: AtomicU64::new(settings.rate.to_bits()),
            maker: Mutex::new(Maker {
                world,
                history: VecDeque::new(),
                remembers: settings.backfill_allowed,
            }),
            desk: Mutex::new(desk),
            injected: Mutex::default(),
            settings,
        })
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock()
    }

    pub(crate) fn maker(&self) -> MutexGuard<'_, Maker> {
        self.maker.lock()
    }

    pub(crate) fn rate(&self) -> f64 {
        f64::from_bits(self.rate.load(Ordering::Relaxed))
    }

    pub(crate) fn set_rate(&self, rate: f64) {
        self.rate.store(rate.to_bits(), Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    pub(crate) fn inject(&self, fault: Fault) {
        self.injected.lock().push_back(fault);
        self.wake();
    }

    pub(crate) fn take_injected(&self) -> Option<Fault> {
        self.injected.lock().pop_front()
    }

    /// Can a post be made for this stream?
    pub(crate) fn has_posts(&self, endpoint: Endpoint) -> bool {
        self.maker().world.has_posts(endpoint)
    }

    /// Posts made in the last minutes, oldest first.
    pub(crate) fn history(&self, endpoint: Endpoint, minutes: u8) -> Vec<Stamp> {
        let maker = self.maker();
        let newest = maker.history.back().map_or(0, |stamp| ms_of(stamp.id));
        // With a clock of its own, the world's now is its newest post.
        let now = if self.settings.start_id.is_some() {
            newest
        } else {
            now_ms()
        };
        let from = now.saturating_sub(u64::from(minutes) * 60_000);
        let fits = |stamp: &&Stamp| stamp.rules.is_some() == (endpoint == Endpoint::Search);
        let recent = maker
            .history
            .iter()
            .filter(fits)
            .filter(|stamp| ms_of(stamp.id) > from);
        if minutes == 0 {
            Vec::new()
        } else {
            recent.copied().collect()
        }
    }

    /// The world matches posts to the rules as they are now.
    pub(crate) fn rules_changed(&self, desk: &Desk) {
        let rules = desk.rules.all();
        if rules.is_empty() && self.settings.rules_required {
            self.maker().world.match_nothing();
        } else {
            self.maker().world.set_rules(rules);
        }
        self.wake();
    }

    /// Frees the slot of a stream that we have ended.
    pub(crate) fn release_slot(&self, connection: u32) {
        self.desk().slots.release(connection);
    }

    /// Keeps the books when a stream ends.
    pub(crate) fn stream_ended(&self, connection: u32, end: End) {
        match end {
            End::ClientGone => self.desk().slots.haunt(connection, Instant::now()),
            _ => self.release_slot(connection),
        }
        if let Err(error) = self.ledger.close(connection, end) {
            tracing::error!(%error, "the ledger file cannot be written");
        }
    }
}

impl Maker {
    pub(crate) fn next(&mut self, endpoint: Endpoint) -> Option<Stamp> {
        let stamp = self.world.next(endpoint)?;
        if self.remembers {
            self.history.push_back(stamp);
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        Some(stamp)
    }
}
