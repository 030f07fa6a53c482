//! Connection URL: where the broker is, read so that it shows no password.

use std::fmt;

use lapin::uri::{AMQPScheme, AMQPUri, SASLMechanism};

use crate::query;

/// The longest name that AMQP 0-9-1 can carry (a "short string"), in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// Connection URL that was read. Shows itself without its user and password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    uri: AMQPUri,
}

impl Address {
    /// The heartbeat, in seconds, when the URL names none: a dead peer is noticed within twice this time.
    const HEARTBEAT: u16 = 10;

    /// Reads `url`, whose connection will have so many `channels`; or gives every mistake in it, without the password.
    pub(crate) fn parse(url: &str, channels: usize) -> Result<Self, Vec<String>> {
        // lapin's own message would repeat a URL of another form, password and all.
        let rest = ["amqp://", "amqps://"]
            .into_iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or_else(|| vec!["must start with amqp:// or amqps://".to_owned()])?;
        if let Some(reason) = unencoded(rest) {
            // Where what ends is not known, and any part may be the password's.
            return Err(vec![reason]);
        }
        let mut mistakes = query::mistakes(rest, channels);
        // What is wrong with the query was just said, and better.
        let plain = if mistakes.is_empty() {
            url
        } else {
            url.split('?').next().unwrap_or(url)
        };
        let mut uri = match plain.parse::<AMQPUri>() {
            Ok(uri) => uri,
            Err(reason) => {
                mistakes.insert(0, reason);
                return Err(mistakes);
            }
        };
        if let Some(host) = ipv6(rest) {
            // The URL parser knows no IPv6 in schemes of its own, and lapin would take localhost instead.
            host.clone_into(&mut uri.authority.host);
        }
        if uri.vhost.is_empty() || uri.vhost.len() > LONGEST_NAME {
            let wrong = "ends in / and so names an empty virtual host: write /%2f for the default one";
            mistakes.insert(0, wrong.to_owned());
        }
        if uri.authority.host.is_empty() {
            mistakes.insert(0, "names no host".to_owned());
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
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

    /// Whether the broker is to take the user from our certificate.
    pub(crate) fn is_external(&self) -> bool {
        self.uri.query.auth_mechanism == Some(SASLMechanism::External)
    }

    /// As whom we connect, for people.
    pub(crate) fn who(&self) -> String {
        if self.is_external() {
            "the user of its certificate".to_owned()
        } else {
            format!("{:?}", self.uri.authority.userinfo.username)
        }
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

/// What is wrong if user or password end before they should: `/`, `?` and `#` mean something in a URL.
fn unencoded(rest: &str) -> Option<String> {
    const WRITTEN: [(char, &str); 4] = [('/', "%2F"), ('?', "%3F"), ('#', "%23"), ('@', "%40")];
    let (userinfo, _) = rest.rsplit_once('@').unwrap_or_default();
    let ends_early = userinfo.contains(['/', '?', '#']);
    if !ends_early && !rest.contains('#') {
        return None;
    }
    let found = if ends_early { userinfo } else { "#" };
    let wrong = WRITTEN
        .into_iter()
        .filter(|(character, _)| found.contains(*character));
    let wrong: Vec<_> = wrong
        .map(|(character, written)| format!("{character} as {written}"))
        .collect();
    Some(format!(
        "has a character that ends user and password early: in them (and in a virtual host) write {}",
        wrong.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heartbeat_is_ten_seconds_unless_the_url_says_otherwise() {
        let heartbeat = |url| Address::parse(url, 2).unwrap().uri().query.heartbeat;
        assert_eq!(heartbeat("amqp://localhost"), Some(10));
        assert_eq!(heartbeat("amqp://localhost/%2f?heartbeat=30"), Some(30));
    }

    #[test]
    fn an_ipv6_host_is_kept() {
        let address = Address::parse("amqp://u:p@[2001:db8::1]:5673/v", 2).unwrap();
        assert_eq!(address.uri().authority.host, "2001:db8::1");
        assert_eq!(address.to_string(), "amqp://[2001:db8::1]:5673/v");
    }

    #[test]
    fn characters_that_must_be_encoded_are_named_and_the_password_is_not() {
        for (url, wrong) in [
            (
                "amqp://bird:p@ss/w#rd@localhost/%2f",
                "/ as %2F, # as %23, @ as %40",
            ),
            ("amqp://bird:what?@localhost", "? as %3F"),
            ("amqp://bird:w#rd@localhost", "# as %23"),
            ("amqp://bird:word@localhost/%2f#x", "# as %23"),
        ] {
            let error = Address::parse(url, 2).unwrap_err().join("; ");
            assert!(error.ends_with(&format!("write {wrong}")), "{url}: {error}");
            assert!(!error.contains("rd@") && !error.contains("what"), "{error}");
        }
        // These are clear as they are.
        for url in [
            "amqp://bird:p@ss%2Fw%23rd@localhost",
            "amqp://bird:p%40ss%2Fw%23rd@localhost",
        ] {
            let uri = Address::parse(url, 2).unwrap().uri();
            assert_eq!(uri.authority.userinfo.password, "p@ss/w#rd");
            assert_eq!(uri.authority.host, "localhost");
        }
    }
}
