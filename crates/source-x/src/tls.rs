//! Trust anchors: the system's certificate authorities and those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::settings::{Http, SettingsError};

/// A connector that offers these versions of HTTP.
pub(crate) fn connector(ca_file: Option<&Path>, http: Http) -> Result<TlsConnector, SettingsError> {
    // Named, not the process default: which of rustls' providers is the default depends on the whole dependency tree.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::Tls(error.to_string()))?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth();
    config.alpn_protocols = http.protocols();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, SettingsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_file {
        add_file(&mut roots, path).map_err(|reason| SettingsError::CaFile {
            path: path.to_owned(),
            reason,
        })?;
    }
    let system = rustls_native_certs::load_native_certs();
    // Systems carry certificates that rustls does not understand; the rest serves.
    roots.add_parsable_certificates(system.certs);
    if roots.is_empty() {
        let reasons: Vec<_> = system.errors.iter().map(ToString::to_string).collect();
        return Err(SettingsError::NoRoots(reasons.join(", ")));
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    // Reading from a pipe would wait for whoever writes to it.
    if !path.metadata().map_err(|error| error.to_string())?.is_file() {
        return Err("is no file".to_owned());
    }
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("holds no certificate in PEM form".to_owned());
    }
    Ok(())
}
