//! `[log]`: what is logged, and how it looks.

use crate::config::Section;
use crate::logging::{LogFormat, Logging};

pub(super) fn build(section: &mut Section) -> Logging {
    let formats = [
        ("auto", LogFormat::Auto),
        ("json", LogFormat::Json),
        ("pretty", LogFormat::Pretty),
    ];
    let format = section.choice("format", "auto", &formats);
    section.parsed("level", "info", |level| Logging::new(format, level))
}
