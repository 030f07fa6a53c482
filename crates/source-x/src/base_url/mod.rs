//! Allowlist of the hosts that may see the token: X's and this machine's own. Others only when an operator says so, and plain
//! HTTP only within this machine.

use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// X's hosts: today's, the one that it had before, and the one of v1.1's streams.
pub const HOSTS: [&str; 3] = ["api.x.com", "api.twitter.com", "stream.twitter.com"];

/// A base URL that may not be used. Never repeats the URL: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not of the form `https://host[:port]`.
    #[error("not of the form https://host[:port]")]
    Malformed,
    /// A scheme other than http and https.
    #[error("the scheme must be https")]
    Scheme,
    /// `user:password@` in front of the host.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// Something behind the host.
    #[error("must end after host and port: the path belongs to the endpoint")]
    Path,
    /// Plain HTTP to another machine.
    #[error(
        "plain http goes to loopback only (127.0.0.1, [::1], localhost): the token would travel in the clear"
    )]
    PlainHttp,
    /// A host that is neither X's nor this machine.
    #[error("not a host of X ({}); if that is meant, set allow_custom_host = true", HOSTS.join(", "))]
    CustomHost,
}

/// A checked base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    authority: Authority,
    tls: bool,
}

impl BaseUrl {
    /// Checks `text`, which may end in one slash. A token that never leaves the machine needs no permission: loopback is
    /// taken without `allow_custom_host`.
    pub fn parse(text: &str, allow_custom_host: bool) -> Result<Self, BaseUrlError> {
        // Before parsing: `Uri` would also accept some forms with an `@` as a path.
        if text.contains('@') {
            return Err(BaseUrlError::UserInfo);
        }
        let parts = text
            .parse::<Uri>()
            .map_err(|_| BaseUrlError::Malformed)?
            .into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(BaseUrlError::Malformed);
        };
        let has_port = authority.as_str().len() > authority.host().len();
        if authority.host().is_empty() || (has_port && authority.port_u16().is_none()) {
            return Err(BaseUrlError::Malformed);
        }
        if parts.path_and_query.is_some_and(|path| path != "/") {
            return Err(BaseUrlError::Path);
        }
        let url = Self {
            tls: scheme == Scheme::HTTPS,
            authority,
        };
        if !url.tls && scheme != Scheme::HTTP {
            return Err(BaseUrlError::Scheme);
        }
        if !url.tls && !url.is_loopback() {
            return Err(BaseUrlError::PlainHttp);
        }
        if !(url.is_loopback() || url.is_of_x() || allow_custom_host) {
            return Err(BaseUrlError::CustomHost);
        }
        Ok(url)
    }

    /// Whether the connection is encrypted.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The host as a name to resolve or to verify: an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
    }

    /// The port to connect to: the scheme's own unless the URL names one.
    pub fn port(&self) -> u16 {
        let default = if self.tls { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(default)
    }

    /// Host and port, for people.
    pub fn address(&self) -> String {
        format!("{}:{}", self.authority.host(), self.port())
    }

    /// The value of the `Host` header.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Scheme, host and port in the form that signatures have them in (RFC 5849, 3.4.1.2): lower case, without the scheme's
    /// own port.
    pub(crate) fn origin(&self) -> String {
        let (scheme, own) = if self.tls { ("https", 443) } else { ("http", 80) };
        let host = self.authority.host().to_ascii_lowercase();
        match self.port() {
            port if port == own => format!("{scheme}://{host}"),
            port => format!("{scheme}://{host}:{port}"),
        }
    }

    /// Whether a connection may go to `address`, which the host's name resolved to. Link-local addresses are where clouds
    /// keep their metadata; a name that promised loopback must lead there.
    pub fn may_go_to(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let link_local = match address {
            IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
            IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.segments()[..2] == [0xfd00, 0x0ec2],
        };
        let refused = link_local || address.is_multicast() || address.is_unspecified();
        !refused && (address.is_loopback() || !self.is_loopback())
    }

    fn is_of_x(&self) -> bool {
        HOSTS.iter().any(|host| self.host().eq_ignore_ascii_case(host))
    }

    /// Whether it is loopback in its plainest form. What other programs would also take for 127.0.0.1 (`127.1`, `0x7f000001`,
    /// `localhost.`) is not.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

#[cfg(test)]
mod tests;
