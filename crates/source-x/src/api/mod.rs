//! HTTP/1.1 client: one request on one connection of its own; no pool, no redirect, a deadline on every step.

mod answer;
mod body;
mod gunzip;
mod link;
mod proxied;
mod step;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use stream_core::model::Timestamp;
use stream_core::source::{ConnectError, Request as Seen};

pub(crate) use self::answer::Answer;
pub use self::answer::Refusal;
pub(crate) use self::body::Arrived;
use self::link::Peer;
pub(crate) use self::step::with_causes;
use self::step::{refused, within};
use crate::base_url::BaseUrlError;
use crate::clock_skew::ClockSkew;
use crate::credentials::{Authority, Credentials};
use crate::endpoint::{Endpoint, Version};
use crate::oauth::Signable;
use crate::settings::{Compression, Deadlines, Settings, SettingsError};

/// X's API at one base URL with one set of credentials.
#[derive(Clone)]
pub(crate) struct Api {
    endpoint: Endpoint,
    peer: Peer,
    host: HeaderValue,
    credentials: Credentials,
    user_agent: HeaderValue,
    compression: Compression,
    deadlines: Deadlines,
    skew: ClockSkew,
}

/// A request as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// With the query, if there is one.
    pub(crate) path: String,
    /// JSON, or a form of v1.1's; empty for none.
    pub(crate) body: Bytes,
}

impl Api {
    /// Checks what of `settings` concerns requests, and loads the certificate authorities; connects to nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let peer = Peer::new(settings)?;
        if !settings.credentials.fit(settings.endpoint.version()) {
            return Err(SettingsError::Credentials(settings.endpoint));
        }
        let host = HeaderValue::from_str(peer.authority());
        Ok(Self {
            endpoint: settings.endpoint,
            host: host.map_err(|_| SettingsError::BaseUrl(BaseUrlError::Malformed))?,
            peer,
            credentials: settings.credentials.clone(),
            user_agent: HeaderValue::from_str(&settings.user_agent).map_err(|_| SettingsError::UserAgent)?,
            compression: settings.compression,
            deadlines: settings.deadlines,
            skew: ClockSkew::default(),
        })
    }

    /// Host and port that requests go to, for people.
    pub(crate) fn address(&self) -> String {
        self.peer.address()
    }

    /// Which stream it is.
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// How long each step may take; those of an open stream are the caller's.
    pub(crate) fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// Sends `call` and gives the answer, whatever its status.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, ConnectError> {
        let authority = self.authority().await?;
        let request = self.request(call, &authority)?;
        let mut link = within(
            self.deadlines.connect,
            Seen::NotSent,
            &format!("connecting to {}", self.peer.address()),
            Box::pin(self.peer.connect()),
        )
        .await?;
        let sent_at = Timestamp::now();
        let sent = link.send(request);
        let answer: Response<Incoming> = within(
            self.deadlines.head,
            Seen::Sent,
            "waiting for the head of the answer",
            sent,
        )
        .await?;
        self.skew.note(sent_at, answer.headers());
        Ok(Answer::new(answer, self.endpoint, authority, link))
    }

    /// Seconds that this machine's clock is ahead of the server's, by the last answer to anybody who asks it.
    pub(crate) fn clock_skew(&self) -> Option<f64> {
        self.skew.seconds()
    }

    async fn authority(&self) -> Result<Authority, ConnectError> {
        let credentials = self.credentials.clone();
        // A file may lie on a disk that is slow to answer.
        let read = tokio::task::spawn_blocking(move || credentials.read());
        let outcome = within(self.deadlines.connect, Seen::NotSent, "reading the token", read).await?;
        outcome.map_err(|error| refused(error.to_string()))
    }

    fn request(&self, call: Call, authority: &Authority) -> Result<Request<Full<Bytes>>, ConnectError> {
        let (kind, form) = match self.endpoint.version() {
            // v1.1 takes forms, which are signed.
            Version::V1 => ("application/x-www-form-urlencoded", &*call.body),
            Version::V2 => ("application/json", &[][..]),
        };
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let authorization = authority.header(&Signable {
            method: call.method.as_str(),
            address: &format!("{}{path}", self.peer.origin()),
            pairs: [query, std::str::from_utf8(form).unwrap_or_default()],
        });
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.path)
            .header(HOST, self.host.clone())
            .header(AUTHORIZATION, authorization)
            .header(USER_AGENT, self.user_agent.clone())
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, self.compression.accepted());
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, kind);
        }
        request
            .body(Full::new(call.body))
            .map_err(|error| refused(error.to_string()))
    }
}
