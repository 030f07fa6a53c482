//! Credentials: what a request proves with that it may be made. v2's streams want a bearer token, v1.1's the four keys of
//! OAuth 1.0a.

use http::HeaderValue;

use crate::endpoint::Version;
use crate::oauth::{Keys, Signable, Signer};
use crate::token::{Bearer, Token, TokenError};

/// Where the credentials come from. `Debug` names the places, never what stands there.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The app's bearer token.
    Bearer(Token),
    /// The keys of an app and a user.
    OAuth1(Keys),
}

/// Credentials that can go into a request.
pub(crate) enum Authority {
    Bearer(Bearer),
    Signer(Signer),
}

impl From<Token> for Credentials {
    fn from(token: Token) -> Self {
        Self::Bearer(token)
    }
}

impl From<Keys> for Credentials {
    fn from(keys: Keys) -> Self {
        Self::OAuth1(keys)
    }
}

impl From<String> for Credentials {
    fn from(token: String) -> Self {
        Self::Bearer(token.into())
    }
}

impl From<&str> for Credentials {
    fn from(token: &str) -> Self {
        Self::Bearer(token.into())
    }
}

impl Credentials {
    /// Reads them and says what is wrong with the first that cannot be used.
    pub fn check(&self) -> Result<(), TokenError> {
        self.read().map(drop)
    }

    /// Whether they are those that X's API of this version wants.
    pub(crate) fn fit(&self, version: Version) -> bool {
        matches!(
            (self, version),
            (Self::Bearer(_), Version::V2) | (Self::OAuth1(_), Version::V1)
        )
    }

    pub(crate) fn read(&self) -> Result<Authority, TokenError> {
        Ok(match self {
            Self::Bearer(token) => Authority::Bearer(token.read()?),
            Self::OAuth1(keys) => Authority::Signer(keys.read()?),
        })
    }
}

impl Authority {
    /// The value of the `Authorization` header for `request`, marked sensitive.
    pub(crate) fn header(&self, request: &Signable<'_>) -> HeaderValue {
        match self {
            Self::Bearer(bearer) => bearer.header(),
            Self::Signer(signer) => signer.header(request),
        }
    }

    /// `text` with the secrets blotted out, should a server send them back to us.
    pub(crate) fn redact(&self, text: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Bearer(bearer) => bearer.redact(text),
            Self::Signer(signer) => signer.redact(text),
        }
    }
}
