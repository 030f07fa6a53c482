//! `[shutdown]`: graceful shutdown, within a budget.

use std::time::Duration;

use crate::config::{Section, units};

/// How long the end may take.
pub(super) fn build(section: &mut Section) -> Duration {
    section.parsed("drain", "20s", units::duration)
}
