//! Error of a call that cannot do what it was asked for. What becomes of a stream that runs is no error but an
//! [`Event`](crate::Event).

use std::{env, fmt};

use source_x::SettingsError;
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
    /// A variable of the environment that the program wants is missing or not Unicode.
    #[error("{0}: is X_BEARER_TOKEN set?")]
    Environment(#[from] env::VarError),
}

/// As people read it: what `main` returns is shown by `Debug`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
