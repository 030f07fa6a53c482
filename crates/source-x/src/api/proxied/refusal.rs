//! A proxy that lets nobody through.

/// A refusal in the proxy's own words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ProxyRefusal(pub(super) String);
