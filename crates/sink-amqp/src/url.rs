//! Where the connection URL stands: in the settings, or in a file of its own that a rotation replaces.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use stream_core::sink::read_text_file;

use crate::address::Address;

/// Connection URL, which holds a password, or where it stands.
#[derive(Clone, Debug)]
pub enum Url {
    /// The URL itself.
    Here(SecretString),
    /// A file that holds it, and nothing else. Read again at each connection.
    File(PathBuf),
}

impl Url {
    /// The setting that a mistake in it is one of.
    pub(crate) const fn setting(&self) -> &'static str {
        match self {
            Self::Here(_) => "url",
            Self::File(_) => "url_file",
        }
    }

    /// Where the broker is, by what stands there now; or every mistake, without the password.
    pub(crate) fn read(&self, channels: usize) -> Result<Address, Vec<String>> {
        match self {
            Self::Here(url) => Address::parse(url.expose_secret(), channels),
            Self::File(path) => {
                let path_says = |reason| format!("{} {reason}", path.display());
                let text = read_text_file(path)
                    .map_err(|error| vec![path_says(format!("cannot be read: {error}"))])?;
                let text = SecretString::from(text);
                // Shells put a line end behind it.
                let url = text.expose_secret().trim();
                if url.is_empty() {
                    return Err(vec![path_says("is empty".to_owned())]);
                }
                Address::parse(url, channels).map_err(|reasons| reasons.into_iter().map(path_says).collect())
            }
        }
    }
}

impl From<&str> for Url {
    fn from(url: &str) -> Self {
        Self::Here(url.into())
    }
}

impl From<String> for Url {
    fn from(url: String) -> Self {
        Self::Here(url.into())
    }
}
