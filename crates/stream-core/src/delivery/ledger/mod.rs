//! Ledger: one lane's accounts, over its way through the messages. Which records are in flight, how far the cursor has got,
//! and the counts that must agree. No broker in here.

use journal::Journal;

use crate::delivery::cursor::{self, LaneCursor};
use crate::delivery::window::{Limits, Settlement, Window};
use crate::log::{LaneReadError, LaneReader, SplitMessage};
use crate::model::{Lane, Place, Record, Timestamp};
use crate::sink::Outcome;
use crate::telemetry::{LaneStatus, StatusCell};

/// At-least-once, as accounts: whatever happens, every message below the cursor is settled, and the cursor never passes one that is not.
pub(crate) struct LaneLedger {
    lane: Lane,
    journal: Journal,
    reader: LaneReader,
    status: StatusCell<LaneStatus>,
    cursor_name: String,
    cursor: LaneCursor,
    window: Window,
    /// The record handed over last: the next one's `previous`.
    handed_over: Option<Place>,
    /// Messages below this have been counted as received.
    seen: u64,
}

impl LaneLedger {
    /// Accounts that go on from the lane's cursor, or from the oldest message that the journal holds; `reader` is put there.
    pub(crate) fn open(
        sink_name: &str,
        lane: Lane,
        journal: Journal,
        mut reader: LaneReader,
        status: StatusCell<LaneStatus>,
    ) -> Self {
        let cursor_name = cursor::name(sink_name, lane);
        let cursor = match journal.cursor(&cursor_name) {
            Some(cursor) => LaneCursor::from(cursor),
            None => LaneCursor {
                position: journal.start(),
                last: None,
            },
        };
        journal.set_cursor(&cursor_name, cursor.into());
        reader.seek(cursor.position);
        status.update(|status| {
            status.cursor = cursor.position;
            status.moved_at = Timestamp::now();
        });
        Self {
            lane,
            journal,
            reader,
            status,
            cursor_name,
            cursor,
            window: Window::default(),
            handed_over: cursor.last,
            seen: cursor.position,
        }
    }

    /// Every message below this is settled.
    pub(crate) fn cursor(&self) -> u64 {
        self.cursor.position
    }

    /// The oldest record in flight.
    pub(crate) fn oldest(&self) -> Option<&Record> {
        self.window.oldest()
    }

    /// Whether one more record may be handed over.
    pub(crate) fn has_room(&self, limits: Limits) -> bool {
        self.window.has_room(limits)
    }

    /// Waits until [`take_on`](Self::take_on) has something, or there is something that the lane gets nothing of. Cancel safe.
    pub(crate) async fn ready(&mut self) -> Result<(), LaneReadError> {
        self.reader.ready().await
    }

    /// Whether everything in the journal was taken on.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.reader.is_caught_up()
    }

    /// Takes messages while the window has room, and gives the lane's records, which are in flight from now on.
    pub(crate) fn take_on(&mut self, limits: Limits) -> Vec<Record> {
        let (mut records, mut received) = (Vec::new(), 0);
        while self.window.has_room(limits)
            && let Some(message) = self.reader.take()
        {
            let Some(record) = self.record(&message) else {
                continue;
            };
            received += u64::from(message.place.seq >= self.seen);
            self.handed_over = Some(record.place);
            self.window.push(record.clone());
            records.push(record);
        }
        self.seen = self.seen.max(self.reader.position());
        self.status.update(|status| {
            status.received += received;
            status.in_flight += received;
            status.published += records.len() as u64;
        });
        self.advance();
        records
    }

    fn record(&self, message: &SplitMessage) -> Option<Record> {
        if !message.lanes.contains(self.lane) {
            return None;
        }
        let value = message.split.value(self.lane, &message.payload)?;
        Some(Record {
            lane: self.lane,
            place: message.place,
            previous: self.handed_over,
            lanes: message.lanes,
            received_at: message.received_at,
            key: message.split.key.clone(),
            value,
        })
    }

    /// Notes the fate of the record at `seq`.
    pub(crate) fn settle(&mut self, seq: u64, outcome: Outcome) -> Settlement {
        self.window.settle(seq, outcome)
    }

    /// Counts what is delivered without a gap before it and moves the cursor; `each` sees every such record.
    pub(crate) fn pass_delivered(&mut self, mut each: impl FnMut(&Record)) {
        let mut delivered = 0;
        while let Some(record) = self.window.pop_settled() {
            each(&record);
            self.cursor.last = Some(record.place);
            delivered += 1;
        }
        if delivered > 0 {
            self.status.update(|status| {
                status.delivered += delivered;
                status.in_flight -= delivered;
            });
        }
        self.advance();
    }

    /// Passes the oldest record in flight, which was refused and is in `dead_letter` (or nowhere, if that lane is off).
    pub(crate) fn pass_refused(&mut self, dead_lettered: bool) {
        let Some(record) = self.window.pop() else {
            return;
        };
        self.cursor.last = Some(record.place);
        self.status.update(|status| {
            status.in_flight -= 1;
            *(if dead_lettered {
                &mut status.dead_lettered
            } else {
                &mut status.dropped
            }) += 1;
        });
        self.advance();
    }

    /// Moves the cursor to the oldest message that is not settled.
    fn advance(&mut self) {
        let oldest = self.window.oldest();
        let position = oldest.map_or(self.reader.position(), |record| record.place.seq);
        self.stand_at(position, oldest.map(|record| record.received_at));
    }

    fn stand_at(&mut self, position: u64, oldest_pending: Option<Timestamp>) {
        let moved = position != self.cursor.position;
        self.status.update(|status| {
            status.cursor = position;
            status.waits(oldest_pending, moved);
        });
        if moved {
            self.cursor.position = position;
            self.journal.set_cursor(&self.cursor_name, self.cursor.into());
        }
    }

    /// Back to the cursor: what was in flight will be handed over again. Counts as a reset if anything was.
    pub(crate) fn rewind(&mut self) {
        let resets = u64::from(!self.window.is_empty());
        self.window.clear();
        self.reader.seek(self.cursor.position);
        self.handed_over = self.cursor.last;
        // A broker that is away holds up what nobody has handed over yet, too.
        let oldest_pending = self.reader.next_received_at();
        // Looking for it may have passed messages that the lane gets nothing of.
        self.stand_at(self.reader.position(), oldest_pending);
        self.status.update(|status| status.resets += resets);
    }

    /// Whether counts that were kept apart agree: what is in flight by the counts, and what is in the window.
    pub(crate) fn agree(&self) -> bool {
        let replaying = self.reader.position() < self.seen;
        let (in_flight, balances) = self.status.update(|status| (status.in_flight, status.balances()));
        balances && (replaying || in_flight == self.window.len() as u64)
    }
}

#[cfg(test)]
mod tests;
