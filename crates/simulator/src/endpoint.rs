//! The streams that are served.

/// A stream, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/2/tweets/search/stream`: needs rules, has `matching_rules`.
    Search,
    /// `/2/tweets/sample/stream`: matches nothing, needs no rules.
    Sample,
    /// `/2/powerstream`: statuses of v1.1, alone or in lists of one.
    Powerstream,
    /// `/1.1/statuses/filter.json`: signed, with predicates in the request.
    Filter,
    /// `/1.1/statuses/sample.json`: signed.
    StatusSample,
}

impl Endpoint {
    /// The stream at a path, if there is one.
    pub(crate) fn at(path: &str) -> Option<Endpoint> {
        match path {
            "/2/tweets/search/stream" => Some(Endpoint::Search),
            "/2/tweets/sample/stream" => Some(Endpoint::Sample),
            "/2/powerstream" => Some(Endpoint::Powerstream),
            "/1.1/statuses/filter.json" => Some(Endpoint::Filter),
            "/1.1/statuses/sample.json" => Some(Endpoint::StatusSample),
            _ => None,
        }
    }

    /// Is it one of v1.1?
    pub(crate) fn is_v1(self) -> bool {
        matches!(self, Endpoint::Filter | Endpoint::StatusSample)
    }

    /// Is it asked for with this verb?
    pub(crate) fn takes(self, method: &str) -> bool {
        method == "GET" || (method == "POST" && self == Endpoint::Filter)
    }
}
