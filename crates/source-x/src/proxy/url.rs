//! Address of a proxy, perhaps with a user and a password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// CONNECT.
    Http,
    /// CONNECT within TLS.
    Https,
    /// SOCKS5; the name is resolved here.
    Socks5,
    /// SOCKS5; the proxy resolves the name.
    Socks5h,
}

impl Scheme {
    const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Socks5, Self::Socks5h];

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

/// A text that names no proxy. Never repeats it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// Not of the form `http://host:port`.
    #[error("not of the form http://host:port, with user:password@ before the host if it wants them")]
    Malformed,
    /// A scheme that we do not speak.
    #[error("the scheme must be http, https, socks5 or socks5h")]
    Scheme,
}

/// A proxy's URL: `http://`, `https://`, `socks5://` or `socks5h://`; without a scheme it is http.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    scheme: Scheme,
    host: String,
    port: u16,
    credentials: Option<(String, String)>,
}

impl ProxyUrl {
    /// Reads `text`; user and password are percent-decoded.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = Scheme::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(scheme))
            .ok_or(ProxyUrlError::Scheme)?;
        // The scheme is known, and http's rules serve for all of them.
        let uri: Uri = format!("http://{rest}")
            .parse()
            .map_err(|_| ProxyUrlError::Malformed)?;
        let authority = uri.authority().ok_or(ProxyUrlError::Malformed)?;
        if authority.host().is_empty() || uri.path() != "/" || uri.query().is_some() {
            return Err(ProxyUrlError::Malformed);
        }
        let (user_info, address) = authority.as_str().rsplit_once('@').unzip();
        let address = address.unwrap_or(authority.as_str());
        if address.len() > authority.host().len() && authority.port_u16().is_none() {
            return Err(ProxyUrlError::Malformed);
        }
        Ok(Self {
            scheme,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(scheme.port()),
            credentials: user_info.map(credentials).transpose()?,
        })
    }

    /// Whether it holds a password, which does not belong into a configuration file.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// An IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn credentials(&self) -> Option<(&str, &str)> {
        let (user, password) = self.credentials.as_ref()?;
        Some((user, password))
    }

    /// The value of `Proxy-Authorization` (RFC 7617).
    pub(crate) fn basic_auth(&self) -> Option<HeaderValue> {
        let (user, password) = self.credentials()?;
        let text = STANDARD.encode(format!("{user}:{password}"));
        // Base64 can stand in a header.
        let mut value = HeaderValue::from_str(&format!("Basic {text}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn credentials(user_info: &str) -> Result<(String, String), ProxyUrlError> {
    let decoded = |text| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| ProxyUrlError::Malformed)
    };
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    Ok((decoded(user)?, decoded(password)?))
}

/// Without user and password: it stands in logs and errors.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, port) = (self.scheme.name(), self.port);
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{port}", self.host)
        } else {
            write!(f, "{scheme}://{}:{port}", self.host)
        }
    }
}

// By hand, because of the password.
impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}
