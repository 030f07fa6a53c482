//! Files: the directory with its lock and its names, and the few things done to what is in it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::error::OpenError;

pub(crate) const LOCK: &str = "lock";
const CURSORS: [&str; 2] = ["cursors.0", "cursors.1"];
const NEW_SEGMENT: &str = "segment.tmp";

/// Positions in file names and cursors from here on are not ours: no journal gets that far, and
/// believing one would run the counter into its end.
pub(crate) const BEYOND_BELIEF: u64 = 1 << 62;

/// Forces something to the disk; replaced in tests.
pub(crate) type Force = Box<dyn Fn(What, &File) -> io::Result<()> + Send + Sync>;

/// What is to be forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A segment's bytes.
    Segment,
    /// A cursor file's bytes.
    Cursors,
    /// A directory's names.
    Names,
}

/// As the system does it.
pub(crate) fn force(what: What, file: &File) -> io::Result<()> {
    match what {
        What::Segment | What::Cursors => file.sync_data(),
        What::Names => file.sync_all(),
    }
}

/// A locked journal directory.
pub(crate) struct Disk {
    dir: PathBuf,
    lock: File,
    force: Force,
}

/// Whether some process has the journal in `dir` open. Where there is none, nobody has.
pub fn is_open(dir: &Path) -> bool {
    let lock = File::open(dir.join(LOCK));
    lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err())
}

impl Disk {
    /// Makes the directory if needed and takes its lock.
    pub(crate) fn lock(dir: &Path, force: Force) -> Result<Self, OpenError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        make(dir, &force).map_err(at(dir))?;
        let path = dir.join(LOCK);
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(at(&path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                dir: dir.to_owned(),
                lock,
                force,
            }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked { dir: dir.to_owned() }),
            Err(other) => Err(at(&path)(other.into())),
        }
    }

    /// Where the segment that begins at `first` lives.
    pub(crate) fn segment_path(&self, first: u64) -> PathBuf {
        self.dir.join(format!("{first:020}.seg"))
    }

    /// The first positions of all segments, ascending. Files of other names are not ours.
    pub(crate) fn segments(&self) -> Result<Vec<u64>, OpenError> {
        let io = |source| OpenError::Io {
            path: self.dir.clone(),
            source,
        };
        let mut firsts = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(io)? {
            firsts.extend(entry.map_err(io)?.file_name().to_str().and_then(first_of));
        }
        firsts.sort_unstable();
        Ok(firsts)
    }

    /// A new, empty segment file.
    pub(crate) fn create_segment(&self, first: u64) -> io::Result<File> {
        let path = self.segment_path(first);
        let create = || {
            OpenOptions::new()
                .read(true)
                .append(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
        };
        create().or_else(|error| {
            if error.kind() != ErrorKind::AlreadyExists {
                return Err(error);
            }
            // Positions from `first` on were never given out, so what has that name can only be
            // the remains of a segment that was abandoned before its first entry.
            fs::remove_file(&path)?;
            create()
        })
    }

    pub(crate) fn open_segment(&self, first: u64) -> io::Result<File> {
        File::open(self.segment_path(first))
    }

    /// Removes a segment; one that is gone already is fine.
    pub(crate) fn remove_segment(&self, first: u64) -> io::Result<()> {
        remove(&self.segment_path(first))
    }

    /// Puts a durable copy of `file`'s first `bytes` in the place of the segment at `first`.
    /// Readers of the old file are not disturbed: the bytes are the same.
    pub(crate) fn replace_segment(&self, first: u64, file: &File, bytes: u64) -> io::Result<()> {
        // A new file each time: the last one may be one that failed to sync.
        self.remove_temporary()?;
        let temporary = self.dir.join(NEW_SEGMENT);
        let mut copy = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        let mut buffer = vec![0; 1 << 20];
        let mut offset = 0;
        while offset < bytes {
            let part = (bytes - offset).min(buffer.len() as u64) as usize;
            file.read_exact_at(&mut buffer[..part], offset)?;
            copy.write_all(&buffer[..part])?;
            offset += part as u64;
        }
        self.sync_segment(&copy)?;
        fs::rename(temporary, self.segment_path(first))?;
        self.sync_dir()
    }

    /// Removes what an interrupted replacement left behind.
    pub(crate) fn remove_temporary(&self) -> io::Result<()> {
        remove(&self.dir.join(NEW_SEGMENT))
    }

    /// What the two cursor files hold.
    pub(crate) fn read_cursors(&self) -> [io::Result<Vec<u8>>; 2] {
        const ABSURD: u64 = 16 << 20;
        CURSORS.map(|name| {
            let mut bytes = Vec::new();
            File::open(self.dir.join(name))?
                .take(ABSURD)
                .read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    /// Overwrites the older of the two cursor files. It may be synced again after a failure, as
    /// all of it is written anew.
    pub(crate) fn write_cursors(&self, sequence: u64, bytes: &[u8], durably: bool) -> io::Result<()> {
        let path = self.dir.join(CURSORS[(sequence % 2) as usize]);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        file.write_all_at(bytes, 0)?;
        if file.metadata()?.len() > bytes.len() as u64 {
            file.set_len(bytes.len() as u64)?;
        }
        if durably {
            (self.force)(What::Cursors, &file)
        } else {
            Ok(())
        }
    }

    /// `fdatasync`. After an error the file must never be synced again: Linux may have marked its
    /// lost pages clean, and the next call would succeed without them.
    pub(crate) fn sync_segment(&self, file: &File) -> io::Result<()> {
        (self.force)(What::Segment, file)
    }

    /// Makes created and renamed names durable.
    pub(crate) fn sync_dir(&self) -> io::Result<()> {
        (self.force)(What::Names, &File::open(&self.dir)?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Closing alone would leave the lock with a child between its fork and its exec.
        if let Err(error) = flock(&self.lock, FlockOperation::Unlock) {
            tracing::warn!(%error, "journal lock not released");
        }
    }
}

/// Makes the directory, and those above it, if needed.
fn make(dir: &Path, force: &Force) -> io::Result<()> {
    let dir = std::path::absolute(dir)?;
    let missing: Vec<_> = dir.ancestors().take_while(|it| !it.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    // What is forced within a directory is left only if its own name is.
    let parents = missing.into_iter().filter_map(Path::parent);
    parents
        .map(File::open)
        .try_for_each(|above| force(What::Names, &above?))
}

/// Removes a file; one that is gone already is fine.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    let ours = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|first| ours && *first < BEYOND_BELIEF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names_are_segments() {
        assert_eq!(first_of("00000000000000000042.seg"), Some(42));
        for foreign in [
            "42.seg",
            "00000000000000000042.seg.bak",
            "0000000000000000004x.seg",
            "+0000000000000000042.seg",
            "18446744073709551615.seg",
            "99999999999999999999.seg",
            "lost+found",
        ] {
            assert_eq!(first_of(foreign), None, "{foreign}");
        }
    }
}
