//! `[admin]`: metrics, health, status and what passes, over HTTP.

use crate::admin::Address;
use crate::config::Section;

/// The admin server, not started yet.
pub(crate) struct AdminConfig {
    /// Its address; `None` for no server.
    pub(crate) listen: Option<Address>,
    /// Whether it shows the records that pass.
    pub(crate) tap: bool,
}

/// What is said about it.
pub(super) fn build(section: &mut Section) -> AdminConfig {
    let listen = section.parsed("listen", "127.0.0.1:9464", |text| match text {
        "off" => Ok(None),
        text => text.parse().map(Some),
    });
    AdminConfig {
        listen,
        tap: section.flag("tap", false),
    }
}
