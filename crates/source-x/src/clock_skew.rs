//! Clock skew: how far this machine's clock is from the server's, as far as an answer's `Date` can tell.

use std::sync::Arc;

use http::HeaderMap;
use parking_lot::Mutex;
use stream_core::model::Timestamp;

use crate::response;

/// What the last answer has shown. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClockSkew(Arc<Mutex<Option<f64>>>);

impl ClockSkew {
    /// Looks at an answer to a request that left at `sent`, whose head has come just now.
    pub(crate) fn note(&self, sent: Timestamp, headers: &HeaderMap) {
        if let Some(date) = response::date(headers) {
            *self.0.lock() = Some(skew(sent, Timestamp::now(), date));
        }
    }

    /// Seconds that this machine's clock is ahead, negative if it is behind.
    pub(crate) fn seconds(&self) -> Option<f64> {
        *self.0.lock()
    }
}

/// The server has written `date`, in whole seconds, between `sent` and `received`. What that explains is no skew, so it is at least
/// what is given here.
fn skew(sent: Timestamp, received: Timestamp, date: u64) -> f64 {
    let seconds = |at: Timestamp| at.micros() as f64 / 1e6;
    let ahead = seconds(sent) - (date as f64 + 1.0);
    let behind = seconds(received) - date as f64;
    if ahead > 0.0 { ahead } else { behind.min(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_and_the_way_explain_is_no_skew() {
        for (sent, received, expected) in [
            (100_200, 100_300, 0.0),
            (100_900, 101_500, 0.0),
            // The date is cut off to the second: it may have been a hundredth before 101.
            (100_980, 101_010, 0.0),
            (95_000, 108_000, 0.0),
            (108_000, 108_100, 7.0),
            (101_500, 101_600, 0.5),
            (90_000, 90_500, -9.5),
        ] {
            let at = Timestamp::from_millis;
            let found = skew(at(sent), at(received), 100);
            assert!((found - expected).abs() < 1e-6, "{sent} {received}: {found}");
        }
    }

    #[test]
    fn an_answer_without_a_date_changes_nothing() {
        let (skew, mut headers) = (ClockSkew::default(), HeaderMap::new());
        skew.note(Timestamp::now(), &headers);
        assert_eq!(skew.seconds(), None);
        headers.insert(
            http::header::DATE,
            "Tue, 25 Nov 2025 12:00:00 GMT".parse().unwrap(),
        );
        skew.note(Timestamp::now(), &headers);
        let known = skew.seconds();
        assert!(known > Some(86_400.0), "{known:?}");
        headers.insert(http::header::DATE, "yesterday".parse().unwrap());
        skew.note(Timestamp::now(), &headers);
        assert_eq!(skew.seconds(), known);
    }
}
