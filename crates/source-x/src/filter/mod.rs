//! Parameters of v1.1's streams: checked here, so that a mistake shows at the start and not as a 406 or 413
//! (<https://developer.x.com/en/docs/twitter-api/v1/tweets/filter-realtime/guides/basic-stream-parameters>).

mod check;
mod model;

pub use self::model::{Filter, FilterError, FilterLevel, FilterParameter};
use crate::endpoint::Endpoint;
use crate::oauth::encode;

impl Filter {
    /// Every mistake, for a stream of `endpoint`; empty if the server will accept it.
    pub fn check(&self, endpoint: Endpoint) -> Vec<FilterError> {
        check::all(self, endpoint)
    }

    /// What a request says, [encoded](encode), or every mistake.
    pub(crate) fn encoded(&self, endpoint: Endpoint) -> Result<String, Vec<FilterError>> {
        let errors = self.check(endpoint);
        if !errors.is_empty() {
            return Err(errors);
        }
        let pairs = self.pairs().into_iter();
        let pairs = pairs.map(|(parameter, value)| format!("{}={}", parameter.name(), encode(&value)));
        Ok(pairs.collect::<Vec<_>>().join("&"))
    }
}

#[cfg(test)]
mod tests;
