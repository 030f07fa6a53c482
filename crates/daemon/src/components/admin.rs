//! `[admin]`: metrics, health and status over HTTP.

use std::net::SocketAddr;

use crate::config::Section;

/// The server's address; `None` for no server.
pub(super) fn build(section: &mut Section) -> Option<SocketAddr> {
    section.parsed("listen", "127.0.0.1:9464", |text| match text {
        "off" => Ok(None),
        text => match text.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => Err("not an address with a port".to_owned()),
        },
    })
}
