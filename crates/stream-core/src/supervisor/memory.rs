//! What outlives the process: the connects, what the server told us to wait for, how far the ladders were climbed, and the last
//! byte; as a small file that is replaced as a whole.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::small_file;
use crate::model::{Timestamp, WaitClass};

/// How long the next step waits for the disk to note what must not be forgotten.
const NOTING: Duration = Duration::from_secs(1);

/// What one process leaves to the next. Times are the wall clock's: monotonic clocks do not outlive a process.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Memory {
    /// The connects that may still count.
    pub(super) connects: Vec<Timestamp>,
    /// Until when the server wants to be left alone, and which schedule that is.
    pub(super) limit: Option<(Timestamp, WaitClass)>,
    /// Failures in a row on the ladders that the server's answers climb.
    pub(super) climbed: Climbed,
    /// When the last byte came.
    pub(super) seen: Option<Timestamp>,
    /// The id of the last post.
    pub(super) last_post: Option<String>,
    /// When it was learnt that the account may not ask for the past.
    pub(super) no_backfill: Option<Timestamp>,
}

/// How far the ladders are climbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Climbed {
    /// X's schedule for HTTP errors.
    pub(super) http: u32,
    /// X's schedule for rate limits.
    pub(super) rate_limited: u32,
    /// When that was.
    pub(super) at: Timestamp,
}

/// The file that keeps a memory: a line an item; the connects, in microseconds since 1970, have no word in front.
#[derive(Clone, Debug)]
pub(crate) struct MemoryFile(PathBuf);

impl MemoryFile {
    /// The file in the folder `dir`.
    pub(crate) fn within(dir: &Path) -> Self {
        Self(dir.join("connects"))
    }

    /// What the file says. Without a file, or with one that nobody can read, there was nothing: it is missing at the first
    /// start, and a wrong guess costs at most a 429.
    pub(super) fn load(&self) -> Memory {
        let mut memory = Memory::default();
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                [at] => memory.connects.extend(micros(at)),
                ["until", at, class] => {
                    let class = WaitClass::ALL.into_iter().find(|one| one.name() == class);
                    memory.limit = micros(at).zip(class);
                }
                ["climbed", at, http, rate_limited] => {
                    memory.climbed = Climbed {
                        http: http.parse().unwrap_or_default(),
                        rate_limited: rate_limited.parse().unwrap_or_default(),
                        at: micros(at).unwrap_or_default(),
                    };
                }
                ["seen", at] => memory.seen = micros(at),
                ["no_backfill", at] => memory.no_backfill = micros(at),
                ["post", id] => memory.last_post = Some(id.to_owned()),
                // Of another version: not for us.
                _ => {}
            }
        }
        memory
    }
}

impl Memory {
    fn to_text(&self) -> String {
        let mut lines: Vec<_> = self.connects.iter().map(|at| at.micros().to_string()).collect();
        let Climbed {
            http,
            rate_limited,
            at,
        } = self.climbed;
        if (http, rate_limited) != (0, 0) {
            lines.push(format!("climbed {} {http} {rate_limited}", at.micros()));
        }
        if let Some((at, class)) = self.limit {
            lines.push(format!("until {} {class}", at.micros()));
        }
        if let Some(at) = self.seen {
            lines.push(format!("seen {}", at.micros()));
        }
        lines.extend(self.no_backfill.map(|at| format!("no_backfill {}", at.micros())));
        // What is no word would be read as something else.
        let is_word = |id: &&String| id.bytes().all(|byte| byte.is_ascii_graphic());
        lines.extend(
            self.last_post
                .as_ref()
                .filter(is_word)
                .map(|id| format!("post {id}")),
        );
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

fn micros(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_micros)
}

/// Writer of the file, off the reader's thread: a disk that hangs must not keep us from reconnecting.
pub(super) struct Notes {
    /// `None` for notes in memory alone.
    file: Option<MemoryFile>,
    memory: Memory,
    /// A write that the disk has not taken yet.
    writing: Option<JoinHandle<io::Result<()>>>,
    /// Whether the last write failed and was told.
    failing: bool,
}

impl Notes {
    /// Notes that begin with what `file` says.
    pub(super) fn of(file: Option<MemoryFile>) -> Self {
        Self {
            memory: file.as_ref().map(MemoryFile::load).unwrap_or_default(),
            file,
            writing: None,
            failing: false,
        }
    }

    pub(super) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Writes `memory`, whose last byte is the one noted so far if it names none, once the disk has taken what came before. Does
    /// not wait for long. Cancel safe: what was begun goes on.
    pub(super) async fn write(&mut self, memory: Memory) {
        let seen = memory.seen.or(self.memory.seen);
        self.memory = Memory { seen, ..memory };
        let written = async {
            self.finished().await;
            self.begin();
            self.finished().await;
        };
        if tokio::time::timeout(NOTING, written).await.is_err() {
            self.complain(&io::ErrorKind::TimedOut.into());
        }
    }

    /// Notes that the last byte came at `seen`, unless the disk is still busy: the next call comes soon.
    pub(super) async fn heard(&mut self, seen: Option<Timestamp>) {
        if seen <= self.memory.seen
            || self
                .writing
                .as_ref()
                .is_some_and(|writing| !writing.is_finished())
        {
            return;
        }
        self.finished().await;
        self.memory.seen = seen;
        self.begin();
    }

    /// Notes with the next byte that these are the connects that may still count.
    pub(super) fn connects(&mut self, connects: Vec<Timestamp>) {
        self.memory.connects = connects;
    }

    /// Notes with the next byte that the account may not ask for the past.
    pub(super) fn no_backfill(&mut self, since: Timestamp) {
        self.memory.no_backfill = Some(since);
    }

    fn begin(&mut self) {
        let (Some(file), memory) = (self.file.clone(), self.memory.clone()) else {
            return;
        };
        self.writing = Some(tokio::task::spawn_blocking(move || {
            small_file::replace(&file.0, &memory.to_text())
        }));
    }

    async fn finished(&mut self) {
        let Some(writing) = &mut self.writing else {
            return;
        };
        let written = writing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        self.writing = None;
        match written {
            Ok(()) => self.failing = false,
            Err(error) => self.complain(&error),
        }
    }

    /// Says once that nothing can be noted, until something can.
    fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            let file = self.file.as_ref().map(|file| file.0.display().to_string());
            tracing::error!(%error, file, "connects and limits cannot be noted; a restart would forget them");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn memory() -> Memory {
        Memory {
            connects: vec![at(1_764_000_000), at(1_764_000_001)],
            limit: Some((at(1_764_000_900), WaitClass::RateLimited)),
            climbed: Climbed {
                http: 2,
                rate_limited: 3,
                at: at(1_764_000_002),
            },
            seen: Some(at(1_764_000_003)),
            last_post: Some("7".to_owned()),
            no_backfill: Some(at(1_764_000_004)),
        }
    }

    #[tokio::test]
    async fn it_outlives_the_process_and_is_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = MemoryFile::within(dir.path());
        assert_eq!(file.load(), Memory::default());
        let mut notes = Notes::of(Some(file.clone()));
        notes.write(memory()).await;
        assert_eq!(file.load(), memory());
        let mode = dir
            .path()
            .join("connects")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        // What is written next keeps the last byte; an older one changes nothing.
        notes.write(Memory::default()).await;
        notes.heard(Some(at(7))).await;
        let left = file.load();
        assert_eq!((left.seen, left.connects.len()), (memory().seen, 0));
        for foreign in [
            &[0xff, 0xfe][..],
            b"until 7 weather\nclimbed x y z\nnews 1 2 3 4\n\n",
        ] {
            std::fs::write(dir.path().join("connects"), foreign).unwrap();
            assert_eq!(file.load(), Memory::default());
        }
    }

    /// Whoever changes this makes the next version forget what the one before it knew.
    #[tokio::test]
    async fn golden_bytes() {
        let dir = tempfile::tempdir().unwrap();
        Notes::of(Some(MemoryFile::within(dir.path())))
            .write(memory())
            .await;
        let text = std::fs::read_to_string(dir.path().join("connects")).unwrap();
        assert_eq!(
            text,
            "1764000000000000\n1764000001000000\nclimbed 1764000002000000 2 3\nuntil 1764000900000000 rate_limited\n\
             seen 1764000003000000\nno_backfill 1764000004000000\npost 7\n"
        );
    }
}
