//! Error of a call that cannot do what it was asked for. What becomes of a stream that runs is no error but an
//! [`Event`](crate::Event).

use std::{env, fmt, io};

use source_x::SettingsError;
use source_x::proxy::{ProxyUrlError, ProxyVariableError};
use source_x::rules::RulesError;
use source_x::token::TokenError;

/// Why a stream or a request could not be made. Holds no secret.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot work, in words that name it.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No usable token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A proxy's URL that cannot be used, without the URL.
    #[error("proxy: {0}")]
    Proxy(#[from] ProxyUrlError),
    /// The same in a variable of the environment that names proxies.
    #[error(transparent)]
    ProxyVariable(#[from] ProxyVariableError),
    /// A request about rules has failed.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// No thread could be started.
    #[error("no thread: {0}")]
    Thread(#[from] io::Error),
    /// A variable of the environment that the program wants is missing or not Unicode.
    #[error("{0}: is X_BEARER_TOKEN set?")]
    Environment(#[from] env::VarError),
}

impl Error {
    /// The HTTP status, if X has refused a request about rules.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Rules(RulesError::Request(error)) => error.status,
            _ => None,
        }
    }
}

/// As people read it: what `main` returns is shown by `Debug`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
