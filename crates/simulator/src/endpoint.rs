//! The streams that are served.

/// A stream, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/2/tweets/search/stream`: needs rules, has `matching_rules`.
    Search,
    /// `/2/tweets/sample/stream`: matches nothing, needs no rules.
    Sample,
}

impl Endpoint {
    /// The stream at a path, if there is one.
    pub(crate) fn at(path: &str) -> Option<Endpoint> {
        match path {
            "/2/tweets/search/stream" => Some(Endpoint::Search),
            "/2/tweets/sample/stream" => Some(Endpoint::Sample),
            _ => None,
        }
    }
}
