//! Settings: what the caller decides, and how it is told how long things took.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where the journal lives and how it behaves.
#[derive(Clone)]
pub struct Settings {
    /// The directory; made (mode 0700) if it is missing. One journal per directory.
    pub dir: PathBuf,
    /// A new segment begins when the next batch would take the current one beyond this.
    /// At most a quarter of `max_bytes` is used, so that a consumed journal always has room again.
    pub segment_bytes: u64,
    /// The most that all segments together may take on disk, the open one included.
    pub max_bytes: u64,
    /// When entries are forced to the disk.
    pub durability: Durability,
    /// Told how long each append and each sync took; called on the thread that did it, with no
    /// lock held, so it may be slow but should not be.
    pub observer: Option<Observer>,
}

/// A callback for [`Timing`]s.
pub type Observer = Arc<dyn Fn(Timing) + Send + Sync>;

impl Settings {
    /// Segments of 16 MiB, 8 GiB in all, adaptive durability, no observer.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            segment_bytes: 16 << 20,
            max_bytes: 8 << 30,
            durability: Durability::Adaptive,
            observer: None,
        }
    }

    pub(crate) fn observe(&self, timing: Timing) {
        if let Some(observer) = &self.observer {
            observer(timing);
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("dir", &self.dir)
            .field("segment_bytes", &self.segment_bytes)
            .field("max_bytes", &self.max_bytes)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

/// When `fdatasync` runs. In every mode an appended entry outlives the process (`kill -9`, panic,
/// out of memory); the modes differ in what outlives the machine. What a dying machine takes with
/// it may have its positions given out again: publish them along with something new at each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Only for a finished segment that still holds unconsumed entries, and at close.
    Process,
    /// Every 50 ms at most, and only while an entry older than 50 ms has not been passed by every
    /// cursor. A machine that dies loses at most the last 100 ms or so of unconsumed entries.
    Adaptive,
    /// `append` returns, and readers see the entry, only after `fdatasync`.
    Strict,
}

/// How long one operation took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// One successful [`append`](crate::Appender::append), from call to return.
    Append(Duration),
    /// One `fdatasync` of one segment, whatever its outcome.
    Sync(Duration),
}
