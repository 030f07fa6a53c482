//! Group commit: what is to be made durable, and when.

use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use super::{Phase, State};
use crate::settings::Durability;

/// A segment to be made durable.
pub(crate) struct SyncJob {
    pub(crate) first: u64,
    /// Entries below this are in the file now.
    pub(crate) end: u64,
    pub(crate) how: How,
}

/// How a segment becomes durable.
pub(crate) enum How {
    Sync(Arc<File>),
    /// Found at start: open it first.
    Reopen,
    /// Its sync failed: copy it.
    Copy,
}

/// How much to sync.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// Everything appended so far, consumed or not.
    All,
    /// What the durability mode asks for; entries below this are old enough.
    Aged(u64),
}

impl State {
    pub(crate) fn names_synced(&self) -> bool {
        self.names_synced
    }

    /// `upto` is the end when the directory's sync began: later names are not covered.
    pub(crate) fn set_names_synced(&mut self, upto: u64) {
        self.names_synced = self.segments.back().is_none_or(|last| last.first < upto);
    }

    /// What has to be synced now, the oldest first.
    pub(crate) fn sync_jobs(&self, durability: Durability, until: Until, now: Instant) -> Vec<SyncJob> {
        self.needing_sync(durability, until)
            .filter_map(|index| self.sync_job(index, until, now))
            .collect()
    }

    fn needing_sync(&self, durability: Durability, until: Until) -> impl Iterator<Item = usize> {
        let consumed_upto = self.lowest_cursor().unwrap_or(0);
        (0..self.segments.len())
            .filter(move |index| self.needs_sync(*index, consumed_upto, durability, until))
    }

    fn needs_sync(&self, index: usize, consumed_upto: u64, durability: Durability, until: Until) -> bool {
        let segment = &self.segments[index];
        let end = self.end_of(index);
        let unsafe_from = segment.synced.max(consumed_upto);
        let sealed = !matches!(segment.phase, Phase::Active(_));
        match (until, durability) {
            (Until::All, _) => segment.synced < end,
            (Until::Aged(aged), Durability::Process) => sealed && end <= aged && unsafe_from < end,
            (Until::Aged(aged), _) => unsafe_from < end.min(aged),
        }
    }

    fn sync_job(&self, index: usize, until: Until, now: Instant) -> Option<SyncJob> {
        let segment = &self.segments[index];
        let how = match &segment.phase {
            Phase::Active(file) | Phase::Sealed(Some(file)) => How::Sync(file.clone()),
            Phase::Sealed(None) => How::Reopen,
            Phase::Refused { retry } => match until {
                Until::Aged(_) if now < *retry => return None,
                _ => How::Copy,
            },
        };
        Some(SyncJob {
            first: segment.first,
            end: self.end_of(index),
            how,
        })
    }

    pub(crate) fn synced(&mut self, job: &SyncJob) {
        let Some(index) = self.index(job.first) else {
            return;
        };
        let end = self.end_of(index);
        let segment = &mut self.segments[index];
        segment.synced = segment.synced.max(job.end);
        if segment.synced >= end && !matches!(segment.phase, Phase::Active(_)) {
            segment.phase = Phase::Sealed(None);
        }
    }

    /// The disk refused: the segment is to be copied, which may be tried from `retry` on. Gives
    /// its size; `None` if it has been trimmed.
    pub(crate) fn refused(&mut self, first: u64, retry: Instant) -> Option<u64> {
        let index = self.index(first)?;
        self.segments[index].phase = Phase::Refused { retry };
        Some(self.segments[index].bytes)
    }

    /// A durable copy has taken the segment's place.
    pub(crate) fn copied(&mut self, first: u64) {
        if let Some(index) = self.index(first) {
            self.segments[index].synced = self.end_of(index);
            self.segments[index].phase = Phase::Sealed(None);
        }
    }

    /// Entries from `consumed_upto` on that are not known to be on the disk.
    pub(crate) fn unsynced(&self, consumed_upto: u64) -> u64 {
        let tail = |index: usize| {
            let from = self.segments[index].synced.max(consumed_upto);
            self.end_of(index).saturating_sub(from)
        };
        (0..self.segments.len()).map(tail).sum()
    }

    /// Whether a later round has, or may come to have, something to do without a further call.
    pub(crate) fn work_left(&self, durability: Durability) -> bool {
        let until = Until::Aged(u64::MAX);
        self.cursors_changed()
            || self.can_trim()
            || !self.doomed.is_empty()
            || self.needing_sync(durability, until).next().is_some()
    }
}
