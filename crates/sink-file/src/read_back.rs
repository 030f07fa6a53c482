//! Reading back: the lines of all files of each lane, oldest file first.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use stream_core::model::Lane;
use stream_core::sink::{Found, ReadBack, SinkError};

use crate::envelope::unwrap;
use crate::error::{FolderError, at, refused};
use crate::folder::EXTENSION;

/// How much of a file is in memory at once, unless a line is longer.
const BLOCK: usize = 256 * 1024;

/// Reads each file from where it ended last time.
pub(crate) struct FilesReadBack {
    dir: PathBuf,
    /// Up to where a file is read, behind its last whole line.
    read: HashMap<PathBuf, u64>,
}

impl FilesReadBack {
    /// A reader of the lanes in `dir`, which must be there.
    pub(crate) fn open(dir: &Path) -> Result<Self, SinkError> {
        fs::read_dir(dir)
            .map_err(at(dir))
            .map_err(|error| refused(&error))?;
        Ok(Self {
            dir: dir.to_owned(),
            read: HashMap::new(),
        })
    }

    fn read_all(&mut self, found: &mut (dyn FnMut(Found<'_>) + Send)) -> Result<(), FolderError> {
        for lane in Lane::ALL {
            for path in files(&self.dir.join(lane.name()))? {
                self.read_file(lane, path, found)?;
            }
        }
        Ok(())
    }

    fn read_file(
        &mut self,
        lane: Lane,
        path: PathBuf,
        found: &mut (dyn FnMut(Found<'_>) + Send),
    ) -> Result<(), FolderError> {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            // Whoever keeps files for a time only has just taken it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(at(&path)(error)),
        };
        let from = self.read.get(&path).copied().unwrap_or(0);
        file.seek(SeekFrom::Start(from)).map_err(at(&path))?;
        let mut lines = BufReader::with_capacity(BLOCK, file);
        let (mut line, mut upto) = (Vec::new(), from);
        loop {
            line.clear();
            upto += lines.read_until(b'\n', &mut line).map_err(at(&path))? as u64;
            let Some(whole) = line.strip_suffix(b"\n") else {
                // The rest is being written, or a crash has left it.
                self.read.insert(path, upto - line.len() as u64);
                return Ok(());
            };
            found(match unwrap(whole) {
                Some((header, value)) => Found::Record { lane, header, value },
                None => Found::Foreign { lane },
            });
        }
    }
}

impl ReadBack for FilesReadBack {
    fn read_on<'r>(
        &'r mut self,
        found: &'r mut (dyn FnMut(Found<'_>) + Send),
    ) -> BoxFuture<'r, Result<(), SinkError>> {
        async { tokio::task::block_in_place(|| self.read_all(found)).map_err(|error| refused(&error)) }
            .boxed()
    }
}

/// The files of a lane, in the order of their names; also those that somebody has renamed.
fn files(dir: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        // The lane has had no record.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(dir)(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>().map_err(at(dir))?;
    paths.retain(|path| path.extension().is_some_and(|end| end == EXTENSION));
    paths.sort();
    Ok(paths)
}
