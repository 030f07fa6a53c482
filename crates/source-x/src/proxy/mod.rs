//! Which proxy leads to X, if one does: by name, or as the environment says.

mod url;

use hyper_util::client::proxy::matcher::Matcher;

pub(crate) use self::url::Scheme;
pub use self::url::{ProxyUrl, ProxyUrlError};
use crate::base_url::BaseUrl;

/// The variables that name a proxy for HTTPS; the first that is set counts.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Those that name hosts which need none.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// A variable whose value names no proxy that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {error}")]
pub struct ProxyVariableError {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with its value.
    pub error: ProxyUrlError,
}

impl ProxyUrl {
    /// The proxy that an environment names for a server at `base_url`: `HTTPS_PROXY` or `ALL_PROXY` (in small letters, too), unless
    /// `NO_PROXY` excepts the host by name, domain or network. This machine itself is never behind a proxy.
    pub fn from_environment<'v>(
        variable: impl Fn(&str) -> Option<&'v str>,
        base_url: &BaseUrl,
    ) -> Result<Option<Self>, ProxyVariableError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let Some((name, value)) = VARIABLES.iter().find_map(|name| Some((*name, set(name)?))) else {
            return Ok(None);
        };
        let exceptions = EXCEPTIONS.into_iter().find_map(set).unwrap_or_default();
        if base_url.is_loopback() || excepted(exceptions, base_url) {
            return Ok(None);
        }
        let url = Self::parse(value.trim());
        url.map(Some).map_err(|error| ProxyVariableError {
            variable: name,
            error,
        })
    }
}

fn excepted(exceptions: &str, base_url: &BaseUrl) -> bool {
    if exceptions.split(',').any(|exception| exception.trim() == "*") {
        return true;
    }
    // Which proxy does not matter: only whether there is one.
    let matcher = Matcher::builder().all("http://proxy").no(exceptions).build();
    let server = format!("https://{}", base_url.authority()).parse();
    server.is_ok_and(|server| matcher.intercept(&server).is_none())
}

#[cfg(test)]
mod tests;
