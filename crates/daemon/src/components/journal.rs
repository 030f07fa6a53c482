//! `[journal]`: the write-ahead log between the stream and the sinks.

use journal::Durability;
use stream_core::model::LaneSet;
use stream_core::pipeline::{Settings, WhenFull};

use crate::config::{Section, units};

/// The least that it may be given: some segments for the sinks to lag in.
const LEAST_BYTES: u64 = 64 << 20;

/// The data path's settings around the journal, for a stream called `stream` with `lanes`.
pub(super) fn build(section: &mut Section, stream: String, lanes: LaneSet) -> Settings {
    let mut journal = journal::Settings::new(section.path_or("dir", "./birdfeed-data/journal"));
    journal.max_bytes = section.parsed("max_bytes", "8GiB", |text| match units::bytes(text)? {
        bytes if bytes < LEAST_BYTES => Err("less than 64MiB".to_owned()),
        bytes => Ok(bytes),
    });
    let modes = [
        ("process", Durability::Process),
        ("adaptive", Durability::Adaptive),
        ("strict", Durability::Strict),
    ];
    journal.durability = section.choice("durability", "adaptive", &modes);
    let policies = [("pause", WhenFull::Pause), ("drop-newest", WhenFull::DropNewest)];
    let when_full = section.choice("when_full", "pause", &policies);
    let mut settings = Settings::new(stream, lanes, journal);
    settings.when_full = when_full;
    settings
}
