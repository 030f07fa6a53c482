//! Where connections go, read anew for each: what rotates is picked up without a restart.

use parking_lot::RwLock;
use stream_core::sink::{SettingsError, SinkError};

use crate::address::Address;
use crate::settings::Settings;
use crate::tls::TlsFiles;
use crate::url::Url;

/// The URL and the files that a connection is made by.
pub(crate) struct Destination {
    url: Url,
    channels: usize,
    tls: TlsFiles,
    /// As it was last read, for people.
    last: RwLock<Address>,
}

impl Destination {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            last: RwLock::new(settings.address()?),
            url: settings.url.clone(),
            channels: settings.channels(),
            tls: TlsFiles::new(settings),
        })
    }

    /// Reads the URL again, if it stands in a file.
    pub(crate) async fn read(&self) -> Result<Address, SinkError> {
        let Url::File(_) = &self.url else {
            return Ok(self.last());
        };
        let (url, channels) = (self.url.clone(), self.channels);
        let read = tokio::task::spawn_blocking(move || url.read(channels)).await;
        let address = read
            .map_err(|error| SinkError::Unavailable(format!("reading url_file: {error}")))?
            .map_err(|reasons| SinkError::Operator(format!("url_file {}", reasons.join("; "))))?;
        self.last.write().clone_from(&address);
        Ok(address)
    }

    /// As it was last read.
    pub(crate) fn last(&self) -> Address {
        self.last.read().clone()
    }

    pub(crate) const fn tls(&self) -> &TlsFiles {
        &self.tls
    }
}
