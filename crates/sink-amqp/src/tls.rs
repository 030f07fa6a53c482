//! TLS: whom we trust, and who we are, read from files at each connection.

use std::path::{Path, PathBuf};

use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use stream_core::sink::SinkError;

use crate::settings::Settings;

/// Files (PEM) that a secure connection needs.
#[derive(Clone)]
pub(crate) struct TlsFiles {
    /// Authorities to trust besides the system's.
    ca: Option<PathBuf>,
    /// Our certificate and its private key.
    identity: Option<(PathBuf, PathBuf)>,
}

impl TlsFiles {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            ca: settings.ca_file.clone(),
            identity: settings.cert_file.clone().zip(settings.key_file.clone()),
        }
    }

    /// A TLS client that trusts the system's certificates and those in `ca`, and shows ours if we have one.
    ///
    /// The connector takes the process's crypto provider, or makes aws-lc-rs (the feature of lapin that we build with) the
    /// process's one: two providers in one binary, where rustls itself would panic, do not disturb it.
    pub(crate) fn connector(&self) -> Result<RustlsConnector, SinkError> {
        let system = RustlsConnectorConfig::new_with_native_certs();
        let config = match &self.ca {
            // A machine without certificates of its own is no obstacle to a private authority.
            Some(file) => system
                .unwrap_or_default()
                .with_parsable_certificates(certificates("ca_file", file)?),
            None => system.map_err(|error| {
                SinkError::Operator(format!(
                    "reading the system's certificates: {error}: install them, or set ca_file"
                ))
            })?,
        };
        let Some((cert_file, key_file)) = &self.identity else {
            return config
                .connector_with_no_client_auth()
                .map_err(|error| SinkError::Operator(format!("preparing TLS: {error}")));
        };
        let chain = certificates("cert_file", cert_file)?;
        is_file("key_file", key_file)?;
        // Its error is about the file's form and repeats nothing of it.
        let key = PrivateKeyDer::from_pem_file(key_file)
            .map_err(|error| unusable("key_file", key_file, &error.to_string()))?;
        config.connector_with_single_cert(chain, key).map_err(|error| {
            let why = format!("does not go with key_file {}: {error}", key_file.display());
            unusable("cert_file", cert_file, &why)
        })
    }
}

/// Reading from a pipe would wait for whoever writes to it, at every connection anew.
fn is_file(setting: &str, file: &Path) -> Result<(), SinkError> {
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(unusable(setting, file, "is no file")),
        Err(error) => Err(unusable(setting, file, &error.to_string())),
    }
}

fn certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, SinkError> {
    is_file(setting, file)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .map_err(|error| unusable(setting, file, &error.to_string()))?
        .collect();
    let found = read.map_err(|error| unusable(setting, file, &error.to_string()))?;
    if found.is_empty() {
        Err(unusable(setting, file, "holds no certificate (PEM)"))
    } else {
        Ok(found)
    }
}

fn unusable(setting: &str, file: &Path, why: &str) -> SinkError {
    SinkError::Operator(format!("{setting} {}: {why}", file.display()))
}
