//! What a sink's failure asks of the caller.

use crate::model::SinkErrorClass;

/// Why a sink cannot take records, named by what the caller must do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The broker is away or the client has broken: reset, wait a little, try again. No person is needed.
    #[error("{0}")]
    Unavailable(String),
    /// A person must do something (topic missing, no permission, exchange missing, unroutable, disk full): reset, try again
    /// ever more slowly, say so aloud. Nothing is dropped.
    #[error("{0}")]
    Operator(String),
}

impl SinkError {
    /// The `class` label of `birdfeed_lane_errors_total`.
    pub const fn class(&self) -> SinkErrorClass {
        match self {
            Self::Unavailable(_) => SinkErrorClass::Unavailable,
            Self::Operator(_) => SinkErrorClass::Operator,
        }
    }
}
