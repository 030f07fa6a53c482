//! `[admin]`: metrics, health and status over HTTP.

use crate::admin::Address;
use crate::config::Section;

/// The server's address; `None` for no server.
pub(super) fn build(section: &mut Section) -> Option<Address> {
    section.parsed("listen", "127.0.0.1:9464", |text| match text {
        "off" => Ok(None),
        text => text.parse().map(Some),
    })
}
