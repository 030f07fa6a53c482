//! `[[sink]] type = "file"`: NDJSON files, a folder for each lane.

use std::sync::Arc;

use sink_file::{FileSink, Keep, Settings};
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
        keep: Keep {
            age: section.parsed("keep_for", FOR_EVER, |text| {
                unless_ever(text, units::some_duration)
            }),
            bytes: section.parsed("keep_bytes", FOR_EVER, |text| {
                unless_ever(text, units::some_bytes)
            }),
        },
        mode: section.parsed("mode", "0600", mode),
    };
    checked(section, FileSink::new(settings), |setting| match setting {
        "mode" => "for example mode = \"0640\"",
        _ => "for example dir = \"./birdfeed-data/lanes\"",
    })
}

const FOR_EVER: &str = "for ever";

/// What `parse` makes of a limit; nothing if there is none.
fn unless_ever<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    match text {
        FOR_EVER => Ok(None),
        text => parse(text).map(Some),
    }
}

/// Rights as `chmod` takes them.
fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8).map_err(|_| format!("{text:?} is no number of octal digits, such as 0640"))
}

/// The sink of those who name none.
pub(super) fn default_sink() -> Arc<dyn Sink> {
    Arc::new(FileSink::new(Settings::new(DIR)).expect("the default folder has a name"))
}
