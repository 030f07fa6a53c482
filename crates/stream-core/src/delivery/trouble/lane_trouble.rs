//! What keeps one lane from delivering at the moment, where it is known from, and when it is over.

use std::convert::Infallible;
use std::sync::Arc;

use parking_lot::Mutex;

use super::teller::Teller;
use crate::model::{Lane, Timestamp};
use crate::sink::{Health, SinkError};
use crate::telemetry::{LaneStatus, StatusCell};

/// Who knows of a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A publisher that could not be opened, or has ended.
    Session,
    /// The health of the publisher's broker.
    Health,
    /// The broker, asked why records wait.
    Inquiry,
}

/// One lane's trouble: the latest, until it is over. Clones are the same.
#[derive(Clone)]
pub(crate) struct LaneTrouble {
    lane: Lane,
    status: StatusCell<LaneStatus>,
    teller: Teller,
    now: Arc<Mutex<Option<(Source, SinkError)>>>,
}

impl LaneTrouble {
    /// No trouble yet.
    pub(crate) fn none(lane: Lane, status: StatusCell<LaneStatus>, teller: Teller) -> Self {
        Self {
            lane,
            status,
            teller,
            now: Arc::default(),
        }
    }

    /// `source` says that this is in the way.
    pub(crate) fn met(&self, source: Source, error: &SinkError) {
        self.status.update(|status| {
            status.connected &= source == Source::Inquiry;
            status.last_error = Some(error.to_string());
            status.last_error_at = Some(Timestamp::now());
            match error {
                SinkError::Unavailable(_) => status.errors_unavailable += 1,
                SinkError::Operator(_) => status.errors_operator += 1,
            }
        });
        let lane = self.lane.name();
        tracing::debug!(lane, ?source, class = error.class().name(), %error, "trouble");
        *self.now.lock() = Some((source, error.clone()));
        self.teller.note(self.lane, Some(error.clone()));
    }

    /// The trouble is over if it is one that `source` knew of.
    pub(crate) fn over(&self, source: Source) {
        self.clear(|known| known == source);
    }

    /// The broker has confirmed a record. What its health says stays: that is said of the rest of it.
    pub(crate) fn confirmed(&self) {
        self.clear(|known| known != Source::Health);
    }

    fn clear(&self, is_over: impl FnOnce(Source) -> bool) {
        let cleared = self.now.lock().take_if(|(source, _)| is_over(*source));
        if cleared.is_some() {
            self.status.update(|status| {
                status.last_error = None;
                status.last_error_at = None;
            });
            self.teller.note(self.lane, None);
        }
    }

    /// Whether the broker is known to be away.
    pub(crate) fn is_away(&self) -> bool {
        matches!(&*self.now.lock(), Some((Source::Health, _)))
    }

    /// Follows the health of an open publisher's broker: the lane is connected while that is well.
    pub(crate) async fn follow(&self, mut health: Health) -> Infallible {
        let mut known = None;
        loop {
            let trouble = health.borrow_and_update().clone();
            match &trouble {
                None => {
                    self.over(Source::Health);
                    self.status.update(|status| status.connected = true);
                }
                // The same again is no change.
                Some(_) if trouble == known => {}
                Some(error) => self.met(Source::Health, error),
            }
            known = trouble;
            if health.changed().await.is_err() {
                // The last word stands.
                std::future::pending::<()>().await;
            }
        }
    }
}
