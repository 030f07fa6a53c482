//! HTTP connection to one peer: the way there, TLS, and hyper's handshake.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::proxied::Proxy;
use crate::base_url::{BaseUrl, BaseUrlError};
use crate::dial::{self, Family, Socket};
use crate::settings::{Settings, SettingsError};
use crate::tls;

/// How much hyper may read at once: at high rates one wake-up then brings many posts. Also the limit of an answer's head.
const READ_BUFFER: usize = 256 * 1024;
/// HTTP/2: how much may be under way. A stream's window is what bounds memory, and what a slow reader fills.
const WINDOW: u32 = 1024 * 1024;
/// HTTP/2: how often the peer is asked whether it is there, and how long it may take to say so.
const PING: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(15));
/// HTTP/2, by ALPN.
const H2: &[u8] = b"h2";

/// Where connections lead, by which way, and how its certificate is checked if it must have one.
#[derive(Clone)]
pub(super) struct Peer {
    url: BaseUrl,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    proxy: Option<Proxy>,
    family: Family,
}

/// What keeps the connection alive; hyper reads the socket in a task.
pub(super) struct Link {
    sender: Sender,
    _task: AbortOnDropHandle<()>,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Peer {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let url = BaseUrl::parse(settings.base_url(), settings.allow_custom_host)?;
        let mut peer = Self {
            url,
            tls: None,
            proxy: None,
            family: settings.family,
        };
        if peer.url.tls() {
            let name = ServerName::try_from(peer.url.host().to_owned());
            let name = name.map_err(|_| BaseUrlError::Malformed)?;
            let connector = tls::connector(settings.ca_file.as_deref(), settings.http)?;
            peer.tls = Some((connector, name));
        }
        if let Some(proxy) = &settings.proxy {
            if !peer.url.tls() {
                return Err(SettingsError::Proxy(
                    "plain http goes to this machine, and straight there",
                ));
            }
            peer.proxy = Some(Proxy::new(proxy, settings.ca_file.as_deref())?);
        }
        Ok(peer)
    }

    /// The value of the `Host` header.
    pub(super) fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Scheme, host and port, as signatures have them.
    pub(super) fn origin(&self) -> String {
        self.url.origin()
    }

    /// Host and port, for people; and the way there, if it is not straight.
    pub(super) fn address(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("{} through {proxy}", self.url.address()),
            None => self.url.address(),
        }
    }

    /// A new connection. The caller sets the deadline.
    pub(super) async fn connect(&self) -> Result<Link, Box<dyn Error + Send + Sync>> {
        let socket = self.socket().await?;
        match &self.tls {
            None => one(TokioIo::new(socket)).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), socket).await?;
                let is_two = stream.get_ref().1.alpn_protocol() == Some(H2);
                let io = TokioIo::new(stream);
                if is_two { two(io).await } else { one(io).await }
            }
        }
    }

    async fn socket(&self) -> Result<Box<dyn Socket>, Box<dyn Error + Send + Sync>> {
        if let Some(proxy) = &self.proxy {
            return proxy.open(&self.url, self.family).await;
        }
        let may = |address| self.family.allows(address) && self.url.may_go_to(address);
        let socket = dial::open(self.url.host(), self.url.port(), may).await?;
        Ok(Box::new(socket))
    }
}

impl Link {
    fn new(
        sender: Sender,
        connection: impl Future<Output = Result<(), hyper::Error>> + Send + 'static,
    ) -> Self {
        // The body reports the connection's errors too.
        let task = tokio::spawn(async move { drop(connection.await) });
        Self {
            sender,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Sends `request`, whose URI is a path, and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        match &mut self.sender {
            Sender::One(sender) => sender.send_request(request).await,
            Sender::Two(sender) => sender.send_request(absolute(request)).await,
        }
    }
}

/// HTTP/2 has the host in the URI, and only there.
fn absolute(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let host = request.headers_mut().remove(HOST);
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = host.and_then(|host| host.to_str().ok()?.parse().ok());
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

async fn one<I>(io: I) -> Result<Link, Box<dyn Error + Send + Sync>>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    let (sender, connection) = builder.max_buf_size(READ_BUFFER).handshake(io).await?;
    Ok(Link::new(Sender::One(sender), connection))
}

async fn two<I>(io: I) -> Result<Link, Box<dyn Error + Send + Sync>>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let (every, patience) = PING;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .keep_alive_interval(every)
        .keep_alive_timeout(patience);
    let (sender, connection) = builder.handshake(io).await?;
    Ok(Link::new(Sender::Two(sender), connection))
}
