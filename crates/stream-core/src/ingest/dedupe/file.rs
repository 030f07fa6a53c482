//! The window on disk: rows in the order of the journal, appended as messages are journaled, in two files that take turns as the
//! generations of the window do. A portion is behind its length and checksum; what comes behind a damaged one is not believed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::{Buf as _, BufMut as _};

use crate::ingest::sighting::{Id, RuleSet, Sighting};

/// How a file begins. Another one is none of ours, or of another version: it is begun anew.
const MAGIC: &[u8; 8] = b"bfids\0\0\x02";
const YOUNG: &str = "ids";
const OLD: &str = "ids.old";
const NEW: &str = "ids.new";

/// What was journaled at a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) position: u64,
    pub(super) sighting: Sighting,
}

/// The younger file.
pub(super) struct WindowFile {
    dir: PathBuf,
    young: File,
    /// What its rows weigh in memory.
    weight: usize,
    /// At which weight it becomes the older one.
    half: usize,
    buffer: Vec<u8>,
}

impl WindowFile {
    /// The files of `dir` anew, with these rows.
    pub(super) fn create(dir: &Path, rows: &[Row], half: usize) -> io::Result<Self> {
        let mut file = Self {
            dir: dir.to_owned(),
            young: begun(&dir.join(NEW))?,
            weight: 0,
            half,
            buffer: Vec::new(),
        };
        for some in rows.chunks(1_000) {
            file.put(some.iter().cloned())?;
        }
        fs::rename(dir.join(NEW), dir.join(YOUNG))?;
        // It is within the new one.
        match fs::remove_file(dir.join(OLD)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(file),
        }
    }

    /// Appends `rows`; a crash leaves all or none of them.
    pub(super) fn append(&mut self, rows: impl Iterator<Item = Row>) -> io::Result<()> {
        if self.weight >= self.half {
            fs::rename(self.dir.join(YOUNG), self.dir.join(OLD))?;
            self.young = begun(&self.dir.join(YOUNG))?;
            self.weight = 0;
        }
        self.put(rows)
    }

    fn put(&mut self, rows: impl Iterator<Item = Row>) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.put_u64_le(0);
        for row in rows {
            self.weight += row.sighting.id.weight();
            row.encode(&mut self.buffer);
        }
        let body = self.buffer.len() - 8;
        if body == 0 {
            return Ok(());
        }
        let length = u32::try_from(body).map_err(io::Error::other)?;
        let sum = crc32fast::hash(&self.buffer[8..]);
        self.buffer[..4].copy_from_slice(&length.to_le_bytes());
        self.buffer[4..8].copy_from_slice(&sum.to_le_bytes());
        self.young.write_all(&self.buffer)
    }
}

fn begun(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(MAGIC)?;
    Ok(file)
}

/// The rows of the files in `dir`, as far as they can be believed.
pub(super) fn read(dir: &Path) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for name in [OLD, YOUNG] {
        // Missing at the first start.
        let bytes = fs::read(dir.join(name)).unwrap_or_default();
        let mut rest = bytes.strip_prefix(MAGIC).unwrap_or_default();
        while let Some(portion) = portion(&mut rest) {
            rows.extend(portion);
        }
    }
    let out_of_order = rows
        .windows(2)
        .position(|pair| pair[0].position >= pair[1].position);
    if let Some(last) = out_of_order {
        rows.truncate(last + 1);
    }
    rows
}

fn portion(rest: &mut &[u8]) -> Option<Vec<Row>> {
    let length = rest.try_get_u32_le().ok()?;
    let sum = rest.try_get_u32_le().ok()?;
    let mut body = rest.split_off(..usize::try_from(length).ok()?)?;
    if length == 0 || crc32fast::hash(body) != sum {
        return None;
    }
    let mut rows = Vec::new();
    while !body.is_empty() {
        rows.push(Row::decode(&mut body)?);
    }
    Some(rows)
}

impl Row {
    /// The position, whether rules are known and their hash, the id behind its length.
    fn encode(&self, into: &mut Vec<u8>) {
        let Sighting { id, rules } = &self.sighting;
        into.put_u64_le(self.position);
        into.put_u8(u8::from(rules.0.is_some()));
        into.put_u64_le(rules.0.unwrap_or_default());
        let number;
        let id: &[u8] = match id {
            Id::Number(id) => {
                number = id.to_string();
                number.as_bytes()
            }
            Id::Text(id) => id,
        };
        into.put_u8(u8::try_from(id.len()).unwrap_or(u8::MAX));
        into.put_slice(id);
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        let position = from.try_get_u64_le().ok()?;
        let known = from.try_get_u8().ok()? != 0;
        let rules = from.try_get_u64_le().ok()?;
        let length = usize::from(from.try_get_u8().ok()?);
        Some(Self {
            position,
            sighting: Sighting {
                id: Id::of(from.split_off(..length)?)?,
                rules: RuleSet(known.then_some(rules)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(position: u64) -> Row {
        let id = match position % 3 {
            0 => Id::Text(format!("0x{position}").into_bytes().into()),
            _ => Id::Number(position * 7),
        };
        let rules = RuleSet(position.is_multiple_of(2).then_some(position));
        Row {
            position,
            sighting: Sighting { id, rules },
        }
    }

    fn rows(range: std::ops::Range<u64>) -> Vec<Row> {
        range.map(row).collect()
    }

    #[test]
    fn what_is_written_is_read_over_both_files_and_a_new_start() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()), []);
        let mut file = WindowFile::create(dir.path(), &[], 40 * 64).unwrap();
        for from in (0..100).step_by(10) {
            file.append(rows(from..from + 10).into_iter()).unwrap();
        }
        let left = read(dir.path());
        assert!((40..100).contains(&left.len()), "{}", left.len());
        assert_eq!(left, rows(100 - left.len() as u64..100));
        let file = WindowFile::create(dir.path(), &left, 40 * 64).unwrap();
        drop(file);
        assert_eq!(read(dir.path()), left);
        assert!(!dir.path().join(OLD).exists());
    }

    #[test]
    fn what_is_damaged_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = WindowFile::create(dir.path(), &[], 1 << 20).unwrap();
        for from in [0, 10, 20] {
            file.append(rows(from..from + 10).into_iter()).unwrap();
        }
        let path = dir.path().join(YOUNG);
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let left = read(dir.path());
            assert_eq!(left, rows(0..left.len() as u64), "{cut}");
        }
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0x10;
            fs::write(&path, bad).unwrap();
            let left = read(dir.path());
            assert_eq!(left, rows(0..left.len() as u64), "{at}");
            assert!(left.len() < 30, "{at}");
        }
    }
}
