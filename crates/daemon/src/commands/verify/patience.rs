//! Grace: a record that is not there yet may be on its way, for lanes and partitions are not equally quick.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stream_core::chain::{Cause, Hole, LaneVerdict, Loss, Verdict};
use stream_core::model::Lane;

/// By what a hole is known from look to look.
type Name = (Lane, u64, u64, Cause);

/// The holes of one sink and the losses that no record accounts for, each with since when it is there.
pub(super) struct Patience {
    holes: Waiting<Name>,
    losses: Waiting<(Option<Lane>, u64, u64)>,
}

struct Waiting<N> {
    grace: Duration,
    since: BTreeMap<N, Since>,
}

struct Since {
    seen: Instant,
    is_told: bool,
}

impl<N: Ord> Waiting<N> {
    const fn new(grace: Duration) -> Self {
        Self {
            grace,
            since: BTreeMap::new(),
        }
    }

    /// Takes note of what there is `now`; gives what has outlived the grace since the last look.
    fn look<T>(&mut self, there: impl Iterator<Item = (N, T)>, now: Instant) -> Vec<T> {
        let mut told = Vec::new();
        let mut since = BTreeMap::new();
        for (name, what) in there {
            let mut known = self.since.remove(&name).unwrap_or(Since {
                seen: now,
                is_told: false,
            });
            if !known.is_told && now.duration_since(known.seen) >= self.grace {
                known.is_told = true;
                told.push(what);
            }
            since.insert(name, known);
        }
        self.since = since;
        told
    }

    fn lasts(&self, name: &N) -> bool {
        self.since.get(name).is_some_and(|since| since.is_told)
    }

    fn lasting(&self) -> usize {
        self.since.values().filter(|since| since.is_told).count()
    }
}

impl Patience {
    pub(super) const fn new(grace: Duration) -> Self {
        Self {
            holes: Waiting::new(grace),
            losses: Waiting::new(grace),
        }
    }

    /// Takes note of the holes that there are `now`; gives those that have outlived the grace since the last look.
    pub(super) fn look<'v>(&mut self, verdict: &'v Verdict, now: Instant) -> Vec<(Lane, &'v Hole)> {
        let there = holes(verdict).map(|(lane, hole)| (name(lane, hole), (lane, hole)));
        self.holes.look(there, now)
    }

    /// The same for losses that no record accounts for.
    pub(super) fn losses<'v>(&mut self, verdict: &'v Verdict, now: Instant) -> Vec<&'v Loss> {
        let open = verdict.losses.iter().filter(|loss| !loss.is_accounted_for);
        self.losses
            .look(open.map(|loss| ((loss.lane, loss.from, loss.to), loss)), now)
    }

    /// How many holes of a lane last.
    pub(super) fn lasting(&self, lane: &LaneVerdict) -> usize {
        let lasts = |hole: &&Hole| self.holes.lasts(&name(lane.lane, hole));
        lane.counted().filter(lasts).count()
    }

    /// How many losses last that no record accounts for.
    pub(super) fn lasting_losses(&self) -> usize {
        self.losses.lasting()
    }

    /// Whether nothing lasts.
    pub(super) fn is_whole(&self) -> bool {
        self.holes.lasting() + self.losses.lasting() == 0
    }
}

fn holes(verdict: &Verdict) -> impl Iterator<Item = (Lane, &Hole)> {
    let lanes = verdict.lanes.iter();
    lanes.flat_map(|lane| lane.counted().map(|hole| (lane.lane, hole)))
}

/// A hole may grow at its end while it is looked at.
const fn name(lane: Lane, hole: &Hole) -> Name {
    (lane, hole.from.epoch, hole.from.seq, hole.cause)
}

#[cfg(test)]
mod tests {
    use stream_core::chain::Walk;
    use stream_core::model::Header;

    use super::*;

    fn verdict(headers: &[&str]) -> Verdict {
        let mut walk = Walk::new("s", [Lane::Tweets].into_iter().collect());
        for header in headers {
            walk.record(Lane::Tweets, &Header::parse(header).unwrap(), b"");
        }
        walk.verdict()
    }

    #[test]
    fn a_hole_is_told_once_when_it_has_outlived_the_grace() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut patience = Patience::new(Duration::from_secs(10));
        let hole = verdict(&["1:0::tweets", "1:2:1:tweets"]);
        assert!(patience.look(&hole, at(0)).is_empty());
        assert!(patience.look(&hole, at(9)).is_empty());
        assert_eq!((patience.lasting(&hole.lanes[0]), patience.is_whole()), (0, true));
        assert_eq!(patience.look(&hole, at(10)).len(), 1);
        assert!(patience.look(&hole, at(11)).is_empty());
        assert_eq!(
            (patience.lasting(&hole.lanes[0]), patience.is_whole()),
            (1, false)
        );
        // It comes after all; and another one starts anew.
        let whole = verdict(&["1:0::tweets", "1:1:0:tweets", "1:2:1:tweets"]);
        assert!(patience.look(&whole, at(12)).is_empty());
        assert!(patience.is_whole());
        assert!(patience.look(&hole, at(13)).is_empty());
    }
}
