//! Watch of the configuration file: by its content, so that an editor's rename and the swapped links of a ConfigMap are changes
//! like any other.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked at: cheap, and soon enough for who has just written it.
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct FileWatch {
    file: Option<PathBuf>,
    /// What stood there when it was last taken over; not the text itself, which may hold a secret.
    known: Option<u64>,
    /// Something else that stood there at the last look: whoever writes may not have finished.
    news: Option<u64>,
}

impl FileWatch {
    /// Knows what stands there now.
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self {
            known: file.as_deref().and_then(digest),
            file,
            news: None,
        }
    }

    /// Takes what stands there now for known.
    pub(super) fn take(&mut self) {
        *self = Self::new(self.file.take());
    }

    /// Waits until something else stands there, and still does at a second look. Cancel safe.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(file) = self.file.clone() else {
                return std::future::pending().await;
            };
            // A disk that hangs must not hold up the daemon.
            let found = tokio::task::spawn_blocking(move || digest(&file)).await;
            if self.is_settled(found.ok().flatten()) {
                return;
            }
        }
    }

    /// Whether `found` is new, and was there the last time too. That nothing is there is no news: it is just being replaced.
    fn is_settled(&mut self, found: Option<u64>) -> bool {
        let Some(found) = found else {
            return false;
        };
        let before = self.news.take();
        if self.known == Some(found) {
            return false;
        }
        if before == Some(found) {
            self.known = Some(found);
            return true;
        }
        self.news = Some(found);
        false
    }
}

fn digest(file: &Path) -> Option<u64> {
    let text = std::fs::read(file).ok()?;
    let mut digest = DefaultHasher::new();
    text.hash(&mut digest);
    Some(digest.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_once_it_rests() {
        let mut watch = FileWatch {
            file: None,
            known: Some(1),
            news: None,
        };
        for (found, settled) in [
            (Some(1), false),
            (None, false),
            (Some(2), false),
            (Some(3), false),
            (None, false),
            (Some(3), true),
            (Some(3), false),
            // There and back again is no change.
            (Some(4), false),
            (Some(3), false),
            (Some(4), false),
            (Some(4), true),
        ] {
            assert_eq!(watch.is_settled(found), settled, "{found:?}");
        }
    }
}
