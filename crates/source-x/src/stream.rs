//! Streaming response: connects once when asked, and hands out bytes as they arrive.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use stream_core::source::{
    ConnectError, ConnectErrorClass, Connection, ReadError, Request, ServerDisconnect, Source, Split,
};
use tokio::time::{Instant, timeout_at};

use crate::api::{Answer, Api, Call, Refusal, with_causes};
use crate::endpoint::{Endpoint, Messages};
use crate::response;
use crate::rules::RulesClient;
use crate::settings::{Settings, SettingsError};

/// Connector for one stream of X, which its host asks anew for each connection.
pub struct XSource {
    api: Api,
    call: Call,
    messages: Messages,
    /// The last answer that was no stream.
    refusal: Mutex<Option<Refusal>>,
}

impl XSource {
    /// Checks the settings and loads the certificate authorities; connects to nothing. The token is first read by
    /// [`connect`](Source::connect).
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let path = settings
            .query
            .path(settings.endpoint)
            .map_err(SettingsError::Query)?;
        let call = Call {
            method: settings.endpoint.method().clone(),
            path,
            body: Bytes::new(),
        };
        Ok(Self {
            api: Api::new(settings)?,
            call,
            messages: settings.endpoint.messages(),
            refusal: Mutex::default(),
        })
    }

    /// Host and port that connections go to, for people.
    pub fn address(&self) -> String {
        self.api.address()
    }

    /// Which stream it is.
    pub fn endpoint(&self) -> Endpoint {
        self.api.endpoint()
    }

    /// A client for the rules, with the same token and the same trust.
    pub fn rules(&self) -> RulesClient {
        RulesClient::on(self.api.clone())
    }

    /// The answer that the last attempt met, if it met one that is no stream, and nobody has asked before.
    pub fn take_refusal(&self) -> Option<Refusal> {
        self.refusal.lock().take()
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    async fn open(&self) -> Result<XConnection, ConnectError> {
        *self.refusal.lock() = None;
        let answer = self.api.send(self.call.clone()).await?;
        if answer.head.status != StatusCode::OK {
            let (error, refusal) = answer.into_refusal().await;
            *self.refusal.lock() = Some(refusal);
            return Err(error);
        }
        if response::is_encoded(&answer.head.headers) {
            return Err(ConnectError {
                class: ConnectErrorClass::Http,
                status: Some(200),
                retry_after: None,
                request: Request::Sent,
                detail: "HTTP 200: the stream is compressed, though identity was asked for (a proxy?)"
                    .to_owned(),
            });
        }
        if response::is_page(&answer.head.headers) {
            return Err(answer.into_page(Vec::new()).await);
        }
        Ok(XConnection {
            answer: Some(answer),
            begun: false,
            silence: self.api.deadlines().silence,
            heard: Instant::now(),
        })
    }
}

impl Source for XSource {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>> {
        async {
            let connection = self.open().await?;
            Ok(Box::new(connection) as Box<dyn Connection>)
        }
        .boxed()
    }

    fn split(&self, message: &Bytes) -> Split {
        crate::split::split(self.messages, message)
    }

    fn farewell(&self, unfinished: &[u8]) -> Option<ServerDisconnect> {
        response::farewell(unfinished)
    }
}

struct XConnection {
    /// `None` once it has turned out to be a page.
    answer: Option<Answer>,
    /// Whether a byte has come: the first one tells a page that does not say that it is one.
    begun: bool,
    silence: Duration,
    /// When the last bytes came; outlives a dropped call, so that calls cut short again and again do not hide silence.
    heard: Instant,
}

impl Connection for XConnection {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>> {
        self.next().boxed()
    }
}

impl XConnection {
    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            let Some(answer) = &mut self.answer else {
                return Ok(None);
            };
            // hyper has no deadline of its own for a body.
            let frame = timeout_at(self.heard + self.silence, answer.body.frame())
                .await
                .map_err(|_| ReadError::Silence(self.silence))?;
            let frame = match frame {
                None => return Ok(None),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    return Err(ReadError::Broken(response::one_line(&with_causes(&error), 200)));
                }
            };
            self.heard = Instant::now();
            // Trailers are frames too.
            let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) else {
                continue;
            };
            let is_page = !self.begun && data.trim_ascii_start().starts_with(b"<");
            self.begun |= !data.trim_ascii_start().is_empty();
            match is_page.then(|| self.answer.take()).flatten() {
                Some(answer) => {
                    let error = answer.into_page(data.to_vec()).await;
                    return Err(ReadError::Refused(Box::new(error)));
                }
                None => return Ok(Some(data)),
            }
        }
    }
}
