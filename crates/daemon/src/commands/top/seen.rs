//! What is known of the daemon: a pure state, which takes what is heard.

use super::feed::Heard;
use crate::admin::live::{History, Moment};

/// What is known.
#[derive(Default)]
pub(super) struct Seen {
    /// The last 15 minutes.
    pub(super) past: History,
    /// How it stood when it last spoke.
    pub(super) now: Option<Box<Moment>>,
    /// Why it is not heard, while it is not.
    pub(super) gone: Option<String>,
}

impl Seen {
    /// Takes note.
    pub(super) fn hear(&mut self, heard: Heard) {
        match heard {
            // A daemon that was started again has forgotten what is known here.
            Heard::Past(past) if past.points().len() >= self.past.points().len() => self.past = past,
            Heard::Past(_) => {}
            Heard::Now(moment) => {
                self.past.push(moment.at, &moment.rates);
                self.now = Some(moment);
                self.gone = None;
            }
            Heard::Gone(why) => self.gone = Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(points: usize) -> Heard {
        let points = vec![(0, 0.0, 0.0); points];
        Heard::Past(serde_json::from_value(serde_json::json!({ "points": points })).unwrap())
    }

    #[test]
    fn a_daemon_that_was_started_again_takes_no_past_away() {
        let mut seen = Seen::default();
        for (heard, kept) in [(past(7), 7), (past(2), 7), (past(9), 9)] {
            seen.hear(heard);
            assert_eq!(seen.past.points().len(), kept);
        }
    }
}
