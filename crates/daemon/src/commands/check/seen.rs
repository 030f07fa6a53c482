//! What is no matter of right or wrong: how it is, and what should be known of it.

use crate::commands::say;

/// How something is.
pub(super) struct Seen {
    /// In the order in which they are told.
    pub(super) facts: Vec<String>,
    /// What should be known, a sentence each.
    pub(super) notes: Vec<String>,
}

impl Seen {
    /// Tells it of `name`.
    pub(super) fn tell(&self, name: &str) {
        say(&format!("{name}: {}", self.facts.join(", ")));
        warn(name, &self.notes);
    }
}

/// Tells what should be known of `name`.
pub(super) fn warn(name: &str, notes: &[String]) {
    for note in notes {
        say(&format!("warning: {name}: {note}"));
    }
}
