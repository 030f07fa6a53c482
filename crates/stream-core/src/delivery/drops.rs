//! How it is told that a lane has dropped records: log, metric, event.

use std::ops::Range;
use std::sync::Arc;

use crate::ingest::{IngestQueue, Item};
use crate::model::{DropReason, Lane, StreamEvent, Timestamp};
use crate::telemetry::{Observation, Observer};

/// Audit of one lane's drops.
pub(crate) struct Drops {
    pub(crate) stream: String,
    pub(crate) sink: String,
    pub(crate) lane: Lane,
    /// Where events go.
    pub(crate) queue: Arc<IngestQueue>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Drops {
    /// So many `records` in `positions` were dropped, because the lane did not get on.
    pub(super) fn tell(&self, positions: Range<u64>, records: u64) {
        let (sink, lane) = (self.sink.as_str(), self.lane);
        tracing::error!(
            sink,
            %lane,
            records,
            "the sink does not take this lane's records: the oldest are dropped, as on_stuck says"
        );
        let reason = DropReason::Stuck;
        self.observer.on(Observation::Dropped {
            reason,
            messages: records,
        });
        let event = StreamEvent::Dropped {
            stream: &self.stream,
            at: Timestamp::now(),
            sink,
            lane,
            from: positions.start,
            to: positions.end,
            records,
            reason: reason.name(),
        };
        self.queue.put(Item::Event(event.to_json(), None));
    }
}
