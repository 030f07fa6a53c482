//! Retention: where the consumers stand, and which segments they all have passed.

use super::State;
use crate::cursor::{Cursor, Cursors};

impl State {
    pub(crate) fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    /// True if that changed anything.
    pub(crate) fn set_cursor(&mut self, name: &str, mut cursor: Cursor) -> bool {
        cursor.position = cursor.position.min(self.end);
        match self.cursors.get_mut(name) {
            Some(held) if *held == cursor => return false,
            Some(held) => *held = cursor,
            None => drop(self.cursors.insert(name.to_owned(), cursor)),
        }
        self.version += 1;
        true
    }

    /// True if that changed anything.
    pub(crate) fn forget_cursor(&mut self, name: &str) -> bool {
        let known = self.cursors.remove(name).is_some();
        self.version += u64::from(known);
        known
    }

    pub(crate) fn lowest_cursor(&self) -> Option<u64> {
        self.cursors.values().map(|cursor| cursor.position).min()
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Whether the file has other cursors than memory.
    pub(crate) fn cursors_changed(&self) -> bool {
        self.written
            .map_or(!self.cursors.is_empty(), |version| version != self.version)
    }

    /// Whether the disk has, for all that is known, other cursors than memory.
    pub(crate) fn cursors_unforced(&self) -> bool {
        self.forced.is_none_or(|(version, _)| version != self.version)
    }

    pub(crate) fn cursors_written(&mut self, version: u64) {
        self.written = Some(version);
    }

    pub(crate) fn cursors_forced(&mut self, version: u64, lowest: Option<u64>) {
        self.forced = Some((version, lowest));
    }

    /// Whether segments could go if the cursors of this moment were on the disk.
    pub(crate) fn can_trim(&self) -> bool {
        self.lowest_cursor()
            .is_some_and(|passed| self.oldest_may_go(passed))
    }

    /// Takes out the segments that every cursor has passed, in memory and on disk, and gives what
    /// is to be unlinked. The newest segment with entries stays, and without cursors all stay.
    pub(crate) fn trim(&mut self) -> Vec<u64> {
        let on_disk = self.forced.and_then(|(_, lowest)| lowest);
        if let (Some(forced), Some(held)) = (on_disk, self.lowest_cursor()) {
            let passed = forced.min(held);
            while self.oldest_may_go(passed) {
                let Some(gone) = self.segments.pop_front() else {
                    break;
                };
                self.consumed = self.start();
                self.doomed.push((gone.first, gone.bytes));
            }
            self.holes.forget_below(self.start());
        }
        self.doomed.iter().map(|(first, _)| *first).collect()
    }

    fn oldest_may_go(&self, passed: u64) -> bool {
        self.end_of(0) <= passed && self.segments.iter().skip(1).any(|it| it.bytes > 0)
    }

    pub(crate) fn unlinked(&mut self, first: u64) {
        self.bytes -= self.doomed.iter().find(|it| it.0 == first).map_or(0, |it| it.1);
        self.doomed.retain(|it| it.0 != first);
    }
}
