//! Ownership of folders: each belongs to one writer, however it is spelled.

use std::path::{Component, Path, PathBuf};

/// Folders that are taken, each with whose it is.
#[derive(Default)]
pub(super) struct Folders(Vec<(PathBuf, &'static str)>);

impl Folders {
    /// Takes `dir`, as `whose` folder; an error says which folder it would get in the way of.
    pub(super) fn claim(&mut self, dir: &Path, whose: &'static str) -> Result<(), String> {
        if dir.as_os_str().is_empty() {
            // Whoever it is for says that it names no folder.
            return Ok(());
        }
        let real = real(dir);
        for (taken, owner) in &self.0 {
            let how = if *taken == real {
                "is"
            } else if real.starts_with(taken) {
                "lies in"
            } else if taken.starts_with(&real) {
                "holds"
            } else {
                continue;
            };
            return Err(format!("{} {how} {owner} folder", dir.display()));
        }
        self.0.push((real, whose));
        Ok(())
    }
}

/// The one spelling of a path: absolute, without links as far as it exists.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut real = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            part => real.push(part),
        }
        // Step by step: what `..` leads to depends on the link before it.
        real = real.canonicalize().unwrap_or(real);
    }
    real
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_has_one_owner_under_every_spelling() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir(at("real")).unwrap();
        std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
        let mut folders = Folders::default();
        folders.claim(&at("real/journal"), "the journal's").unwrap();
        folders.claim(&at("lanes"), "an earlier sink's").unwrap();
        for (path, how) in [
            ("lanes", "is an earlier sink's folder"),
            ("./lanes/", "is an earlier sink's folder"),
            ("other/../lanes", "is an earlier sink's folder"),
            ("link/journal", "is the journal's folder"),
            ("link/../real/journal/lanes", "lies in the journal's folder"),
            ("link", "holds the journal's folder"),
        ] {
            let said = folders.claim(&at(path), "a").unwrap_err();
            assert!(said.ends_with(how), "{path}: {said}");
        }
        folders.claim(&at("lanes-2"), "a").unwrap();
        folders.claim(&at("real/journal-2"), "a").unwrap();
    }
}
