//! Proxies by environment: not used yet, and not passed over in silence.

use crate::config::Environment;

/// The variables that name a proxy for HTTPS.
const NAMES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Those that name hosts which need none.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// What to say when the environment names a proxy for `address`, a host with a port. Never the proxy: it may hold a password.
pub(super) fn warning(environment: &Environment, address: &str) -> Option<String> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let is_set = |name: &&str| environment.get(*name).is_some_and(|value| !value.is_empty());
    let name = NAMES.into_iter().find(is_set)?;
    let excepted = EXCEPTIONS
        .into_iter()
        .filter_map(|name| environment.get(name))
        .flat_map(|list| list.split(','))
        .any(|exception| covers(exception.trim(), host));
    (!excepted).then(|| {
        format!(
            "{name} is set and is not used: proxies are not there yet, and the connection goes to {address} directly; if that is \
             meant, set NO_PROXY={host}"
        )
    })
}

/// Whether an exception is the host, a domain that it lies in, or everything.
fn covers(exception: &str, host: &str) -> bool {
    let domain = exception.trim_start_matches("*.").trim_start_matches('.');
    let (host, domain) = (host.to_lowercase(), domain.to_lowercase());
    let inner = host
        .strip_suffix(&domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    exception == "*" || (!domain.is_empty() && inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(variables: &[(&str, &str)]) -> Option<String> {
        let pairs = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        warning(&pairs.collect(), "api.x.com:443")
    }

    #[test]
    fn a_proxy_that_is_not_used_is_told_of_without_its_password() {
        let proxy = ("https_proxy", "http://bird:s3cret@proxy:3128");
        let said = warned(&[proxy]).unwrap();
        assert!(said.starts_with("https_proxy is set and is not used"), "{said}");
        assert!(
            said.contains("api.x.com:443") && !said.contains("s3cret"),
            "{said}"
        );
        for exceptions in ["*", "api.x.com", "localhost, .x.com", "X.COM", "*.x.com"] {
            assert_eq!(warned(&[proxy, ("NO_PROXY", exceptions)]), None, "{exceptions}");
        }
        assert!(warned(&[proxy, ("NO_PROXY", "ax.com,pi.x.com,")]).is_some());
        assert_eq!(warned(&[("HTTPS_PROXY", ""), ("HTTP_PROXY", "http://a")]), None);
    }
}
