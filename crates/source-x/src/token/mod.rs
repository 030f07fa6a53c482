//! Bearer token: never shown, and read anew for every connection so that a replaced file works.

mod shape;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use self::shape::{MAX_BYTES, bare};

/// Where the bearer token comes from, or one of v1.1's keys. `Debug` names the place, never the token.
#[derive(Clone)]
pub struct Token {
    place: Place,
    /// What messages call it.
    name: &'static str,
}

#[derive(Clone)]
enum Place {
    Value(SecretString),
    File(PathBuf),
}

/// No usable token. Says where it was looked for, never what was found.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("token file {}: {error}", path.display())]
    Unreadable {
        /// Where the token was to be.
        path: PathBuf,
        /// What the system has against reading it.
        error: io::Error,
    },
    /// Nothing there but space.
    #[error("{0} is empty")]
    Empty(String),
    /// It is there, and is not a token and nothing else.
    #[error("{place} {reason}")]
    Malformed {
        /// Where it was found.
        place: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// A token that can go into a request.
pub(crate) struct Bearer(SecretString);

impl Token {
    /// The token itself, for example from the environment.
    pub fn from_value(token: impl Into<String>) -> Self {
        Self::at(Place::Value(SecretString::from(token.into())))
    }

    /// The file that holds the token; read for every connection.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::File(path.into()))
    }

    fn at(place: Place) -> Self {
        let name = "the bearer token";
        Self { place, name }
    }

    /// The same under another name in messages: `the consumer key`.
    #[must_use]
    pub fn called(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Reads the token and says what is wrong with it, if anything.
    pub fn check(&self) -> Result<(), TokenError> {
        self.read().map(drop)
    }

    /// Reads the token as one that a request can bear.
    pub(crate) fn read(&self) -> Result<Bearer, TokenError> {
        self.read_secret().map(Bearer)
    }

    /// Reads the token; space around it does not count.
    pub(crate) fn read_secret(&self) -> Result<SecretString, TokenError> {
        let text = match &self.place {
            Place::Value(token) => token.clone(),
            Place::File(path) => read_file(path).map_err(|error| TokenError::Unreadable {
                path: path.clone(),
                error,
            })?,
        };
        match bare(text.expose_secret()) {
            Ok("") => Err(TokenError::Empty(self.place())),
            Ok(token) => Ok(SecretString::from(token)),
            Err(reason) => Err(TokenError::Malformed {
                place: self.place(),
                reason,
            }),
        }
    }

    fn place(&self) -> String {
        match &self.place {
            Place::Value(_) => self.name.to_owned(),
            Place::File(path) => format!("token file {}", path.display()),
        }
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self::from_value(token)
    }
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self::from_value(token)
    }
}

fn read_file(path: &Path) -> io::Result<SecretString> {
    // Opening a pipe would wait for whoever writes to it, and it would be empty at the next connect.
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() {
            "a folder"
        } else {
            "a pipe or a device"
        };
        return Err(io::Error::other(format!(
            "is {what}: it is read again at each connect, so it must be a file"
        )));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a longer file shows.
    File::open(path)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    String::from_utf8(bytes)
        .map(SecretString::from)
        .map_err(|_| io::Error::other("is not UTF-8; Windows' editors and shells often write UTF-16"))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Value(_) => f.write_str("Token(value)"),
            Place::File(path) => write!(f, "Token(file {path:?})"),
        }
    }
}

impl Bearer {
    /// The value of the `Authorization` header, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        let text = format!("Bearer {}", self.0.expose_secret());
        let mut header = HeaderValue::try_from(text).expect("checked: visible ASCII only");
        header.set_sensitive(true);
        header
    }

    /// `text` with the token blotted out, should a server send it back to us.
    pub(crate) fn redact(&self, text: Vec<u8>) -> Vec<u8> {
        blot_out(text, &self.0)
    }
}

/// `text` with a secret, which is not empty, blotted out.
pub(crate) fn blot_out(text: Vec<u8>, secret: &SecretString) -> Vec<u8> {
    let token = secret.expose_secret().as_bytes();
    let finder = memchr::memmem::Finder::new(token);
    let mut clean = Vec::new();
    let mut from = 0;
    for at in finder.find_iter(&text) {
        clean.extend_from_slice(&text[from..at]);
        clean.extend_from_slice(b"[redacted]");
        from = at + token.len();
    }
    if from == 0 {
        return text;
    }
    clean.extend_from_slice(&text[from..]);
    clean
}

#[cfg(test)]
mod tests;
