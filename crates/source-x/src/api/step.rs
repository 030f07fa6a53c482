//! Deadlines: each step of a request has one, and is named by its failure.

use std::error::Error;
use std::future::Future;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use stream_core::source::{ConnectError, ConnectErrorClass, Request};
use tokio::time::timeout;

use super::proxied::ProxyRefusal;

/// Runs one step under its deadline, before or after the request has left us; names the step in either failure.
pub(super) async fn within<T, E>(
    deadline: Duration,
    request: Request,
    step: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, ConnectError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    match timeout(deadline, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(request, step, &*error.into())),
        Err(_) => Err(error(
            ConnectErrorClass::Network,
            request,
            format!("{step}: nothing within {deadline:?}"),
        )),
    }
}

/// What a step that failed asks of the caller: networks heal by themselves, certificates and wrong ports do not.
fn failed(request: Request, step: &str, cause: &(dyn Error + 'static)) -> ConnectError {
    let words = with_causes(cause);
    if let Some(fault) = chain(cause).into_iter().find_map(tls_fault) {
        let (class, hint) = tls_hint(fault);
        let words = match fault {
            // rustls shows what it has no words for as it is declared.
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
                format!("invalid peer certificate: {other}")
            }
            _ => words,
        };
        return match hint {
            Some(hint) => error(class, request, format!("{step}: {words} ({hint})")),
            None => error(class, request, format!("{step}: {words}")),
        };
    }
    if chain(cause).into_iter().any(<dyn Error>::is::<ProxyRefusal>) {
        let hint = "the proxy refuses: check its user and password, and whether it lets this machine out to that host";
        return error(
            ConnectErrorClass::Refused,
            request,
            format!("{step}: {words} ({hint})"),
        );
    }
    let mut faults = chain(cause).into_iter().filter_map(hyper_fault);
    if faults.any(hyper::Error::is_parse_too_large) {
        let hint = "no head of X's is that large: a proxy or another server answers; check base_url";
        return error(
            ConnectErrorClass::Refused,
            request,
            format!("{step}: {words} ({hint})"),
        );
    }
    error(ConnectErrorClass::Network, request, format!("{step}: {words}"))
}

/// An error and its causes; an I/O error's inside is one of them, though it does not say so.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    let mut chain = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        chain.push(error);
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inside
            .map(|inside| inside as &(dyn Error + 'static))
            .or_else(|| error.source());
    }
    chain
}

fn tls_fault<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    error.downcast_ref::<rustls::Error>()
}

fn hyper_fault<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e hyper::Error> {
    error.downcast_ref::<hyper::Error>()
}

/// Who must do what about a TLS handshake that failed.
fn tls_hint(error: &rustls::Error) -> (ConnectErrorClass, Option<&'static str>) {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        // What comes is no TLS, or none that we know.
        rustls::Error::InvalidMessage(_) | rustls::Error::PeerIncompatible(_) => {
            let hint = "the server speaks no TLS that we know on this port: check base_url";
            return (ConnectErrorClass::Refused, Some(hint));
        }
        _ => return (ConnectErrorClass::Network, None),
    };
    let hint = match certificate {
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => {
            "check this machine's clock; if it is right, the server needs a new certificate"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "another server answers under this name: check base_url, name resolution and proxies"
        }
        UnknownIssuer => {
            "name the authority that issued it in ca_file, if it is to be trusted; a proxy that reads TLS has its own"
        }
        // CaUsedAsEndEntity among them: self-signed, as `openssl req -x509` makes them.
        _ => {
            "the server needs another certificate: one that is its own authority is not accepted; have an authority issue it, and name that in ca_file"
        }
    };
    (ConnectErrorClass::Certificate, Some(hint))
}

/// An error's text followed by those of its causes, unless it repeats them.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

fn error(class: ConnectErrorClass, request: Request, detail: String) -> ConnectError {
    ConnectError {
        class,
        status: None,
        retry_after: None,
        request,
        detail,
    }
}

/// A failure of our own, before any request, that an operator must cure before another attempt makes sense.
pub(super) fn refused(detail: String) -> ConnectError {
    error(ConnectErrorClass::Refused, Request::NotSent, detail)
}

#[cfg(test)]
mod tests {
    use rustls::OtherError;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("CaUsedAsEndEntity")]
    struct SelfSigned;

    #[test]
    fn certificates_and_wrong_ports_are_for_a_person_and_alerts_are_not() {
        use ConnectErrorClass::{Certificate, Network, Refused};
        let self_signed = OtherError(std::sync::Arc::new(SelfSigned));
        let certificate = rustls::Error::InvalidCertificate;
        for (error, class, words) in [
            (certificate(CertificateError::Expired), Certificate, "clock"),
            (certificate(CertificateError::NotValidYet), Certificate, "clock"),
            (
                certificate(CertificateError::NotValidForName),
                Certificate,
                "base_url",
            ),
            (
                certificate(CertificateError::UnknownIssuer),
                Certificate,
                "ca_file",
            ),
            (
                certificate(CertificateError::Other(self_signed)),
                Certificate,
                "certificate: CaUsedAsEndEntity (",
            ),
            (
                rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                Refused,
                "no TLS that we know",
            ),
            (
                rustls::Error::AlertReceived(rustls::AlertDescription::InternalError),
                Network,
                "InternalError",
            ),
        ] {
            // As tokio-rustls hands it on.
            let io = io::Error::new(io::ErrorKind::InvalidData, error);
            let failed = failed(Request::NotSent, "connecting", &io);
            assert_eq!(
                (failed.class, failed.request),
                (class, Request::NotSent),
                "{failed}"
            );
            assert!(failed.detail.contains(words), "{failed}");
            assert!(!failed.detail.contains("Other("), "{failed}");
        }
    }
}
