//! HTTP/1.1 client: one request on one connection of its own; no pool, no redirect, a deadline on every step.

mod answer;
mod link;
mod step;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use stream_core::source::{ConnectError, Request as Seen};

pub(crate) use self::answer::Answer;
pub use self::answer::Refusal;
use self::link::Peer;
pub(crate) use self::step::with_causes;
use self::step::{refused, within};
use crate::base_url::BaseUrlError;
use crate::endpoint::Endpoint;
use crate::settings::{Deadlines, Settings, SettingsError};
use crate::token::{Bearer, Token};

/// X's API at one base URL with one token.
#[derive(Clone)]
pub(crate) struct Api {
    endpoint: Endpoint,
    peer: Peer,
    host: HeaderValue,
    token: Token,
    user_agent: HeaderValue,
    deadlines: Deadlines,
}

/// A request as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// With the query, if there is one.
    pub(crate) path: String,
    /// JSON; empty for none.
    pub(crate) body: Bytes,
}

impl Api {
    /// Checks what of `settings` concerns requests, and loads the certificate authorities; connects to nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let peer = Peer::new(settings)?;
        let host = HeaderValue::from_str(peer.authority());
        Ok(Self {
            endpoint: settings.endpoint,
            host: host.map_err(|_| SettingsError::BaseUrl(BaseUrlError::Malformed))?,
            peer,
            token: settings.token.clone(),
            user_agent: HeaderValue::from_str(&settings.user_agent).map_err(|_| SettingsError::UserAgent)?,
            deadlines: settings.deadlines,
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
        let bearer = self.bearer().await?;
        let request = self.request(call, &bearer)?;
        let mut link = within(
            self.deadlines.connect,
            Seen::NotSent,
            &format!("connecting to {}", self.peer.authority()),
            self.peer.connect(),
        )
        .await?;
        let sent = link.sender.send_request(request);
        let answer: Response<Incoming> = within(
            self.deadlines.head,
            Seen::Sent,
            "waiting for the head of the answer",
            sent,
        )
        .await?;
        Ok(Answer::new(answer, self.endpoint, bearer, link))
    }

    async fn bearer(&self) -> Result<Bearer, ConnectError> {
        let token = self.token.clone();
        // A file may lie on a disk that is slow to answer.
        let read = tokio::task::spawn_blocking(move || token.read());
        let outcome = within(self.deadlines.connect, Seen::NotSent, "reading the token", read).await?;
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
}
