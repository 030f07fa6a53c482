//! The demo's folder: one after the other leaves none behind, and none is taken from a demo that runs.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use stream_core::model::Timestamp;

use crate::exit::{CommandError, SysExit};

/// Where demos are, unless another folder is named.
const HOME: &str = "birdfeed-data";
const PREFIX: &str = "demo-";

/// The folder that was named, which must not be there; else a new one, and those of earlier demos are gone.
pub(super) fn choose(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    let Some(dir) = named else {
        let home = Path::new(HOME);
        clear(home).map_err(|error| CommandError::new(SysExit::LocalIo, format!("{HOME}: {error}")))?;
        return Ok(home.join(format!("{PREFIX}{}", Timestamp::now().millis())));
    };
    if dir.exists() {
        let message = format!(
            "{} is already there; give --dir a folder of its own",
            dir.display()
        );
        return Err(CommandError::new(SysExit::Usage, message));
    }
    Ok(dir.to_owned())
}

/// Removes the demos in `home` that nobody runs.
fn clear(home: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(home) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_demo = number.is_some_and(|number| number.parse::<u64>().is_ok());
        if is_demo && !journal::is_open(&entry.path().join("journal")) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_demo_and_over_is_removed() {
        let home = tempfile::tempdir().unwrap();
        for name in ["demo-1", "demo-2", "demo-mine", "journal", "demo-"] {
            fs::create_dir_all(home.path().join(name).join("journal")).unwrap();
        }
        let runs = journal::Settings::new(home.path().join("demo-2").join("journal"));
        let runs = journal::open(runs).unwrap();
        clear(home.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, ["demo-", "demo-2", "demo-mine", "journal"]);
        drop(runs);
        clear(home.path()).unwrap();
        assert!(!home.path().join("demo-2").exists());
        clear(&home.path().join("none")).unwrap();
    }
}
