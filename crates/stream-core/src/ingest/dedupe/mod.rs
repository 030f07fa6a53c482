//! Repeats: what backfill and recovery bring again is recognised by an exact window of ids, bounded in bytes, that outlives the
//! process.

mod file;
mod window;

use std::io;
use std::path::Path;

use journal::{Item, Journal};

use self::file::{Row, WindowFile};
use self::window::{Seen, Window};
use super::batch::Ready;
use super::sighting::Sighting;
use crate::log::{Entry, Kind, Message};

/// What becomes of a thing that comes again under the same id. One that matches other rules than before always passes, marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dedupe {
    /// It passes, like any other; nothing is remembered.
    #[default]
    Off,
    /// It passes, and its records say that it is a repeat.
    Mark,
    /// It is counted, and goes nowhere.
    Drop,
}

impl Dedupe {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::Off, Self::Mark, Self::Drop];

    /// Its name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Mark => "mark",
            Self::Drop => "drop",
        }
    }
}

/// How much of what came last is remembered, by the weight of its ids.
const WINDOW_BYTES: usize = 16 << 20;

/// Recogniser of repeats. The journal is its memory, and its file the memory of what the journal has let go.
pub(crate) struct Deduper {
    mode: Dedupe,
    window: Window,
    file: Option<WindowFile>,
}

impl Deduper {
    /// Goes on where the last process ended: reads the file in `dir`, and what the journal holds beyond it. Blocks.
    pub(crate) fn open(mode: Dedupe, dir: &Path, journal: &Journal) -> Self {
        let mut deduper = Self {
            mode,
            window: Window::new(WINDOW_BYTES),
            file: None,
        };
        if mode == Dedupe::Off {
            return deduper;
        }
        // What the journal has lost will be asked for again, and must pass.
        let mut rows = file::read(dir);
        if let Some(cut) = rows.iter().position(|row| row.position >= journal.end()) {
            rows.truncate(cut);
        }
        let known = rows.last().map_or(0, |row| row.position + 1);
        rows.extend(journaled(journal, known, deduper.window.most()));
        for row in &rows {
            deduper.window.see(&row.sighting);
        }
        let start = rows.len() - deduper.window.len().min(rows.len());
        deduper.file = WindowFile::create(dir, &rows[start..], WINDOW_BYTES / 2)
            .inspect_err(unwritable)
            .ok();
        deduper
    }

    /// Takes out what goes nowhere, and marks what came before; gives how many were taken out. What is new is known from now on, but
    /// not [noted](Self::note).
    pub(super) fn sift(&mut self, ready: &mut Vec<Ready>) -> u64 {
        if self.mode == Dedupe::Off {
            return 0;
        }
        let before = ready.len();
        ready.retain_mut(|one| {
            let Some(sighting) = one.is_line().then(|| Sighting::of(&one.draft)).flatten() else {
                return true;
            };
            let seen = self.window.see(&sighting);
            one.sighting = Some(sighting);
            if seen != Seen::New {
                one.draft.kind = Kind::Repeat;
            }
            seen != Seen::Same || self.mode == Dedupe::Mark
        });
        (before - ready.len()) as u64
    }

    /// Notes what is journaled now, for the next process.
    pub(super) fn note(&mut self, ready: &[Ready], messages: &[Message]) {
        let Some(file) = &mut self.file else {
            return;
        };
        let rows = ready.iter().zip(messages).filter_map(|(one, message)| {
            Some(Row {
                position: message.place.seq,
                sighting: one.sighting.clone()?,
            })
        });
        if let Err(error) = file.append(rows) {
            unwritable(&error);
            self.file = None;
        }
    }
}

fn unwritable(error: &io::Error) {
    tracing::error!(%error, "the window of ids cannot be written: after a restart repeats may pass");
}

/// What the journal holds at `known` and behind it; of very many, the last `most`.
fn journaled(journal: &Journal, known: u64, most: usize) -> Vec<Row> {
    let from = known.max(journal.end().saturating_sub(most as u64));
    let mut reader = journal.read_from(from.max(journal.start()));
    let mut rows = Vec::new();
    loop {
        match reader.next_batch(1 << 20) {
            Ok(items) if items.is_empty() => return rows,
            Ok(items) => rows.extend(items.into_iter().filter_map(|item| match item {
                Item::Entry(position, bytes) => {
                    let entry = Entry::decode(position, &bytes).ok()?;
                    let sighting = Sighting::journaled(&entry)?;
                    Some(Row { position, sighting })
                }
                Item::Lost(_) => None,
            })),
            Err(error) => {
                tracing::error!(%error, "the journal cannot be read to its end: repeats may pass");
                return rows;
            }
        }
    }
}

#[cfg(test)]
mod tests;
