//! Log rotation: the files of one lane, finished by size and by age.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};
use stream_core::model::Timestamp;

use crate::error::{FolderError, at};
use crate::name::{is_ours, next_name, stamp};
use crate::place::leads_to;
use crate::recovery::cut_half_line;
use crate::retention;
use crate::settings::Settings;

pub(crate) const EXTENSION: &str = "ndjson";

/// How often lines are written again because their file was taken away under them.
const ATTEMPTS: usize = 3;

/// A lane's folder, with the file that is being written.
pub(crate) struct Folder {
    dir: PathBuf,
    /// Locked for as long as it is open.
    handle: File,
    settings: Settings,
    current: Option<Current>,
}

struct Current {
    file: File,
    path: PathBuf,
    length: u64,
    begun: Instant,
}

impl Folder {
    /// Makes the folder if it is missing. The first record begins a new file: a finished one is never touched again, and nobody
    /// need know why the last process ended.
    /// `settings.dir` is the lane's own.
    pub(crate) fn open(settings: Settings) -> Result<Self, FolderError> {
        let dir = settings.dir.clone();
        Ok(Self {
            handle: enter(&dir, settings.mode)?,
            dir,
            settings,
            current: None,
        })
    }

    /// Appends `values`, each a line, and forces them to the disk. After an error nothing of them counts, and the file is not
    /// used again.
    pub(crate) fn append<V: AsRef<[u8]>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> Result<(), FolderError> {
        let mut lines = Vec::new();
        for value in values {
            lines.extend_from_slice(value.as_ref());
            lines.push(b'\n');
            let current = self.current.as_ref().map_or(0, |current| current.length);
            if current + lines.len() as u64 >= self.settings.rotate_bytes {
                self.write(&lines)?;
                lines.clear();
            }
        }
        if lines.is_empty() {
            Ok(())
        } else {
            self.write(&lines)
        }
    }

    /// Writes `lines`, again if they went where no path leads.
    fn write(&mut self, lines: &[u8]) -> Result<(), FolderError> {
        for _ in 0..ATTEMPTS {
            let mut current = self.writable()?;
            if let Err(error) = current
                .file
                .write_all(lines)
                .and_then(|()| current.file.sync_data())
            {
                current.abandon();
                return Err(at(&current.path)(error));
            }
            current.length += lines.len() as u64;
            if self.holds(&current)? {
                self.current = Some(current);
                return Ok(());
            }
            current.miss();
        }
        let taken = io::Error::other("its files are taken away as soon as they are written");
        Err(at(&self.dir)(taken))
    }

    /// The file that the next lines go to.
    fn writable(&mut self) -> Result<Current, FolderError> {
        let Some(current) = self.current.take() else {
            return self.begin();
        };
        if !self.holds(&current)? {
            current.miss();
            return self.begin();
        }
        let Settings {
            rotate_bytes,
            rotate_every,
            ..
        } = self.settings;
        if current.length < rotate_bytes && current.begun.elapsed() < rotate_every {
            Ok(current)
        } else {
            self.begin()
        }
    }

    /// Whether whoever looks for the lines in `current` finds them.
    fn holds(&self, current: &Current) -> Result<bool, FolderError> {
        Ok(self.is_in_place()?
            && leads_to(&current.path, &current.file, current.length).map_err(at(&current.path))?)
    }

    fn is_in_place(&self) -> Result<bool, FolderError> {
        leads_to(&self.dir, &self.handle, 0).map_err(at(&self.dir))
    }

    fn begin(&mut self) -> Result<Current, FolderError> {
        if !self.is_in_place()? {
            self.handle = enter(&self.dir, self.settings.mode)?;
        }
        let finished = ours(&self.dir)?;
        let name = next_name(finished.last().map(String::as_str), &stamp(Timestamp::now()));
        let path = file_path(&self.dir, &name);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|file| grant(&file, self.settings.mode).map(|()| file))
            .map_err(at(&path))?;
        let current = Current {
            file,
            path,
            length: 0,
            begun: Instant::now(),
        };
        if let Err(error) = self.handle.sync_all() {
            current.abandon();
            return Err(at(&self.dir)(error));
        }
        let finished = finished.iter().map(|name| file_path(&self.dir, name));
        // Records that can be written are not held up by old ones that cannot be removed.
        if let Err(error) = retention::expire(finished.collect(), self.settings.keep) {
            let dir = self.dir.display();
            tracing::warn!(%dir, %error, "retention: an old file cannot be removed");
        }
        Ok(current)
    }
}

impl Current {
    /// Leaves what was there before the write that failed: no half line, and no empty file for each attempt. If even this
    /// fails, the next open cuts the line.
    fn abandon(&self) {
        let _ = if self.length == 0 {
            fs::remove_file(&self.path)
        } else {
            self.file.set_len(self.length)
        };
    }

    fn miss(&self) {
        let file = self.path.display();
        tracing::warn!(%file, "somebody has moved, deleted or cut the file that was written; going on in a new one");
    }
}

/// Opens and locks the folder, and cuts off what a crash left of a line at the end of its newest file.
fn enter(dir: &Path, mode: u32) -> Result<File, FolderError> {
    let handle = make(dir, mode).map_err(at(dir))?;
    flock(&handle, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| io::Error::other("another file sink writes here: give each a dir of its own"))
        .map_err(at(dir))?;
    if let Some(newest) = ours(dir)?.last() {
        let path = file_path(dir, newest);
        cut_half_line(&path).map_err(at(&path))?;
    }
    Ok(handle)
}

/// Opens the folder, made if it is missing; on the disk with it the entries of the folders made.
fn make(dir: &Path, mode: u32) -> io::Result<File> {
    let dir = std::path::absolute(dir)?;
    let missing = dir.ancestors().take_while(|path| !path.exists()).count();
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    // Whoever may read a file may enter what leads to it.
    let enter = mode | (mode & 0o444) >> 2;
    for made in dir.ancestors().take(missing) {
        grant(&File::open(made)?, enter)?;
    }
    for above in dir.ancestors().skip(1).take(missing) {
        File::open(above)?.sync_all()?;
    }
    File::open(&dir)
}

/// Gives what was just made its rights, whatever the process' mask is.
fn grant(made: &File, mode: u32) -> io::Result<()> {
    made.set_permissions(Permissions::from_mode(mode))
}

fn file_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.{EXTENSION}"))
}

/// The names of our files, without their extension, oldest first: they sort by time.
fn ours(dir: &Path) -> Result<Vec<String>, FolderError> {
    let mut ours = Vec::new();
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let name = entry.map_err(at(dir))?.file_name();
        let stem = name
            .to_str()
            .and_then(|name| name.strip_suffix(EXTENSION)?.strip_suffix('.'));
        ours.extend(stem.filter(|stem| is_ours(stem)).map(str::to_owned));
    }
    ours.sort_unstable();
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::Keep;

    fn settings(dir: &Path, rotate_bytes: u64, rotate_every: Duration) -> Settings {
        Settings {
            rotate_bytes,
            rotate_every,
            ..Settings::new(dir)
        }
    }

    fn open(dir: &Path, rotate_bytes: u64, rotate_every: Duration) -> Folder {
        Folder::open(settings(dir, rotate_bytes, rotate_every)).unwrap()
    }

    fn files(dir: &Path) -> Vec<Vec<u8>> {
        let mut paths: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    #[test]
    fn half_a_line_is_cut_wherever_it_ends() {
        let whole = b"{\"a\":1}\n{\"b\":2}\n".to_vec();
        for cut in 0..=whole.len() {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("20200101T000000.000Z-0000.ndjson"), &whole[..cut]).unwrap();
            open(dir.path(), 1_000, Duration::MAX).append([b"next"]).unwrap();
            let kept = whole[..cut]
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            assert_eq!(
                files(dir.path()),
                [whole[..kept].to_vec(), b"next\n".to_vec()],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_long_half_line_is_cut_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("20200101T000000.000Z-0000.ndjson");
        fs::write(&path, [b"ok\n".to_vec(), vec![b'x'; 300_000]].concat()).unwrap();
        open(dir.path(), 1_000, Duration::MAX);
        assert_eq!(fs::read(path).unwrap(), b"ok\n");
    }

    #[test]
    fn files_are_finished_by_size_and_by_age() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = open(dir.path(), 10, Duration::MAX);
        folder.append([b"123456"]).unwrap();
        folder.append([b"123456"; 3]).unwrap();
        assert_eq!(files(dir.path()), [b"123456\n".repeat(2), b"123456\n".repeat(2)]);
        drop(folder);
        let mut folder = open(dir.path(), 1_000, Duration::ZERO);
        for _ in 0..3 {
            folder.append([b"123456"]).unwrap();
        }
        assert_eq!(files(dir.path()).len(), 5);
        assert_eq!(files(dir.path()).concat(), b"123456\n".repeat(7));
    }

    #[test]
    fn old_files_of_ours_go_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let foreign = dir.path().join("a.ndjson");
        fs::write(&foreign, "x".repeat(1_000)).unwrap();
        let mut folder = Folder::open(Settings {
            keep: Keep {
                bytes: Some(25),
                age: None,
            },
            ..settings(dir.path(), 10, Duration::MAX)
        })
        .unwrap();
        for n in 0..9 {
            folder.append([format!("line number {n}")]).unwrap();
        }
        fs::remove_file(foreign).unwrap();
        // One that is being written, and finished ones of 25 bytes at most.
        assert_eq!(
            files(dir.path()),
            [b"line number 7\n".to_vec(), b"line number 8\n".to_vec()]
        );
    }

    #[test]
    fn files_and_the_folders_made_for_them_have_the_rights_that_were_asked_for() {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("lanes").join("tweets");
        let mut folder = Folder::open(Settings {
            mode: 0o640,
            ..settings(&dir, 1_000, Duration::MAX)
        })
        .unwrap();
        folder.append([b"a"]).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let file = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
        assert_eq!(
            (mode(&file), mode(&dir), mode(&above.path().join("lanes"))),
            (0o640, 0o750, 0o750)
        );
    }

    #[test]
    fn a_folder_has_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), 1_000, Duration::MAX);
        let second = Folder::open(settings(dir.path(), 1_000, Duration::MAX));
        let error = second.err().unwrap().to_string();
        assert!(error.contains("another file sink"), "{error}");
        drop(first);
        open(dir.path(), 1_000, Duration::MAX);
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let foreign = dir.path().join("zebra.ndjson");
        fs::write(&foreign, "no line end").unwrap();
        open(dir.path(), 1_000, Duration::MAX).append([b"a"]).unwrap();
        open(dir.path(), 1_000, Duration::MAX).append([b"b"]).unwrap();
        assert_eq!(fs::read(&foreign).unwrap(), b"no line end");
        assert_eq!(files(dir.path()).len(), 3);
    }

    /// Appends, does `harm` to what stands in the folder, and appends again: the later lines are where a reader looks.
    fn survives(harm: impl FnOnce(&Path, &Path)) -> Vec<Vec<u8>> {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("tweets");
        let mut folder = open(&dir, 1_000, Duration::MAX);
        folder.append([b"early"]).unwrap();
        let file = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
        harm(&dir, &file);
        folder.append([b"later"]).unwrap();
        folder.append([b"again"]).unwrap();
        let second = Folder::open(settings(&dir, 1_000, Duration::MAX));
        assert!(second.is_err(), "the folder that is written to is locked");
        files(&dir)
    }

    #[test]
    fn lines_go_where_a_path_leads_whatever_is_taken_away() {
        let lines = || b"later\nagain\n".to_vec();
        let deleted = survives(|_, file| fs::remove_file(file).unwrap());
        assert_eq!(deleted, [lines()]);
        let folder_deleted = survives(|dir, _| fs::remove_dir_all(dir).unwrap());
        assert_eq!(folder_deleted, [lines()]);
        let folder_replaced = survives(|dir, _| {
            fs::rename(dir, dir.with_extension("old")).unwrap();
            fs::create_dir(dir).unwrap();
        });
        assert_eq!(folder_replaced, [lines()]);
        let renamed = survives(|_, file| fs::rename(file, file.with_file_name("0.ndjson.1")).unwrap());
        assert_eq!(renamed, [b"early\n".to_vec(), lines()]);
        let replaced = survives(|_, file| {
            fs::remove_file(file).unwrap();
            fs::write(file, "another's\n").unwrap();
        });
        assert_eq!(replaced, [b"another's\n".to_vec(), lines()]);
        let cut = survives(|_, file| fs::write(file, "").unwrap());
        assert_eq!(cut, [Vec::new(), lines()]);
    }

    #[test]
    fn a_folder_that_another_sink_has_put_in_the_place_of_ours_is_not_written_to() {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("tweets");
        let mut folder = open(&dir, 1_000, Duration::MAX);
        folder.append([b"early"]).unwrap();
        fs::rename(&dir, above.path().join("old")).unwrap();
        let _other = open(&dir, 1_000, Duration::MAX);
        let error = folder.append([b"later"]).unwrap_err().to_string();
        assert!(error.contains("another file sink"), "{error}");
    }
}
