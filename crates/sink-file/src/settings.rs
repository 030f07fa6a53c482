//! Settings: what a user may say about files.

use std::path::PathBuf;
use std::time::Duration;

use stream_core::sink::{Mistake, SettingsError};

/// How much of a lane's finished files stays; everything, unless said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Keep {
    /// Files that are not older than this.
    pub age: Option<Duration>,
    /// The newest files, as far as they have no more bytes together.
    pub bytes: Option<u64>,
}

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
    /// What of the finished files stays, as new ones begin.
    pub keep: Keep,
    /// Rights of files, as `chmod` takes them; a folder that is made may be entered by whoever may read.
    pub mode: u32,
}

impl Settings {
    /// Files in `dir`, finished at 256 MiB or after an hour.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            rotate_bytes: 256 << 20,
            rotate_every: Duration::from_secs(60 * 60),
            envelope: false,
            keep: Keep::default(),
            mode: 0o600,
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
        if self.mode & !0o777 != 0 || self.mode & 0o600 != 0o600 {
            let mode = self.mode;
            let message = format!(
                "{mode:04o} does not let birdfeed itself read and write: 0600 at least, 0777 at most"
            );
            return Err(Mistake::new("mode", message).into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_must_be_named_and_be_ours_to_write() {
        assert_eq!(Settings::new(".").check(), Ok(()));
        let error = Settings::new("").check().unwrap_err();
        assert_eq!(error.mistakes()[0].setting, "dir");
        for mode in [0o644, 0o600, 0o660] {
            let settings = Settings {
                mode,
                ..Settings::new(".")
            };
            assert_eq!(settings.check(), Ok(()));
        }
        for mode in [0o400, 0, 0o4600, 0o066] {
            let settings = Settings {
                mode,
                ..Settings::new(".")
            };
            assert_eq!(settings.check().unwrap_err().mistakes()[0].setting, "mode");
        }
    }
}
