//! `[[sink]] type = "file"`: NDJSON files, a folder for each lane.

use std::sync::Arc;

use sink_file::{FileSink, Settings};
use stream_core::sink::Sink;

use super::sink::{SinkContext, checked};
use crate::config::{Section, units};

/// Where files go unless the user says otherwise.
pub(super) const DIR: &str = "./birdfeed-data/lanes";

pub(super) fn build(section: &mut Section, context: &mut SinkContext) -> Option<Arc<dyn Sink>> {
    let dir = section.path_or("dir", DIR);
    let rotate_bytes = section.parsed("rotate_bytes", "256MiB", units::some_bytes);
    let rotate_every = section.parsed("rotate_every", "1h", units::some_duration);
    if let Err(message) = context.folders.claim(&dir, "an earlier sink's") {
        section.note("dir", message, "give each its own");
        return None;
    }
    let settings = Settings {
        dir,
        rotate_bytes,
        rotate_every,
        envelope: section.flag("envelope", false),
    };
    checked(
        section,
        FileSink::new(settings),
        |_| "for example dir = \"./birdfeed-data/lanes\"",
    )
}

/// The sink of those who name none.
pub(super) fn default_sink() -> Arc<dyn Sink> {
    Arc::new(FileSink::new(Settings::new(DIR)).expect("the default folder has a name"))
}
