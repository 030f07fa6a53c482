//! Connection URL: where the broker is, read so that it shows no password.

use std::fmt;

use lapin::uri::{AMQPScheme, AMQPUri};

/// The longest name that AMQP 0-9-1 can carry (a "short string"), in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// What lapin reads from a URL's query. It passes over everything else, so that a `verify` or a `cacertfile`, which other
/// clients know, would be obeyed by nobody: we refuse them.
const PARAMETERS: [&str; 5] = [
    "frame_max",
    "channel_max",
    "heartbeat",
    "connection_timeout",
    "auth_mechanism",
];

/// Connection URL that was read. Shows itself without its user and password.
#[derive(Clone)]
pub(crate) struct Address {
    uri: AMQPUri,
}

impl Address {
    /// The heartbeat, in seconds, when the URL names none: a dead peer is noticed within twice this time.
    const HEARTBEAT: u16 = 10;

    /// The error says what is wrong, without the password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        // lapin's own message would repeat a URL of another form, password and all.
        let rest = ["amqp://", "amqps://"]
            .into_iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or("must start with amqp:// or amqps://")?;
        let mut uri: AMQPUri = url.parse()?;
        if let Some(host) = ipv6(rest) {
            // The URL parser knows no IPv6 in schemes of its own, and lapin would take localhost instead.
            host.clone_into(&mut uri.authority.host);
        }
        if uri.authority.host.is_empty() {
            return Err("names no host".to_owned());
        }
        if uri.vhost.is_empty() || uri.vhost.len() > LONGEST_NAME {
            let wrong = "ends in / and so names an empty virtual host: write /%2f for the default one";
            return Err(wrong.to_owned());
        }
        if let Some(name) = unknown_parameter(rest) {
            return Err(format!("has a parameter that is not known: {name:?}"));
        }
        uri.query.heartbeat.get_or_insert(Self::HEARTBEAT);
        Ok(Self { uri })
    }

    pub(crate) fn uri(&self) -> AMQPUri {
        self.uri.clone()
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.uri.scheme == AMQPScheme::AMQPS
    }

    pub(crate) fn user(&self) -> &str {
        &self.uri.authority.userinfo.username
    }
}

/// `amqps://host:port`, and the virtual host unless it is the default one: safe for logs.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = &self.uri.authority;
        let (open, close) = if authority.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(
            f,
            "{}://{open}{}{close}:{}",
            self.uri.scheme, authority.host, authority.port
        )?;
        if self.uri.vhost == "/" {
            Ok(())
        } else {
            write!(f, "/{}", self.uri.vhost)
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// The host of a URL without its scheme, if it is an IPv6 address in brackets.
fn ipv6(rest: &str) -> Option<&str> {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.strip_prefix('[')?.split(']').next()
}

/// The name of the first query parameter that lapin would pass over.
fn unknown_parameter(rest: &str) -> Option<&str> {
    let (_, query) = rest.split_once('?')?;
    query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .find(|name| !PARAMETERS.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heartbeat_is_ten_seconds_unless_the_url_says_otherwise() {
        let heartbeat = |url| Address::parse(url).unwrap().uri().query.heartbeat;
        assert_eq!(heartbeat("amqp://localhost"), Some(10));
        assert_eq!(heartbeat("amqp://localhost/%2f?heartbeat=30"), Some(30));
    }

    #[test]
    fn an_ipv6_host_is_kept() {
        let address = Address::parse("amqp://u:p@[2001:db8::1]:5673/v").unwrap();
        assert_eq!(address.uri().authority.host, "2001:db8::1");
        assert_eq!(address.to_string(), "amqp://[2001:db8::1]:5673/v");
    }
}
