//! Connection settings: everything that a connection to X can be told, and what is wrong with it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::base_url::BaseUrlError;
use crate::catch_up::CatchUp;
use crate::credentials::Credentials;
use crate::dial::Family;
use crate::endpoint::{Endpoint, Version};
use crate::filter::{Filter, FilterError};
use crate::proxy::ProxyUrl;
use crate::query::{Query, QueryError};

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Name resolution, TCP and TLS together.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub head: Duration,
    /// Without a single byte on an open stream; `None` for [what X asks for](crate::endpoint::Version::silence).
    pub silence: Option<Duration>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(20),
            silence: None,
        }
    }
}

/// Whether answers are asked for in compressed form. What comes is read by what its head says of it, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Compression {
    /// gzip, if the server will.
    #[default]
    Gzip,
    /// Not at all.
    Off,
}

impl Compression {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Off];

    /// Its name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Off => "off",
        }
    }

    /// The value of the `Accept-Encoding` header.
    pub(crate) const fn accepted(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Off => "identity",
        }
    }
}

/// Which version of HTTP is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Http {
    /// HTTP/1.1: one stream, one connection, the simplest ways to fail.
    #[default]
    One,
    /// HTTP/2, if the server will; over TLS only.
    Two,
}

impl Http {
    /// Both.
    pub const ALL: [Self; 2] = [Self::One, Self::Two];

    /// Its name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "1.1",
            Self::Two => "2",
        }
    }

    /// Its names in TLS (ALPN), the best first.
    pub(crate) fn protocols(self) -> Vec<Vec<u8>> {
        let one = b"http/1.1".to_vec();
        match self {
            Self::One => vec![one],
            Self::Two => vec![b"h2".to_vec(), one],
        }
    }
}

/// What [`XSource::new`](crate::XSource::new) and [`RulesClient::new`](crate::RulesClient::new) take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Another than the endpoint's own; which may be used, see [`base_url`](crate::base_url).
    pub base_url: Option<String>,
    /// Lets `base_url` name a host that is neither X's nor this machine.
    pub allow_custom_host: bool,
    /// Which stream it is.
    pub endpoint: Endpoint,
    /// What the stream is asked for, checked against what the endpoint takes.
    pub query: Query,
    /// What v1.1's streams are asked for instead.
    pub filter: Filter,
    /// Where the bearer token, or v1.1's keys, come from.
    pub credentials: Credentials,
    /// What is asked for after a time without a connection.
    pub catch_up: CatchUp,
    /// Certificate authorities (PEM) to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether answers are asked for in compressed form.
    pub compression: Compression,
    /// Which version of HTTP is asked for.
    pub http: Http,
    /// The proxy that leads to X; `None` goes straight.
    pub proxy: Option<ProxyUrl>,
    /// Which version of IP is used.
    pub family: Family,
    /// X asks for a descriptive one.
    pub user_agent: String,
    /// How long each step may take.
    pub deadlines: Deadlines,
}

impl Settings {
    /// The filtered stream of the real X, with no fields asked for.
    pub fn new(credentials: impl Into<Credentials>) -> Self {
        Self {
            base_url: None,
            allow_custom_host: false,
            endpoint: Endpoint::Search,
            query: Query::default(),
            filter: Filter::default(),
            credentials: credentials.into(),
            catch_up: CatchUp::default(),
            ca_file: None,
            compression: Compression::default(),
            http: Http::default(),
            proxy: None,
            family: Family::default(),
            user_agent: concat!("birdfeed/", env!("CARGO_PKG_VERSION")).to_owned(),
            deadlines: Deadlines::default(),
        }
    }

    /// Where requests go: [`Self::base_url`], or else the endpoint's own.
    pub(crate) fn base_url(&self) -> &str {
        self.base_url
            .as_deref()
            .unwrap_or_else(|| self.endpoint.base_url())
    }
}

/// Settings that cannot work: an operator must change them.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The base URL may not see the token.
    #[error("base_url: {0}")]
    BaseUrl(#[from] BaseUrlError),
    /// The proxy cannot be used.
    #[error("proxy: {0}")]
    Proxy(&'static str),
    /// Every mistake in the query.
    #[error("{}", Joined(.0))]
    Query(Vec<QueryError>),
    /// Every mistake in what a stream of v1.1 is asked for.
    #[error("{}", Joined(.0))]
    Filter(Vec<FilterError>),
    /// A bearer token for v1.1, or v1.1's keys for v2.
    #[error("the {} stream takes {}", .0.name(), wanted(*.0))]
    Credentials(Endpoint),
    /// The user agent cannot stand in a header.
    #[error("user_agent: only visible ASCII characters and spaces can stand in a header")]
    UserAgent,
    /// The CA file is unreadable or holds no certificate.
    #[error("ca_file {}: {reason}", path.display())]
    CaFile {
        /// As it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system has no certificate authorities, and no CA file was given.
    #[error("no certificate authority to trust: install ca-certificates or set ca_file ({0})")]
    NoRoots(String),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
}

/// The credentials that `endpoint` takes.
fn wanted(endpoint: Endpoint) -> &'static str {
    match endpoint.version() {
        Version::V1 => "the four keys of OAuth 1.0a, no bearer token",
        Version::V2 => "a bearer token, no keys of OAuth 1.0a",
    }
}

struct Joined<'a, E>(&'a [E]);

impl<E: fmt::Display> fmt::Display for Joined<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let comma = if i > 0 { "; " } else { "" };
            write!(f, "{comma}{error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_outlasts_a_late_keep_alive_and_is_noticed_within_half_a_minute() {
        let silence = Version::V2.silence();
        assert!(Duration::from_millis(20_300) < silence && silence < Duration::from_secs(30));
    }
}
