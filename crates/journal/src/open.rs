//! Crash recovery: from whatever the directory holds to an open journal.
//!
//! Only the newest segment is read here, for its end; damage in the others is found when they are
//! read. So the time to start does not depend on the backlog.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use crate::appender::Appender;
use crate::cursor::{self, Cursors};
use crate::disk::{self, BEYOND_BELIEF, Disk, Force};
use crate::error::OpenError;
use crate::format;
use crate::journal::Journal;
use crate::keeper::Handle;
use crate::settings::{Durability, Settings};
use crate::shared::Shared;
use crate::state::{State, Until};
use crate::upkeep::Upkeep;
use crate::walk::Walk;

/// Opens the journal in `settings.dir`, which it makes if needed and locks.
///
/// Errors when the directory is in use, cannot be used or has another format; damaged contents are no error.
pub fn open(settings: Settings) -> Result<(Appender, Journal), OpenError> {
    open_with(settings, Box::new(disk::force))
}

pub(crate) fn open_with(mut settings: Settings, force: Force) -> Result<(Appender, Journal), OpenError> {
    settings.segment_bytes = settings.segment_bytes.min(settings.max_bytes / 4);
    let dir = settings.dir.clone();
    let disk = Disk::lock(&dir, force)?;
    format::check(&dir)?;
    disk.remove_temporary().map_err(at(&dir))?;
    let (sequence, cursors) = read_cursors(&disk).unzip();
    let unknown = cursors.is_none();
    let state = recover(&disk, cursors)?;
    let strict = settings.durability == Durability::Strict;
    let upkeep = Upkeep::new(Shared::new(settings, disk, state), sequence.unwrap_or(0));
    if unknown && let Err(error) = upkeep.make_cursor_files() {
        tracing::warn!(%error, "no cursor files could be made; trying on");
    }
    let io = at(&dir);
    if strict {
        upkeep.sync(Until::All).map_err(&io)?;
    }
    let handle = Arc::new(Handle::start(upkeep).map_err(&io)?);
    Ok((Appender::new(handle.clone()), Journal::new(handle)))
}

fn at(path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Io {
        path: path.to_owned(),
        source,
    }
}

/// The newest cursors on disk; none if their files are missing or not to be believed.
fn read_cursors(disk: &Disk) -> Option<(u64, Cursors)> {
    let files = disk.read_cursors();
    let missing = |file: &io::Result<_>| matches!(file, Err(error) if error.kind() == ErrorKind::NotFound);
    if files.iter().all(missing) {
        return None;
    }
    let believable =
        |(_, cursors): &(u64, Cursors)| cursors.values().all(|cursor| cursor.position < BEYOND_BELIEF);
    let newest = files
        .iter()
        .filter_map(|file| cursor::decode(file.as_ref().ok()?))
        .filter(believable)
        .max_by_key(|(sequence, _)| *sequence);
    if newest.is_none() {
        tracing::error!("cursor files unreadable or damaged: entries will be repeated");
    }
    newest
}

fn recover(disk: &Disk, cursors: Option<Cursors>) -> Result<State, OpenError> {
    let mut segments = list(disk)?;
    let mut end = segments.last().map_or(0, |last| last.0);
    let mut tail = None;
    if let Some(last) = segments.last_mut() {
        let scanned = scan(disk, last.0, last.1).map_err(at(&disk.segment_path(last.0)))?;
        cut(disk, last.0, last.1, scanned.bytes).map_err(at(&disk.segment_path(last.0)))?;
        end = scanned.end;
        tail = Some((scanned.holes, last.1 - scanned.bytes));
        last.1 = scanned.bytes;
    }
    // An empty file says only where positions go on, and would be in the way of a new one.
    for (first, _) in segments.iter().filter(|it| it.1 == 0) {
        disk.remove_segment(*first)
            .map_err(at(&disk.segment_path(*first)))?;
    }
    segments.retain(|it| it.1 > 0);
    let mut state = State::recovered(segments, end, cursors);
    if let Some((holes, cut_bytes)) = tail {
        state.tally.cut_bytes = cut_bytes;
        for hole in holes {
            state.lost(hole);
        }
    }
    Ok(state)
}

/// First position and size of each segment, ascending.
fn list(disk: &Disk) -> Result<Vec<(u64, u64)>, OpenError> {
    let firsts = disk.segments()?;
    firsts
        .into_iter()
        .map(|first| {
            let path = disk.segment_path(first);
            let metadata = fs::symlink_metadata(&path).map_err(at(&path))?;
            if !metadata.is_file() {
                let source = io::Error::new(ErrorKind::InvalidInput, "not a regular file");
                return Err(OpenError::Io { path, source });
            }
            Ok((first, metadata.len()))
        })
        .collect()
}

struct Scanned {
    /// Where the last readable frame ends.
    bytes: u64,
    /// The position after it.
    end: u64,
    holes: Vec<std::ops::Range<u64>>,
}

fn scan(disk: &Disk, first: u64, bytes: u64) -> io::Result<Scanned> {
    let mut walk = Walk::new(disk.open_segment(first)?, first);
    let mut scanned = Scanned {
        bytes: 0,
        end: first,
        holes: Vec::new(),
    };
    while let Some(found) = walk.next(bytes, u64::MAX)? {
        if found.position > scanned.end {
            scanned.holes.push(scanned.end..found.position);
        }
        scanned.bytes = found.end;
        scanned.end = found.position + 1;
    }
    Ok(scanned)
}

/// Takes off what follows the last readable frame.
fn cut(disk: &Disk, first: u64, bytes: u64, good: u64) -> io::Result<()> {
    if good == bytes {
        return Ok(());
    }
    tracing::warn!(
        segment = first,
        bytes = bytes - good,
        "cutting an unfinished end off"
    );
    OpenOptions::new()
        .write(true)
        .open(disk.segment_path(first))?
        .set_len(good)
}
