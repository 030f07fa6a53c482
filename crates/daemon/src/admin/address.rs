//! Listen address: a host, by name or by number, and a port.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::str::FromStr;

/// Address of the admin server as people write it; a name is looked up when it is used, not before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Listens there; of a name's addresses the first that can be had.
    pub fn bind(&self) -> io::Result<TcpListener> {
        TcpListener::bind(&self.0)
    }

    /// Every address that the name has.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.to_socket_addrs()?.collect())
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self(address.to_string())
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |host: &str| {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !host.is_empty() && host.chars().all(legal)
        };
        let named = text.rsplit_once(':').filter(|(host, _)| is_name(host));
        let named = named.is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if named || text.parse::<SocketAddr>().is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err("not a host with a port, such as localhost:9464".to_owned())
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_names_or_numbers_and_all_have_ports() {
        for text in [
            "127.0.0.1:9464",
            "[::1]:9464",
            "localhost:0",
            "birdfeed-0.birdfeed:9464",
        ] {
            assert_eq!(
                text.parse::<Address>().map(|address| address.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "localhost",
            ":9464",
            "::1:9464",
            "localhost:http",
            "localhost:70000",
            "a b:1",
            "http://a:1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        let listener = "localhost:0".parse::<Address>().unwrap().bind().unwrap();
        assert!(listener.local_addr().unwrap().ip().is_loopback());
    }
}
