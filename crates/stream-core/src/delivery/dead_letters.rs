//! What becomes of a record that a broker refuses although it came alone.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::ingest::{IngestQueue, Item};
use crate::model::{DeadLetter, DeadLetterReason, DropReason, Lane, Record, Refused, cut_letter};
use crate::telemetry::{Observation, Observer};

/// The way of refused records into the lane `dead_letter`.
pub(super) struct DeadLetters {
    pub(super) sink_name: String,
    /// Where dead letters go, if that lane is switched on.
    pub(super) queue: Option<Arc<IngestQueue>>,
    pub(super) observer: Arc<dyn Observer>,
    /// The end, which a journal that is full must not hold up.
    pub(super) stop: CancellationToken,
}

/// What became of it.
pub(super) enum Fate {
    /// Its dead letter is in the journal.
    DeadLettered,
    /// It is counted, and gone.
    Dropped,
    /// The end came first: it stays in flight and is replayed.
    Open,
}

impl DeadLetters {
    /// Writes the dead letter of `record`, which was refused because of `why`.
    pub(super) async fn take(&self, record: &Record, why: &str) -> Fate {
        tracing::error!(
            sink = self.sink_name,
            record = record.id(),
            why,
            "refused by the broker"
        );
        let queue = self.queue.as_ref().filter(|_| record.lane != Lane::DeadLetter);
        let Some(queue) = queue else {
            self.observer.on(Observation::Dropped {
                reason: DropReason::NoDeadLetters(DeadLetterReason::Refused),
                messages: 1,
            });
            return Fate::Dropped;
        };
        let refused = Refused {
            sink: &self.sink_name,
            record: record.id(),
            detail: why,
        };
        let letter = DeadLetter::refused(record.received_at, &record.value, refused);
        let (journaled, wait) = oneshot::channel();
        queue.put(Item::DeadLetter(letter.to_json(), journaled));
        // An error means that the journal has closed without it.
        let kept = tokio::select! {
            () = self.stop.cancelled() => false,
            kept = wait => kept.is_ok(),
        };
        if !kept {
            return Fate::Open;
        }
        self.observer.on(Observation::DeadLetter {
            reason: DeadLetterReason::Refused,
        });
        Fate::DeadLettered
    }
}

/// A dead letter that its own topic refuses, and how often it has been cut for that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    seq: u64,
    times: u32,
}

impl Cut {
    /// The next shorter form of `letter`, which was refused in the one that `now` made; `None` if there is none.
    pub(super) fn shorter(now: Option<Self>, letter: &Record) -> Option<Self> {
        let seq = letter.place.seq;
        let before = now.filter(|cut| cut.seq == seq).map_or(0, |cut| cut.times);
        let cut = Self {
            seq,
            times: before + 1,
        };
        let value = cut.of(letter).filter(|_| letter.lane == Lane::DeadLetter)?;
        if before == 0 {
            let (record, bytes) = (letter.id(), letter.value.len());
            tracing::warn!(
                record,
                bytes,
                "this dead letter is too much for its own lane: it is cut"
            );
        }
        tracing::debug!(record = letter.id(), bytes = value.len(), "cut");
        Some(cut)
    }

    /// The value of `record` in this form, if it is the one to cut.
    pub(super) fn of(self, record: &Record) -> Option<Bytes> {
        if record.place.seq != self.seq {
            return None;
        }
        cut_letter(&record.value, self.times)
    }
}
