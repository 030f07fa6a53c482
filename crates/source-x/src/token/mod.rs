//! Bearer token: never shown, and read anew for every connection so that a replaced file works.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

/// Where the bearer token comes from. `Debug` names the place, never the token.
#[derive(Clone)]
pub struct Token(Place);

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
    /// Characters that cannot stand in a bearer token; a pasted line break inside is the commonest.
    #[error("{0} holds a character other than visible ASCII, or is longer than 8 KiB")]
    Malformed(String),
}

/// A token that can go into a request.
pub(crate) struct Bearer(SecretString);

// Bearer tokens of X have about 110 bytes; servers take heads of 8 KiB.
const MAX_BYTES: u64 = 8 * 1024;

impl Token {
    /// The token itself, for example from the environment.
    pub fn from_value(token: impl Into<String>) -> Self {
        Self(Place::Value(SecretString::from(token.into())))
    }

    /// The file that holds the token; read for every connection.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// Reads the token and says what is wrong with it, if anything.
    pub fn check(&self) -> Result<(), TokenError> {
        self.read().map(drop)
    }

    /// Reads the token; space around it does not count.
    pub(crate) fn read(&self) -> Result<Bearer, TokenError> {
        let text = match &self.0 {
            Place::Value(token) => token.clone(),
            Place::File(path) => read_file(path).map_err(|error| TokenError::Unreadable {
                path: path.clone(),
                error,
            })?,
        };
        let token = text.expose_secret().trim_ascii();
        if token.is_empty() {
            return Err(TokenError::Empty(self.place()));
        }
        if token.len() as u64 > MAX_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed(self.place()));
        }
        Ok(Bearer(SecretString::from(token)))
    }

    fn place(&self) -> String {
        match &self.0 {
            Place::Value(_) => "the bearer token".to_owned(),
            Place::File(path) => format!("token file {}", path.display()),
        }
    }
}

fn read_file(path: &Path) -> io::Result<SecretString> {
    let mut text = String::new();
    // One byte more than allowed, so that a longer file shows.
    File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    Ok(SecretString::from(text))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
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
        let token = self.0.expose_secret().as_bytes();
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
}

#[cfg(test)]
mod tests;
