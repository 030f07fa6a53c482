//! `[traces]`: spans for a collector.

use crate::config::Section;
use crate::traces::Endpoint;

/// Where the collector is; `None` if nobody traces.
pub(super) fn build(section: &mut Section) -> Option<Endpoint> {
    section.parsed("otlp", "off", |text| match text {
        "off" => Ok(None),
        text => text.parse().map(Some),
    })
}
