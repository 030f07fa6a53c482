//! Connection settings: everything that a connection to X can be told, and what is wrong with it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::base_url::BaseUrlError;
use crate::endpoint::Endpoint;
use crate::query::{Query, QueryError};
use crate::token::Token;

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Name resolution, TCP and TLS together.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub head: Duration,
    /// Without a single byte on an open stream. X sends an empty line at least every 20 s, often a little late.
    pub silence: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(20),
            silence: Duration::from_secs(25),
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
    /// Where the app's bearer token comes from.
    pub token: Token,
    /// Certificate authorities (PEM) to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether answers are asked for in compressed form.
    pub compression: Compression,
    /// X asks for a descriptive one.
    pub user_agent: String,
    /// How long each step may take.
    pub deadlines: Deadlines,
}

impl Settings {
    /// The filtered stream of the real X, with no fields asked for.
    pub fn new(token: Token) -> Self {
        Self {
            base_url: None,
            allow_custom_host: false,
            endpoint: Endpoint::Search,
            query: Query::default(),
            token,
            ca_file: None,
            compression: Compression::default(),
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
    /// Every mistake in the query.
    #[error("{}", Joined(.0))]
    Query(Vec<QueryError>),
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

struct Joined<'a>(&'a [QueryError]);

impl fmt::Display for Joined<'_> {
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
        let silence = Deadlines::default().silence;
        assert!(Duration::from_millis(20_300) < silence && silence < Duration::from_secs(30));
    }
}
