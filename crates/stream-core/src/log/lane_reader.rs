//! One lane's way through the messages: from memory, or from the journal if it lags.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cursor::LaneCursor;
use super::item::Item;
use super::replay::{LaneReadError, Replay};
use super::tail::{Looked, Seat};
use crate::model::Timestamp;

/// One lane's place in the sequence of messages.
pub(crate) struct LaneReader {
    seat: Seat,
    replay: Arc<Replay>,
    ready: VecDeque<Item>,
    /// The position after the last message that was looked at for `ready`.
    upto: u64,
    position: u64,
}

impl LaneReader {
    /// A reader that starts at `position`.
    pub(crate) fn new(seat: Seat, replay: Arc<Replay>, position: u64) -> Self {
        Self {
            seat,
            replay,
            ready: VecDeque::new(),
            upto: position,
            position,
        }
    }

    /// The position after the last item taken, and after those messages that the lane gets nothing of.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Goes back (or ahead) to `position`.
    pub(crate) fn seek(&mut self, position: u64) {
        self.position = position;
        self.ready.clear();
    }

    /// Whether everything in the journal was taken.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.ready.is_empty() && self.position >= self.seat.end()
    }

    /// Waits until [`take`](Self::take) has something, or the position has moved past messages of other lanes. A lane with
    /// nothing in flight gives the name of its cursor and the cursor: it rests meanwhile, and both are moved along with the
    /// position. Cancel safe.
    pub(crate) async fn ready(
        &mut self,
        resting: Option<(&Arc<str>, LaneCursor)>,
    ) -> Result<(), LaneReadError> {
        while self.ready.is_empty() {
            self.upto = match self.seat.read(self.position, &mut self.ready) {
                Looked::Upto(upto) => upto,
                Looked::Behind => {
                    let block = self.replay.block(self.position).await?;
                    let lane = self.seat.lane();
                    block.from(
                        self.position,
                        |message| message.lanes.contains(lane),
                        &mut self.ready,
                    )
                }
                Looked::CaughtUp => {
                    let cursor = |cursor| LaneCursor {
                        position: self.position,
                        ..cursor
                    };
                    if let Some((name, at)) = resting
                        && !self.seat.rest(name.clone(), cursor(at).into())
                    {
                        continue;
                    }
                    let rest = Rest(self);
                    rest.0.seat.woken().await;
                    continue;
                }
            };
            if self.ready.is_empty() {
                self.position = self.upto;
                break;
            }
        }
        Ok(())
    }

    /// The next item, if [`ready`](Self::ready) has found one.
    pub(crate) fn take(&mut self) -> Option<Item> {
        let item = self.ready.pop_front()?;
        self.position = match &item {
            _ if self.ready.is_empty() => self.upto,
            Item::Message(message) => message.place.seq + 1,
            Item::Lost(lost) => lost.positions.end,
        };
        Some(item)
    }

    /// The next item, if [`ready`](Self::ready) has found one; it stays.
    pub(crate) fn peek(&self) -> Option<&Item> {
        self.ready.front()
    }

    /// When the next message was received, if [`ready`](Self::ready) has found one.
    pub(crate) fn next_received_at(&self) -> Option<Timestamp> {
        self.ready.iter().find_map(|item| match item {
            Item::Message(message) => Some(message.received_at),
            Item::Lost(_) => None,
        })
    }
}

/// A lane at rest, or at least waiting; when it ends, it stands where it was moved along to.
struct Rest<'r>(&'r mut LaneReader);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        if let Some(position) = self.0.seat.rise() {
            self.0.position = self.0.position.max(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::log::chain::Chain;
    use crate::log::tail::Tail;
    use crate::log::tail::tests::message;
    use crate::model::Lane;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_comes_while_a_lane_looks_is_not_passed() {
        let count = 20_000;
        let lane_of = |seq| if seq % 3 == 0 { Lane::Tweets } else { Lane::Errors };
        let dir = tempfile::tempdir().unwrap();
        let (_appender, journal) = journal::open(journal::Settings::new(dir.path())).unwrap();
        let tail = Arc::new(Tail::new(0, Chain::default(), usize::MAX));
        let replay = Replay::new(journal, tail.clone(), 0, |hole| panic!("{hole:?} is lost")).unwrap();
        let mut reader = LaneReader::new(tail.seat(Lane::Tweets), Arc::new(replay), 0);
        let pushes = std::thread::spawn(move || {
            for seq in 0..count {
                tail.push(vec![message(seq, lane_of(seq))], &Chain::default(), seq + 1);
            }
        });
        let (name, cursor) = ("s/tweets".into(), LaneCursor::default());
        for expected in (0..count).filter(|seq| lane_of(*seq) == Lane::Tweets) {
            while reader.peek().is_none() {
                let ready = reader.ready(Some((&name, cursor)));
                let ready = tokio::time::timeout(Duration::from_secs(60), ready).await;
                ready.expect("it comes").unwrap();
            }
            let taken = reader.take();
            assert!(
                matches!(&taken, Some(Item::Message(message)) if message.place.seq == expected),
                "{expected} was passed"
            );
        }
        pushes.join().unwrap();
    }
}
