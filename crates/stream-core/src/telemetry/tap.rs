//! Wire tap: records as they pass, read from memory by somebody whom nothing waits for.

use std::sync::Arc;

use bytes::BytesMut;

use crate::log::Tail;
use crate::model::{Lane, Record};

/// How much is taken at a time, in bytes of messages.
const READ_BYTES: usize = 256 << 10;

/// A look at records after they were journaled. It takes what it finds in memory, and misses what it comes too late for.
pub struct Tap {
    pub(super) tail: Arc<Tail>,
    pub(super) position: u64,
    pub(super) lane: Option<Lane>,
    pub(super) share: f64,
}

/// What has passed since the last look.
pub struct Tapped {
    /// The records, in the order of their messages.
    pub records: Vec<Record>,
    /// Messages that had gone by unseen.
    pub missed: u64,
}

impl Tap {
    /// Takes what has passed, or as much of it as is sensible at once. Does not block.
    pub fn read(&mut self) -> Tapped {
        let (lane, share) = (self.lane, self.share);
        let passed = self.tail.passed(self.position, READ_BYTES, |message| {
            lane.is_none_or(|lane| message.lanes.contains(lane)) && is_drawn(message.place.seq, share)
        });
        self.position = passed.upto;
        let mut buffer = BytesMut::new();
        let mut records = Vec::new();
        for message in &passed.messages {
            let parts = message.parts.iter();
            let parts = parts.filter(|part| lane.is_none_or(|lane| part.lane == lane));
            records.extend(parts.map(|part| message.record(part, &mut buffer)));
        }
        Tapped {
            records,
            missed: passed.missed,
        }
    }
}

/// Whether a message belongs to a sample of this share: one lane's sample has the messages of another's.
fn is_drawn(seq: u64, share: f64) -> bool {
    fastrand::Rng::with_seed(seq).f64() < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_share() {
        for (share, least, most) in [
            (0.0, 0, 0),
            (0.1, 900, 1_100),
            (0.5, 4_800, 5_200),
            (1.0, 10_000, 10_000),
        ] {
            let drawn = (0..10_000).filter(|seq| is_drawn(*seq, share)).count();
            assert!((least..=most).contains(&drawn), "{share}: {drawn}");
        }
    }
}
