//! Settings: what a user may say about files.

use std::path::PathBuf;
use std::time::Duration;

use stream_core::sink::{Mistake, SettingsError};

/// Where files go, and when one is finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder that gets a folder for each lane. Both are made when the first record comes.
    pub dir: PathBuf,
    /// No record is added to a file that has this many bytes.
    pub rotate_bytes: u64,
    /// Nor to one that was begun so long ago.
    pub rotate_every: Duration,
    /// Whether a line holds the record's header, key and time besides its value, so that files can be verified.
    pub envelope: bool,
}

impl Settings {
    /// Files in `dir`, finished at 256 MiB or after an hour.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            rotate_bytes: 256 << 20,
            rotate_every: Duration::from_secs(60 * 60),
            envelope: false,
        }
    }

    /// Every mistake, as far as that can be told without the disk.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.dir.as_os_str().is_empty() {
            return Err(Mistake::new(
                "dir",
                "names no folder: write . for the one that the process runs in",
            )
            .into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_must_be_named() {
        assert_eq!(Settings::new(".").check(), Ok(()));
        let error = Settings::new("").check().unwrap_err();
        assert_eq!(error.mistakes()[0].setting, "dir");
    }
}
