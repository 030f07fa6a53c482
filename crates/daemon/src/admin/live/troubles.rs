//! The last errors of stream and lanes, which their status forgets once they are over.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use stream_core::model::Timestamp;
use stream_core::telemetry::Status;

use crate::admin::causes::by_cause;

/// How many are kept.
const MOST: usize = 16;

/// An error, when it was last met with, and whether it is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// When it was last met with.
    pub(crate) at: Timestamp,
    /// `stream`, or a sink: which of its lanes the error holds up may change.
    pub(crate) place: String,
    /// In the peer's words.
    pub(crate) error: String,
    /// Whether it is over.
    pub(crate) over: bool,
}

/// The last of them, the oldest first.
#[derive(Default)]
pub(super) struct Troubles(VecDeque<Trouble>);

impl Troubles {
    /// Takes note of the errors that `status` shows.
    pub(super) fn note(&mut self, status: &Status) {
        let present = present(status);
        for trouble in &mut self.0 {
            trouble.over = true;
        }
        for found in present {
            // The same again is no other trouble: it is the newest now.
            self.0
                .retain(|known| known.place != found.place || known.error != found.error);
            if self.0.len() == MOST {
                self.0.pop_front();
            }
            self.0.push_back(found);
        }
    }

    /// The newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Trouble> {
        self.0.iter().rev()
    }
}

/// What is wrong now, each cause of a sink once.
fn present(status: &Status) -> Vec<Trouble> {
    let trouble = |at: Option<Timestamp>, place, error: &str| Trouble {
        at: at.unwrap_or_default(),
        place,
        error: error.to_owned(),
        over: false,
    };
    let stream = &status.stream;
    let of_stream = stream.last_error.as_deref();
    let of_stream = of_stream.map(|error| trouble(stream.last_error_at, "stream".to_owned(), error));
    let lanes = status.lanes.iter().filter_map(|lane| {
        let error = lane.last_error.as_deref()?;
        Some(((lane.sink.as_str(), error), lane.last_error_at))
    });
    let of_lanes = by_cause(lanes).into_iter().map(|((sink, error), times)| {
        let newest = times.into_iter().flatten().max();
        trouble(newest, format!("sink {sink}"), error)
    });
    of_stream.into_iter().chain(of_lanes).collect()
}

#[cfg(test)]
mod tests {
    use stream_core::model::Lane;
    use stream_core::telemetry::LaneStatus;

    use super::*;

    fn status(stream: Option<&str>, at: u64) -> Status {
        let mut status = Status::default();
        status.stream.last_error = stream.map(str::to_owned);
        status.stream.last_error_at = Some(Timestamp::from_millis(at));
        status
    }

    #[test]
    fn an_error_stays_after_it_is_over_and_the_same_again_is_the_same() {
        let mut troubles = Troubles::default();
        for at in 0..5 {
            troubles.note(&status(Some("HTTP 503"), at));
        }
        let mut lanes = status(None, 0);
        lanes.lanes = [Lane::Tweets, Lane::Errors]
            .map(|lane| LaneStatus {
                last_error: Some("no broker".into()),
                ..LaneStatus::new("kafka", lane)
            })
            .into();
        troubles.note(&lanes);
        let all: Vec<_> = troubles.newest_first().collect();
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!((all[0].place.as_str(), all[0].over), ("sink kafka", false));
        assert!(all[1].over && all[1].at == Timestamp::from_millis(4), "{all:?}");
        for n in 0..100 {
            troubles.note(&status(Some(&n.to_string()), n));
        }
        assert_eq!(troubles.newest_first().count(), MOST);
        assert_eq!(troubles.newest_first().next().unwrap().error, "99");
    }
}
