//! An observer that tests can ask.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::telemetry::{Observation, Observer};

/// Counts some of what happens, each by a word or two: `connect accepted`, `waiting network`, `gap`.
#[derive(Default)]
pub struct Counts(Mutex<BTreeMap<String, u64>>);

impl Counts {
    /// How often `what` has happened, by the words of [`on`](Observer::on).
    pub fn of(&self, what: &str) -> u64 {
        self.0.lock().get(what).copied().unwrap_or_default()
    }

    fn add(&self, what: String, n: u64) {
        *self.0.lock().entry(what).or_default() += n;
    }
}

impl Observer for Counts {
    fn on(&self, event: Observation<'_>) {
        match event {
            Observation::Connect { outcome, .. } => self.add(format!("connect {outcome}"), 1),
            Observation::Disconnected { reason } => self.add(format!("disconnected {reason}"), 1),
            Observation::Waiting { class, .. } => self.add(format!("waiting {class}"), 1),
            Observation::DeadLetter { reason } => self.add(format!("dead letter {reason}"), 1),
            Observation::Dropped { reason, messages } => {
                self.add(format!("dropped {}", reason.name()), messages);
            }
            Observation::Undelivered { messages } => self.add("undelivered".to_owned(), messages),
            Observation::Suppressed { messages } => self.add("suppressed".to_owned(), messages),
            Observation::HalfLine { bytes } => self.add("half line".to_owned(), bytes),
            Observation::Gap { .. } => self.add("gap".to_owned(), 1),
            Observation::Confirmed { lane, .. } => self.add(format!("confirmed {lane}"), 1),
            Observation::Bytes(_)
            | Observation::Frame(_)
            | Observation::Message { .. }
            | Observation::Published { .. } => {}
        }
    }
}
