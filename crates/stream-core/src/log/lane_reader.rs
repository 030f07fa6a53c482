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
