//! The keys of OAuth 1.0a that v1.1 accepts.

use std::fmt;

/// The keys that are accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthKeys {
    /// The app's key.
    pub consumer_key: String,
    /// The app's secret.
    pub consumer_secret: String,
    /// The user's token.
    pub access_token: String,
    /// The user's secret.
    pub access_token_secret: String,
}

impl Default for OAuthKeys {
    fn default() -> Self {
        OAuthKeys {
            consumer_key: "simulator-consumer-key".to_owned(),
            consumer_secret: "simulator-consumer-secret".to_owned(),
            access_token: "1-simulator-access-token".to_owned(),
            access_token_secret: "simulator-access-token-secret".to_owned(),
        }
    }
}

// By hand, because they may be real ones.
impl fmt::Debug for OAuthKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuthKeys")
    }
}
