//! Admission control: rate-limit windows and the slots of each stream. Pure; time is passed in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::endpoint::Feed;
use crate::history::History;
use crate::http::response::RateLimit;
use crate::rules::Rules;
use crate::settings::Settings;
use crate::time;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All that decides whether a request is let in.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) rules: Rules,
    pub(crate) powerstream_rules: Rules,
    pub(crate) slots: Slots,
    pub(crate) connects: RateWindow,
    pub(crate) rule_reads: RateWindow,
    pub(crate) rule_writes: RateWindow,
    /// About Powerstream's rules.
    pub(crate) powerstream_requests: RateWindow,
    /// Of usage and of the connections.
    pub(crate) account_reads: RateWindow,
    /// Ends of connections.
    pub(crate) kills: RateWindow,
    pub(crate) history: History,
    /// v1.1: each may be used once.
    pub(crate) nonces: VecDeque<String>,
    /// Stream attempts so far.
    pub(crate) attempts: u32,
    /// Requests to the rules so far.
    pub(crate) rule_requests: u32,
    /// Requests to the account's endpoints so far.
    pub(crate) account_requests: u32,
}

impl Admission {
    pub(crate) fn new(settings: &Settings) -> Self {
        Admission {
            rules: Rules::new(settings),
            powerstream_rules: Rules::new(settings),
            powerstream_requests: RateWindow::new(50, DAY),
            slots: Slots::new(settings.slots, settings.ghost_slot),
            connects: RateWindow::new(settings.connect_limit, settings.window),
            rule_reads: RateWindow::new(450, settings.window),
            rule_writes: RateWindow::new(settings.rule_write_limit, settings.window),
            account_reads: RateWindow::new(50, settings.window),
            kills: RateWindow::new(25, settings.window),
            history: History::new(settings.seed),
            nonces: VecDeque::new(),
            attempts: 0,
            rule_requests: 0,
            account_requests: 0,
        }
    }
}

/// Rate limit: a fixed window of requests, as `x-rate-limit-*` describe it.
#[derive(Debug)]
pub(crate) struct RateWindow {
    limit: u32,
    length: Duration,
    started: Option<Instant>,
    used: u32,
}

impl RateWindow {
    fn new(limit: u32, length: Duration) -> Self {
        RateWindow {
            limit,
            length,
            started: None,
            used: 0,
        }
    }

    /// Uses one request if one is left (`Ok`), and gives what the headers say.
    pub(crate) fn take(&mut self, now: Instant) -> Result<RateLimit, RateLimit> {
        let start = match self.started {
            Some(start) if now < start + self.length => start,
            _ => {
                self.used = 0;
                *self.started.insert(now)
            }
        };
        let free = self.used < self.limit;
        self.used += u32::from(free);
        let left = (start + self.length).saturating_duration_since(now);
        // Rounded up, so that the window is over when the second that was named begins.
        let reset = (time::now_ms() + left.as_millis() as u64).div_ceil(1000);
        let rate = RateLimit {
            limit: self.limit,
            remaining: self.limit - self.used,
            reset,
        };
        if free { Ok(rate) } else { Err(rate) }
    }
}

/// The slot of one stream, or of one part of it.
#[derive(Debug)]
struct Slot {
    feed: Feed,
    connection: u32,
    /// The client has gone; the slot stays taken until then.
    ghost_until: Option<Instant>,
}

/// The slots of all streams, as many each.
#[derive(Debug)]
pub(crate) struct Slots {
    taken: Vec<Slot>,
    each: usize,
    linger: Duration,
}

impl Slots {
    fn new(each: u8, linger: Duration) -> Self {
        Slots {
            taken: Vec::new(),
            each: usize::from(each),
            linger,
        }
    }

    /// Takes one of the stream's slots, unless others (or their ghosts) have them all.
    pub(crate) fn take(&mut self, feed: Feed, connection: u32, now: Instant) -> bool {
        self.taken
            .retain(|slot| slot.ghost_until.is_none_or(|until| now < until));
        let same = self.taken.iter().filter(|slot| slot.feed == feed);
        if same.count() >= self.each {
            return false;
        }
        self.taken.push(Slot {
            feed,
            connection,
            ghost_until: None,
        });
        true
    }

    /// v1.1: takes the account's one slot, whoever has it; gives those who had it.
    pub(crate) fn take_over(&mut self, feed: Feed, connection: u32) -> Vec<u32> {
        let oldest = self.taken.extract_if(.., |slot| slot.feed.endpoint.is_v1());
        let oldest = oldest.map(|slot| slot.connection).collect();
        self.taken.push(Slot {
            feed,
            connection,
            ghost_until: None,
        });
        oldest
    }

    /// Whether a stream, or its ghost, has a slot.
    pub(crate) fn holds(&self, connection: u32, now: Instant) -> bool {
        let mut its = self.taken.iter().filter(|slot| slot.connection == connection);
        its.any(|slot| slot.ghost_until.is_none_or(|until| now < until))
    }

    /// The server ended the stream: the slot is free at once.
    pub(crate) fn release(&mut self, connection: u32) {
        self.taken.retain(|slot| slot.connection != connection);
    }

    /// The client went away: the slot lingers.
    pub(crate) fn haunt(&mut self, connection: u32, now: Instant) {
        let linger = self.linger;
        for slot in self.taken.iter_mut().filter(|slot| slot.connection == connection) {
            slot.ghost_until.get_or_insert(now + linger);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;

    const SEARCH: Feed = Feed::whole(Endpoint::Search);
    const SAMPLE10: Feed = Feed::whole(Endpoint::Sample10);

    #[test]
    fn a_window_counts_down_and_opens_again() {
        let start = Instant::now();
        let mut window = RateWindow::new(2, Duration::from_secs(10));
        assert_eq!(window.take(start).map(|rate| rate.remaining), Ok(1));
        assert_eq!(window.take(start).map(|rate| rate.remaining), Ok(0));
        let refused = window.take(start + Duration::from_secs(9)).unwrap_err();
        assert_eq!((refused.limit, refused.remaining), (2, 0));
        assert!(refused.reset <= time::now_s() + 2);
        assert!(window.take(start + Duration::from_secs(10)).is_ok());
    }

    #[test]
    fn a_slot_is_free_after_our_end_and_lingers_after_the_clients() {
        let now = Instant::now();
        let mut slots = Slots::new(1, Duration::from_secs(5));
        assert!(slots.take(SEARCH, 1, now));
        let second = Feed {
            partition: 2,
            ..SAMPLE10
        };
        for (other, connection) in [(SAMPLE10, 2), (second, 9)] {
            assert!(
                slots.take(other, connection, now),
                "each stream, and each part, has its own slot"
            );
        }
        assert!(!slots.take(SEARCH, 3, now));
        slots.release(1);
        assert!(slots.take(SEARCH, 4, now));
        slots.haunt(4, now);
        assert!(!slots.take(SEARCH, 5, now + Duration::from_secs(4)));
        assert!(slots.holds(4, now + Duration::from_secs(4)));
        assert!(slots.take(SEARCH, 6, now + Duration::from_secs(5)));
        assert!(!slots.holds(4, now) && slots.holds(6, now));
    }

    #[test]
    fn a_stream_may_have_two_slots() {
        let now = Instant::now();
        let mut slots = Slots::new(2, Duration::ZERO);
        assert!(slots.take(SEARCH, 1, now) && slots.take(SEARCH, 2, now));
        assert!(!slots.take(SEARCH, 3, now));
    }
}
