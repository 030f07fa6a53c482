//! Ledger: one lane's accounts, over its way through the messages. Which records are in flight, how far the cursor has got,
//! and the chain that must hold. No broker in here.

use std::sync::Arc;

use bytes::BytesMut;
use journal::Journal;

use crate::delivery::on_stuck::Retention;
use crate::delivery::window::{Flown, Hole, Limits, Passed, Settlement, Window};
use crate::log::{Item, LaneCursor, LaneReadError, LaneReader, Link, Message, Part, cursor_name};
use crate::model::{Lane, Record, Timestamp};
use crate::sink::Outcome;
use crate::telemetry::{LaneStatus, StatusCell};

/// At-least-once, as accounts: whatever happens, every message below the cursor is settled, and the cursor never passes one that
/// is not. What became of each is counted beside the cursor, so that it outlives the process with it.
pub(crate) struct LaneLedger {
    lane: Lane,
    journal: Journal,
    reader: LaneReader,
    status: StatusCell<LaneStatus>,
    cursor_name: Arc<str>,
    cursor: LaneCursor,
    window: Window,
    /// The record handed over last, or lost behind it: the next one must name it.
    handed_over: Link,
    /// Values that are composed share its memory.
    buffer: BytesMut,
}

/// The chain does not hold: between what was handed over and what came next, a record is missing that no damage took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainBroken;

/// Why dropping has ended too early.
#[derive(Debug)]
pub(crate) enum DropError {
    /// The journal could not be read.
    Read(LaneReadError),
    /// The chain does not hold.
    Chain(ChainBroken),
}

impl From<LaneReadError> for DropError {
    fn from(error: LaneReadError) -> Self {
        Self::Read(error)
    }
}

impl From<ChainBroken> for DropError {
    fn from(error: ChainBroken) -> Self {
        Self::Chain(error)
    }
}

impl LaneLedger {
    /// Accounts that go on from `cursor`; `reader` is put there.
    pub(crate) fn open(
        sink_name: &str,
        lane: Lane,
        cursor: LaneCursor,
        journal: Journal,
        mut reader: LaneReader,
        status: StatusCell<LaneStatus>,
    ) -> Self {
        let cursor_name: Arc<str> = cursor_name(sink_name, lane).into();
        journal.set_cursor(&cursor_name, cursor.into());
        reader.seek(cursor.position);
        status.update(|status| status.moved_at = Timestamp::now());
        Self {
            lane,
            journal,
            reader,
            status,
            cursor_name,
            cursor,
            window: Window::default(),
            handed_over: cursor.link(),
            buffer: BytesMut::new(),
        }
    }

    /// Every message below this is settled.
    pub(crate) fn cursor(&self) -> u64 {
        self.cursor.position
    }

    /// How many records are settled.
    pub(crate) fn settled(&self) -> u64 {
        self.cursor.accounts.settled()
    }

    /// The oldest record in flight.
    pub(crate) fn oldest(&self) -> Option<Flown> {
        self.window.oldest()
    }

    /// Whether one more record may be handed over.
    pub(crate) fn has_room(&self, limits: Limits) -> bool {
        self.window.has_room(limits)
    }

    /// Waits until [`take_on`](Self::take_on) has something, or there is something that the lane gets nothing of. Cancel safe.
    pub(crate) async fn ready(&mut self) -> Result<(), LaneReadError> {
        if self.window.is_empty() {
            // While it rests, its cursor is moved by others, from here.
            self.advance();
        }
        let resting = self.window.is_empty().then_some((&self.cursor_name, self.cursor));
        self.reader.ready(resting).await
    }

    /// Whether [`ready`](Self::ready) has found something; notes what waits, and where the lane stands.
    pub(crate) fn found_something(&mut self) -> bool {
        self.advance();
        self.reader.peek().is_some()
    }

    /// Moves along with what the lane gets nothing of, for as long as this is polled; it never ends. Only while nothing is in
    /// flight. Cancel safe.
    pub(crate) async fn drift(&mut self) {
        // What cannot be read now is complained of by whoever needs it.
        while !self.found_something() && self.ready().await.is_ok() {}
        std::future::pending::<()>().await;
    }

    /// Whether everything in the journal was taken on.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.reader.is_caught_up()
    }

    /// Takes messages while the window has room, and gives the lane's records, which are in flight from now on.
    pub(crate) fn take_on(&mut self, limits: Limits) -> Result<Vec<Record>, ChainBroken> {
        let mut records = Vec::new();
        while self.window.has_room(limits)
            && let Some(item) = self.reader.take()
        {
            match item {
                Item::Message(message) => records.extend(self.record(&message)?),
                Item::Lost(lost) => self.lose(lost.positions.start, lost.chain.of(self.lane))?,
            }
        }
        if !records.is_empty() {
            self.status
                .update(|status| status.published += records.len() as u64);
        }
        self.pass_settled(|_| {});
        Ok(records)
    }

    fn record(&mut self, message: &Message) -> Result<Option<Record>, ChainBroken> {
        let Some(part) = self.follow(message)? else {
            return Ok(None);
        };
        let record = message.record(&part, &mut self.buffer);
        self.window.push(&record);
        Ok(Some(record))
    }

    /// The lane's part of `message`, which must name what was handed over before.
    fn follow(&mut self, message: &Message) -> Result<Option<Part>, ChainBroken> {
        let Some(part) = message.part(self.lane) else {
            return Ok(None);
        };
        if part.before != self.handed_over {
            return Err(ChainBroken);
        }
        self.handed_over = part.before.then(message.place);
        Ok(Some(*part))
    }

    /// A hole that begins at `start`, before whose end the lane's last record was that of `behind`.
    fn lose(&mut self, start: u64, behind: Link) -> Result<(), ChainBroken> {
        let records = behind
            .count
            .checked_sub(self.handed_over.count)
            .ok_or(ChainBroken)?;
        if records == 0 && behind != self.handed_over {
            return Err(ChainBroken);
        }
        self.handed_over = behind;
        self.window.push_hole(start, Hole { records, behind });
        Ok(())
    }

    /// Whether the oldest record in flight is over the bound of `retention`.
    pub(crate) fn is_over(&self, retention: &Retention) -> bool {
        let oldest = self.oldest();
        oldest.is_some_and(|flown| {
            retention.is_over(flown.received_at, || self.journal.bytes_from(flown.place.seq))
        })
    }

    /// Drops the oldest records while they are over the bound of `retention`, and counts them in `dropped`. Only while nothing
    /// is in flight. Cancel safe.
    pub(crate) async fn drop_oldest(
        &mut self,
        retention: &Retention,
        dropped: &mut u64,
    ) -> Result<(), DropError> {
        while let Some(item) = self.next_over(retention).await? {
            *dropped += u64::from(self.drop_item(&item)?);
        }
        self.advance();
        Ok(())
    }

    /// Takes the next item if it is a hole, or over the bound of `retention`.
    async fn next_over(&mut self, retention: &Retention) -> Result<Option<Item>, LaneReadError> {
        while self.reader.peek().is_none() && !self.reader.is_caught_up() {
            // It tells the journal first how far the lane has got.
            self.ready().await?;
        }
        let is_over = match self.reader.peek() {
            Some(Item::Message(message)) => {
                let bytes = || self.journal.bytes_from(message.place.seq);
                retention.is_over(message.received_at, bytes)
            }
            Some(Item::Lost(_)) => true,
            None => false,
        };
        Ok(if is_over { self.reader.take() } else { None })
    }

    /// Passes `item` without handing anything over; whether that dropped a record.
    fn drop_item(&mut self, item: &Item) -> Result<bool, ChainBroken> {
        match item {
            Item::Message(message) => {
                let ours = self.follow(message)?.is_some();
                if ours {
                    self.cursor.last = Some(message.place);
                    self.cursor.accounts.dropped += 1;
                }
                Ok(ours)
            }
            Item::Lost(lost) => {
                self.lose(lost.positions.start, lost.chain.of(self.lane))?;
                self.pass_settled(|_| {});
                Ok(false)
            }
        }
    }

    /// Notes the fate of the record at `seq`.
    pub(crate) fn settle(&mut self, seq: u64, outcome: Outcome) -> Settlement {
        self.window.settle(seq, outcome)
    }

    /// Counts what is settled without a gap before it and moves the cursor; `each` sees every record that is delivered.
    pub(crate) fn pass_settled(&mut self, mut each: impl FnMut(Flown)) {
        while let Some(passed) = self.window.pop_settled() {
            match passed {
                Passed::Record(flown) => {
                    each(flown);
                    self.cursor.last = Some(flown.place);
                    self.cursor.accounts.delivered += 1;
                }
                Passed::Hole(hole) => {
                    self.cursor.last = hole.behind.last;
                    self.cursor.accounts.lost += hole.records;
                }
            }
        }
        self.advance();
    }

    /// Passes the oldest record in flight, which was refused and is in `dead_letter` (or nowhere, if that lane is off).
    pub(crate) fn pass_refused(&mut self, dead_lettered: bool) {
        let Some(flown) = self.window.pop() else {
            return;
        };
        self.cursor.last = Some(flown.place);
        if dead_lettered {
            self.cursor.accounts.dead_lettered += 1;
        } else {
            self.cursor.accounts.dropped += 1;
        }
        self.advance();
    }

    /// Moves the cursor to the oldest message that is not settled.
    fn advance(&mut self) {
        let position = self.window.start().unwrap_or(self.reader.position());
        let moved = position != self.cursor.position;
        let oldest = self.oldest_pending();
        self.status.update(|status| status.waits(oldest, moved));
        if moved {
            self.cursor.position = position;
            self.journal.set_cursor(&self.cursor_name, self.cursor.into());
        }
    }

    /// When the oldest record was received that is known to wait, in flight or not.
    fn oldest_pending(&self) -> Option<Timestamp> {
        let flying = self.window.oldest().map(|flown| flown.received_at);
        flying.or_else(|| self.reader.next_received_at())
    }

    /// Back to the cursor: what was in flight will be handed over again. Counts as a reset if anything was.
    pub(crate) fn rewind(&mut self) {
        if self.window.is_empty() {
            // What was passed since the cursor was for other lanes.
            self.advance();
        } else {
            self.status.update(|status| status.resets += 1);
            self.window.clear();
        }
        self.reader.seek(self.cursor.position);
        self.handed_over = self.cursor.link();
    }
}

#[cfg(test)]
mod tests;
