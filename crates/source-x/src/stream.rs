//! Streaming response: connects once when asked, and hands out bytes as they arrive.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use parking_lot::Mutex;
use stream_core::model::Timestamp;
use stream_core::source::{
    ConnectError, ConnectErrorClass, Connection, Framing, ReadError, Request, ServerDisconnect, Source, Split,
};
use tokio::task::consume_budget;
use tokio::time::{Instant, timeout_at};

use crate::account::AccountClient;
use crate::api::{Answer, Api, Arrived, Call, Refusal, with_causes};
use crate::catch_up::CatchUp;
use crate::endpoint::{Endpoint, Messages};
use crate::ghosts::Exorcist;
use crate::query::Query;
use crate::response::{self, Coding};
use crate::rules::RulesClient;
use crate::settings::{Settings, SettingsError};

/// Connector for one stream of X, which its host asks anew for each connection.
pub struct XSource {
    api: Api,
    /// What is asked for, the past aside.
    query: Query,
    /// The same of v1.1.
    filter: Mutex<Predicates>,
    catch_up: CatchUp,
    messages: Messages,
    /// The last answer that was no stream.
    refusal: Mutex<Option<Refusal>>,
    exorcist: Exorcist,
}

/// What a [filter](crate::Filter) comes to in a request, and in its answer.
#[derive(Clone)]
struct Predicates {
    encoded: String,
    framing: Framing,
}

impl XSource {
    /// Checks the settings and loads the certificate authorities; connects to nothing. The token is first read by
    /// [`connect`](Source::connect).
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let Settings {
            endpoint,
            query,
            filter,
            ..
        } = settings;
        let mistakes = query.check(*endpoint);
        if !mistakes.is_empty() {
            return Err(SettingsError::Query(mistakes));
        }
        Ok(Self {
            api: Api::new(settings)?,
            query: query.clone(),
            filter: Mutex::new(Predicates {
                encoded: filter.encoded(*endpoint).map_err(SettingsError::Filter)?,
                framing: filter.framing,
            }),
            catch_up: settings.catch_up,
            messages: endpoint.messages(),
            refusal: Mutex::default(),
            exorcist: Exorcist::new(settings.ghosts),
        })
    }

    /// Takes the filter of `other`, for the connections to come.
    pub fn adopt_filter(&self, other: &XSource) {
        let predicates = other.filter.lock().clone();
        *self.filter.lock() = predicates;
    }

    /// The request of a stream with this query.
    fn call(&self, query: &Query, filter: String) -> Call {
        let endpoint = self.endpoint();
        let (method, path) = (endpoint.method().clone(), query.path(endpoint));
        let (path, body) = if method == Method::POST {
            (path, filter.into())
        } else if filter.is_empty() {
            (path, Bytes::new())
        } else {
            (format!("{path}?{filter}"), Bytes::new())
        };
        Call { method, path, body }
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

    /// A client for the account, with the same token and the same trust.
    pub fn account(&self) -> AccountClient {
        AccountClient::on(self.api.clone())
    }

    /// By how many seconds this machine's clock is ahead of the server's (negative: behind), at least, as the `Date` of its last
    /// answer to this source or its clients shows; `None` before one has come.
    pub fn clock_skew(&self) -> Option<f64> {
        self.api.clock_skew()
    }

    /// The answer that the last attempt met, if it met one that is no stream, and nobody has asked before.
    pub fn take_refusal(&self) -> Option<Refusal> {
        self.refusal.lock().take()
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Opens the stream itself. What keeps its slot may be closed; nothing may be closed for a recovery beside it.
    async fn open_live(&self, query: &Query) -> Result<XConnection, ConnectError> {
        match self.open(query).await {
            Ok(connection) => Ok(connection),
            Err(error) => Err(self.exorcist.after(error, &self.api).await),
        }
    }

    async fn open(&self, query: &Query) -> Result<XConnection, ConnectError> {
        *self.refusal.lock() = None;
        let Predicates { encoded, framing } = self.filter.lock().clone();
        let answer = self.api.send(self.call(query, encoded)).await?;
        if answer.head.status != StatusCode::OK {
            let (error, refusal) = answer.into_refusal().await;
            *self.refusal.lock() = Some(refusal);
            return Err(error);
        }
        if Coding::of(&answer.head.headers) == Coding::Other {
            *self.refusal.lock() = Some(Refusal {
                headers: answer.head.headers,
                body: Bytes::new(),
            });
            return Err(ConnectError {
                class: ConnectErrorClass::Http,
                status: Some(200),
                retry_after: None,
                request: Request::Sent,
                detail: "HTTP 200: the stream is coded in a way that was not asked for (a proxy?)".to_owned(),
            });
        }
        if response::is_page(&answer.head.headers) {
            let (error, refusal) = answer.into_page(Vec::new()).await;
            *self.refusal.lock() = Some(refusal);
            return Err(error);
        }
        Ok(XConnection {
            answer: Some(answer),
            begun: false,
            silence: self
                .api
                .deadlines()
                .silence
                .unwrap_or(self.endpoint().version().silence()),
            framing,
            replays: query.replays(),
            heard: Instant::now(),
            fruitful: Instant::now(),
        })
    }

    /// The query after a time without a connection, if it makes sense to ask for more than the present.
    fn backfilled(&self, blind: Duration) -> Option<Query> {
        // Whoever asks for minutes on every connection gets those.
        let may = self.catch_up.backfill && self.query.backfill_minutes.is_none();
        self.query.with_backfill(self.endpoint(), blind).filter(|_| may)
    }
}

/// A 400 to a request for the past may be because of that.
fn without_past(error: ConnectError) -> ConnectError {
    if error.status != Some(400) {
        return error;
    }
    ConnectError {
        class: ConnectErrorClass::NoBackfill,
        detail: format!("{} (with backfill_minutes; asked again without)", error.detail),
        ..error
    }
}

impl Source for XSource {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>> {
        async {
            let connection = self.open_live(&self.query).await?;
            Ok(Box::new(connection) as Box<dyn Connection>)
        }
        .boxed()
    }

    fn resume(&self, blind: Duration) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>> {
        let Some(query) = self.backfilled(blind) else {
            return self.connect();
        };
        async move {
            let connection = self.open_live(&query).await.map_err(without_past)?;
            Ok(Box::new(connection) as Box<dyn Connection>)
        }
        .boxed()
    }

    fn reach(&self) -> Duration {
        self.catch_up.reach(self.endpoint())
    }

    fn recover(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>> {
        let query = self.query.for_recovery(from, to);
        async move { Ok(Box::new(self.open(&query).await?) as Box<dyn Connection>) }.boxed()
    }

    fn split(&self, message: &Bytes) -> Split {
        crate::split::split(self.messages, message)
    }

    fn farewell(&self, unfinished: &[u8]) -> Option<ServerDisconnect> {
        response::farewell(unfinished)
    }

    fn messages(&self, line: &Bytes) -> Option<Vec<Bytes>> {
        crate::split::several(self.messages, line)
    }
}

struct XConnection {
    /// `None` once it has turned out to be a page.
    answer: Option<Answer>,
    /// Whether a byte has come: the first one tells a page that does not say that it is one.
    begun: bool,
    silence: Duration,
    framing: Framing,
    replays: Duration,
    /// When the last bytes came over the wire; outlives a dropped call, so that calls cut short again and again do not hide silence.
    heard: Instant,
    /// When something last came out of them.
    fruitful: Instant,
}

impl Connection for XConnection {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>> {
        self.next().boxed()
    }

    fn replays(&self) -> Duration {
        self.replays
    }

    fn framing(&self) -> Framing {
        self.framing
    }
}

impl XConnection {
    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            // Between portions others get their turn, however much a few bytes grow to.
            consume_budget().await;
            let Some(answer) = &mut self.answer else {
                return Ok(None);
            };
            match answer.body.portion().map_err(broken)? {
                Some(data) if data.is_empty() => {}
                Some(data) => return self.deliver(data).await,
                None if !self.hear().await? => return Ok(None),
                None => {}
            }
        }
    }

    /// Waits for bytes, whatever comes of them; `false` at the server's clean end.
    async fn hear(&mut self) -> Result<bool, ReadError> {
        let Some(answer) = &mut self.answer else {
            return Ok(false);
        };
        // hyper has no deadline of its own for a body.
        let arrived = timeout_at(self.heard + self.silence, answer.body.fill())
            .await
            .map_err(|_| ReadError::Silence(self.silence))?;
        match arrived.map_err(broken)? {
            Arrived::End => {
                answer.body.finish().map_err(broken)?;
                return Ok(false);
            }
            Arrived::Nothing => {}
            Arrived::Bytes => self.heard = Instant::now(),
        }
        // Compressed bytes may be nothing but flushes, for ever.
        let barren = 2 * self.silence;
        if self.fruitful.elapsed() > barren {
            let detail = format!("compressed bytes come, and nothing has come out of them for {barren:?}");
            return Err(ReadError::Broken(detail));
        }
        Ok(true)
    }

    /// Hands out what came, unless its beginning shows that it is a page.
    async fn deliver(&mut self, data: Bytes) -> Result<Option<Bytes>, ReadError> {
        self.fruitful = Instant::now();
        let is_page = !self.begun && data.trim_ascii_start().starts_with(b"<");
        self.begun |= !data.trim_ascii_start().is_empty();
        match is_page.then(|| self.answer.take()).flatten() {
            Some(answer) => {
                let (error, _) = answer.into_page(data.to_vec()).await;
                Err(ReadError::Refused(Box::new(error)))
            }
            None => Ok(Some(data)),
        }
    }
}

fn broken(error: impl std::error::Error + 'static) -> ReadError {
    ReadError::Broken(response::one_line(&with_causes(&error), 200))
}
