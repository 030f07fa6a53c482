//! `[journal]`: the write-ahead log between the stream and the sinks.

use journal::{Durability, Settings};
use stream_core::pipeline::WhenFull;

use crate::config::{Section, units};

/// The least that it may be given: some segments for the sinks to lag in.
const LEAST_BYTES: u64 = 64 << 20;

/// Write-ahead log, and what to do when it is full.
pub(super) struct Journal {
    pub(super) settings: Settings,
    pub(super) when_full: WhenFull,
}

pub(super) fn build(section: &mut Section) -> Journal {
    let dir = section.path("dir");
    let mut settings = Settings::new(dir.unwrap_or_else(|| "./birdfeed-data/journal".into()));
    settings.max_bytes = section.parsed("max_bytes", "8GiB", |text| match units::bytes(text)? {
        bytes if bytes < LEAST_BYTES => Err("less than 64MiB".to_owned()),
        bytes => Ok(bytes),
    });
    let modes = [
        ("process", Durability::Process),
        ("adaptive", Durability::Adaptive),
        ("strict", Durability::Strict),
    ];
    let durability = section.choice("durability", &modes);
    settings.durability = durability.unwrap_or(settings.durability);
    let policies = [("pause", WhenFull::Pause), ("drop-newest", WhenFull::DropNewest)];
    Journal {
        settings,
        when_full: section.choice("when_full", &policies).unwrap_or_default(),
    }
}
