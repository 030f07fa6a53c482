//! Check: whether a folder can be written to, or made, without doing so.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{Access, access};
use stream_core::model::Lane;
use stream_core::sink::SinkError;

/// The folder and those of the lanes in it that are there already; a missing one can be made where its nearest ancestor can be
/// written to.
pub(crate) fn check(dir: &Path) -> Result<(), SinkError> {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let present = dir
        .ancestors()
        .find(|path| is_there(path))
        .unwrap_or(Path::new("/"));
    let lanes = Lane::ALL.iter().map(|lane| dir.join(lane.name()));
    usable(present)?;
    lanes
        .filter(|lane| is_there(lane))
        .try_for_each(|lane| usable(&lane))
}

/// Whether anything is there, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
}

fn usable(path: &Path) -> Result<(), SinkError> {
    let wrong = |why: &str| Err(SinkError::Operator(format!("{} {why}", path.display())));
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => wrong("is in the way: it is no folder"),
        Err(error) => wrong(&format!("cannot be looked into: {error}")),
        Ok(_) => access(path, Access::WRITE_OK | Access::EXEC_OK)
            .or_else(|error| wrong(&format!("cannot be written to: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn complaint(dir: &Path) -> String {
        check(dir).unwrap_err().to_string()
    }

    #[test]
    fn what_is_in_the_way_is_named_and_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data/lanes");
        check(&dir).unwrap();
        fs::write(root.path().join("data"), "").unwrap();
        let data = root.path().join("data").display().to_string();
        assert_eq!(complaint(&dir), format!("{data} is in the way: it is no folder"));
        fs::remove_file(root.path().join("data")).unwrap();
        symlink("/nowhere/at/all", root.path().join("data")).unwrap();
        assert!(complaint(&dir).starts_with(&format!("{data} cannot be looked into: ")));
        fs::remove_file(root.path().join("data")).unwrap();

        fs::create_dir_all(&dir).unwrap();
        check(&dir).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        fs::write(dir.join("tweets"), "").unwrap();
        assert!(complaint(&dir).ends_with("lanes/tweets is in the way: it is no folder"));
    }
}
