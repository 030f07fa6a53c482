//! Where the collector is.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// Base URL of a collector that takes OTLP over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(String);

impl Endpoint {
    /// Where spans are posted to.
    pub(super) fn traces(&self) -> String {
        format!("{}/v1/traces", self.0)
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            return Err(
                "secrets do not belong into a URL: OTEL_EXPORTER_OTLP_HEADERS carries them".to_owned(),
            );
        }
        let url: Uri = text.parse().map_err(|_| "is no URL".to_owned())?;
        let known = url.scheme() == Some(&Scheme::HTTP) || url.scheme() == Some(&Scheme::HTTPS);
        let port = |authority: &http::uri::Authority| {
            authority.as_str().len() == authority.host().len() || authority.port_u16().is_some()
        };
        if !known || !url.authority().is_some_and(port) || url.query().is_some() {
            return Err(
                "must be http:// or https://, a host, and a port unless it is the usual one".to_owned(),
            );
        }
        if url.port_u16() == Some(4317) {
            return Err(
                "4317 is the port of OTLP over gRPC; over HTTP, which is spoken here, it is 4318".to_owned(),
            );
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_collector_can_have_is_refused() {
        for (text, posts_to) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://otlp.example.com/otlp/",
                "https://otlp.example.com/otlp/v1/traces",
            ),
            ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
        ] {
            assert_eq!(
                text.parse::<Endpoint>()
                    .map(|endpoint| endpoint.traces())
                    .as_deref(),
                Ok(posts_to)
            );
        }
        for text in [
            "",
            "on",
            "localhost:4318",
            "grpc://localhost:4318",
            "http://localhost:4317",
            "http://localhost:x",
            "http://user:password@localhost:4318",
            "http://localhost:4318/?key=secret",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
