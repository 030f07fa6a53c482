//! One request on one connection of its own: no pool, no redirect, a deadline on every step.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use stream_core::source::{ConnectError, ConnectErrorClass};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use crate::base_url::BaseUrl;
use crate::endpoint::Endpoint;
use crate::settings::{Deadlines, Settings, SettingsError};
use crate::token::{Bearer, Token};
use crate::{dial, response, tls};

/// How much hyper may read at once: at high rates one wake-up then brings many posts. Also the limit of an answer's head.
const READ_BUFFER: usize = 256 * 1024;
/// How much of an error's body is worth reading, and for how long.
const ERROR_BODY: (usize, Duration) = (64 * 1024, Duration::from_secs(5));

/// X's API at one base URL with one token.
pub(crate) struct Api {
    endpoint: Endpoint,
    url: BaseUrl,
    host: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    token: Token,
    user_agent: HeaderValue,
    deadlines: Deadlines,
}

/// A request as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    /// JSON; empty for none.
    pub(crate) body: Bytes,
}

/// An answer whose head has arrived. Dropping it closes the connection.
pub(crate) struct Answer {
    pub(crate) head: http::response::Parts,
    pub(crate) body: Incoming,
    endpoint: Endpoint,
    bearer: Bearer,
    _link: Link,
}

type Sender = http1::SendRequest<Full<Bytes>>;

/// What keeps the connection alive; hyper reads the socket in a task.
struct Link {
    sender: Sender,
    _task: AbortOnDropHandle<()>,
}

impl Api {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let url = BaseUrl::parse(settings.base_url(), settings.allow_custom_host)?;
        let malformed = || SettingsError::BaseUrl(crate::base_url::BaseUrlError::Malformed);
        let tls = if url.tls() {
            let name = ServerName::try_from(url.host().to_owned()).map_err(|_| malformed())?;
            Some((tls::connector(settings.ca_file.as_deref())?, name))
        } else {
            None
        };
        Ok(Self {
            endpoint: settings.endpoint,
            host: HeaderValue::from_str(url.authority()).map_err(|_| malformed())?,
            url,
            tls,
            token: settings.token.clone(),
            user_agent: HeaderValue::from_str(&settings.user_agent).map_err(|_| SettingsError::UserAgent)?,
            deadlines: settings.deadlines,
        })
    }

    pub(crate) fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// Sends `call` and gives the answer, whatever its status.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, ConnectError> {
        let bearer = self.bearer().await?;
        let request = self.request(call, &bearer)?;
        let mut link = within(self.deadlines.connect, "connecting", self.link()).await?;
        let sent = link.sender.send_request(request);
        let answer: Response<Incoming> =
            within(self.deadlines.head, "waiting for the head of the answer", sent).await?;
        let (head, body) = answer.into_parts();
        Ok(Answer {
            head,
            body,
            endpoint: self.endpoint,
            bearer,
            _link: link,
        })
    }

    async fn bearer(&self) -> Result<Bearer, ConnectError> {
        let token = self.token.clone();
        // A file may lie on a disk that is slow to answer.
        let read = tokio::task::spawn_blocking(move || token.read());
        let outcome = within(self.deadlines.connect, "reading the token", read).await?;
        outcome.map_err(|error| refused(error.to_string()))
    }

    fn request(&self, call: Call, bearer: &Bearer) -> Result<Request<Full<Bytes>>, ConnectError> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.path)
            .header(HOST, self.host.clone())
            .header(AUTHORIZATION, bearer.header())
            .header(USER_AGENT, self.user_agent.clone())
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity");
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request
            .body(Full::new(call.body))
            .map_err(|error| refused(error.to_string()))
    }

    async fn link(&self) -> Result<Link, Box<dyn Error + Send + Sync>> {
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

impl Answer {
    /// What an answer other than the wanted one means. Reads as much of its body as explains it.
    pub(crate) async fn into_error(mut self) -> ConnectError {
        let (limit, patience) = ERROR_BODY;
        // What has arrived by the deadline serves. Compressed bytes would explain nothing.
        let body = if response::is_encoded(&self.head.headers) {
            Vec::new()
        } else {
            self.read(limit, patience).await.0
        };
        response::classify(self.endpoint, self.head.status, &self.head.headers, &body)
    }

    /// The body up to `limit` bytes, the token blotted out, and whether that is all of it.
    pub(crate) async fn read(&mut self, limit: usize, patience: Duration) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let reading = async {
            loop {
                match self.body.frame().await {
                    None => return bytes.len() <= limit,
                    Some(Err(_)) => return false,
                    Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                }
                if bytes.len() > limit {
                    return false;
                }
            }
        };
        let whole = timeout(patience, reading).await.unwrap_or(false);
        bytes.truncate(limit);
        (self.bearer.redact(bytes), whole)
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

/// Runs one step under its deadline; names the step in either failure.
async fn within<T, E>(
    deadline: Duration,
    step: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, ConnectError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    match timeout(deadline, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(network(format!("{step}: {}", with_causes(&*error.into())))),
        Err(_) => Err(network(format!("{step}: nothing within {deadline:?}"))),
    }
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

fn network(detail: String) -> ConnectError {
    ConnectError {
        class: ConnectErrorClass::Network,
        status: None,
        detail,
    }
}

fn refused(detail: String) -> ConnectError {
    ConnectError {
        class: ConnectErrorClass::Refused,
        status: None,
        detail,
    }
}
