//! OAuth 1.0a: the four keys of v1.1, read anew for every connection, and a signature of its own for every attempt.

mod signature;

use std::fmt::Write as _;
use std::iter::repeat_with;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use self::signature::{Secrets, signature};
pub(crate) use self::signature::{Signable, encode};
use crate::token::{Token, TokenError, blot_out};

/// Keys of OAuth 1.0a: those of an app, and those of a user who has let it in. `Debug` names their places, never the keys.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The app's key.
    pub consumer_key: Token,
    /// The app's secret.
    pub consumer_secret: Token,
    /// The user's token.
    pub access_token: Token,
    /// The user's secret.
    pub access_token_secret: Token,
}

impl Keys {
    /// The four keys, of the app and of the user.
    pub fn new(
        consumer_key: impl Into<Token>,
        consumer_secret: impl Into<Token>,
        access_token: impl Into<Token>,
        access_token_secret: impl Into<Token>,
    ) -> Self {
        Self {
            consumer_key: consumer_key.into().called("the consumer key"),
            consumer_secret: consumer_secret.into().called("the consumer secret"),
            access_token: access_token.into().called("the access token"),
            access_token_secret: access_token_secret.into().called("the access token's secret"),
        }
    }

    /// Reads the keys and says what is wrong with the first that cannot be used.
    pub fn check(&self) -> Result<(), TokenError> {
        self.read().map(drop)
    }

    pub(crate) fn read(&self) -> Result<Signer, TokenError> {
        Ok(Signer {
            consumer_key: self.consumer_key.read_secret()?,
            consumer_secret: self.consumer_secret.read_secret()?,
            access_token: self.access_token.read_secret()?,
            access_token_secret: self.access_token_secret.read_secret()?,
        })
    }
}

/// Keys that can sign a request.
pub(crate) struct Signer {
    consumer_key: SecretString,
    consumer_secret: SecretString,
    access_token: SecretString,
    access_token_secret: SecretString,
}

impl Signer {
    /// The value of the `Authorization` header for `request`, marked sensitive: for this attempt and no other.
    pub(crate) fn header(&self, request: &Signable<'_>) -> HeaderValue {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nonce: String = repeat_with(fastrand::alphanumeric).take(32).collect();
        self.header_at(request, &nonce, now.as_secs())
    }

    fn header_at(&self, request: &Signable<'_>, nonce: &str, timestamp: u64) -> HeaderValue {
        let timestamp = timestamp.to_string();
        let mut pairs = vec![
            ("oauth_consumer_key", self.consumer_key.expose_secret()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", self.access_token.expose_secret()),
            ("oauth_version", "1.0"),
        ];
        let secrets = Secrets {
            consumer: self.consumer_secret.expose_secret(),
            token: self.access_token_secret.expose_secret(),
        };
        let signature = signature(request, &pairs, &secrets);
        pairs.push(("oauth_signature", &signature));
        let mut text = String::from("OAuth ");
        for (at, (name, value)) in pairs.into_iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let written = write!(text, "{comma}{name}=\"{}\"", encode(value));
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        }
        let mut header = HeaderValue::try_from(text).expect("percent-encoded: visible ASCII only");
        header.set_sensitive(true);
        header
    }

    /// `text` with the keys blotted out, should a server send them back to us.
    pub(crate) fn redact(&self, text: Vec<u8>) -> Vec<u8> {
        let keys = [
            &self.consumer_key,
            &self.consumer_secret,
            &self.access_token,
            &self.access_token_secret,
        ];
        keys.into_iter().fold(text, blot_out)
    }
}

#[cfg(test)]
mod tests;
