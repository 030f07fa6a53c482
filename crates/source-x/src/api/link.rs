//! HTTP/1.1 connection: TCP, TLS and hyper's handshake, to one peer.

use std::error::Error;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use crate::base_url::{BaseUrl, BaseUrlError};
use crate::settings::{Settings, SettingsError};
use crate::{dial, tls};

/// How much hyper may read at once: at high rates one wake-up then brings many posts. Also the limit of an answer's head.
const READ_BUFFER: usize = 256 * 1024;

/// Where connections lead, and how its certificate is checked if it must have one.
#[derive(Clone)]
pub(super) struct Peer {
    url: BaseUrl,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// What keeps the connection alive; hyper reads the socket in a task.
pub(super) struct Link {
    pub(super) sender: http1::SendRequest<Full<Bytes>>,
    _task: AbortOnDropHandle<()>,
}

impl Peer {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let url = BaseUrl::parse(settings.base_url(), settings.allow_custom_host)?;
        let tls = if url.tls() {
            let name = ServerName::try_from(url.host().to_owned()).map_err(|_| BaseUrlError::Malformed)?;
            Some((tls::connector(settings.ca_file.as_deref())?, name))
        } else {
            None
        };
        Ok(Self { url, tls })
    }

    /// The value of the `Host` header.
    pub(super) fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Scheme, host and port, as signatures have them.
    pub(super) fn origin(&self) -> String {
        self.url.origin()
    }

    /// Host and port, for people.
    pub(super) fn address(&self) -> String {
        self.url.address()
    }

    /// A new connection. The caller sets the deadline.
    pub(super) async fn connect(&self) -> Result<Link, Box<dyn Error + Send + Sync>> {
        let socket = dial::open(&self.url).await?;
        match &self.tls {
            None => shake_hands(TokioIo::new(socket)).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), socket).await?;
                shake_hands(TokioIo::new(stream)).await
            }
        }
    }
}

async fn shake_hands<I>(io: I) -> Result<Link, Box<dyn Error + Send + Sync>>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    let (sender, connection) = builder.max_buf_size(READ_BUFFER).handshake(io).await?;
    // The body reports the connection's errors too.
    let task = tokio::spawn(async move { drop(connection.await) });
    Ok(Link {
        sender,
        _task: AbortOnDropHandle::new(task),
    })
}
