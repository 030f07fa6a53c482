//! Retention: where the consumers stand, and which segments they all have passed.

use super::State;
use crate::cursor::{Cursor, Cursors};

impl State {
    pub(crate) fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    pub(crate) fn set_cursor(&mut self, name: &str, mut cursor: Cursor) {
        cursor.position = cursor.position.min(self.end);
        match self.cursors.get_mut(name) {
            Some(held) if *held == cursor => return,
            Some(held) => *held = cursor,
            None => drop(self.cursors.insert(name.to_owned(), cursor)),
        }
        self.version += 1;
    }

    pub(crate) fn forget_cursor(&mut self, name: &str) {
        if self.cursors.remove(name).is_some() {
            self.version += 1;
        }
    }

    pub(crate) fn lowest_cursor(&self) -> Option<u64> {
        self.cursors.values().map(|cursor| cursor.position).min()
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn cursors_changed(&self) -> bool {
        self.written
            .map_or(!self.cursors.is_empty(), |(version, _)| version != self.version)
    }

    pub(crate) fn cursors_written(&mut self, version: u64, lowest: Option<u64>) {
        self.written = Some((version, lowest));
    }

    /// Takes out the segments that every cursor has passed, in memory and on disk, and gives what
    /// is to be unlinked. The newest segment with entries stays, and without cursors all stay.
    pub(crate) fn trim(&mut self) -> Vec<u64> {
        let on_disk = self.written.and_then(|(_, lowest)| lowest);
        if let (Some(written), Some(held)) = (on_disk, self.lowest_cursor()) {
            let passed = written.min(held);
            while self.end_of(0) <= passed && self.segments.iter().skip(1).any(|it| it.bytes > 0) {
                let Some(gone) = self.segments.pop_front() else {
                    break;
                };
                self.doomed.push((gone.first, gone.bytes));
            }
            self.holes = self.holes.split_off(&self.start());
        }
        self.doomed.iter().map(|(first, _)| *first).collect()
    }

    pub(crate) fn unlinked(&mut self, first: u64) {
        self.bytes -= self.doomed.iter().find(|it| it.0 == first).map_or(0, |it| it.1);
        self.doomed.retain(|it| it.0 != first);
    }
}
