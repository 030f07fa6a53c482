//! Builder of a stream: every parameter, checked before anything connects.

mod asked;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use source_x::base_url::BaseUrl;
use source_x::oauth::Keys;
use source_x::{
    Compression, Credentials, Deadlines, Endpoint, Family, Filter, Http, ProxyUrl, Settings, Token, XSource,
};
use stream_core::intake::Finder;
use stream_core::supervisor::Standalone;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::inbox::Inbox;
use crate::stream::Stream;

/// The buffer that a program has that says nothing of it: some 4,000 posts with all their fields.
const BUFFER: usize = 16 * 1024 * 1024;

/// What a stream is to be. By default the filtered stream of the real X with no fields asked for, and no end of retries.
#[must_use = "nothing happens until it is built"]
pub struct Builder {
    settings: Settings,
    proxy: Proxy,
    max_retries: Option<u32>,
    buffer: usize,
}

/// The way to X.
enum Proxy {
    /// What `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    Environment,
    Off,
    Url(String),
}

impl Stream {
    /// The filtered stream: posts that match the app's rules.
    pub fn filter(token: impl Into<Token>) -> Result<Self, Error> {
        Self::builder(token.into()).build()
    }

    /// About one in a hundred of all posts.
    pub fn sample(token: impl Into<Token>) -> Result<Self, Error> {
        Self::builder(token.into()).endpoint(Endpoint::Sample).build()
    }

    /// v1.1's `statuses/filter`, for servers that speak it: X has retired it.
    pub fn v1_filter(keys: Keys, filter: Filter) -> Result<Self, Error> {
        let builder = Self::builder(keys).endpoint(Endpoint::V1Filter);
        builder.v1(filter).build()
    }

    /// v1.1's `statuses/sample`, for servers that speak it.
    pub fn v1_sample(keys: Keys) -> Result<Self, Error> {
        Self::builder(keys).endpoint(Endpoint::V1Sample).build()
    }

    /// Every stream and every parameter. v2 wants a bearer token, v1.1 [`Keys`].
    pub fn builder(credentials: impl Into<Credentials>) -> Builder {
        Builder::new(credentials.into())
    }
}

/// The way to X, and what becomes of failures.
impl Builder {
    fn new(credentials: Credentials) -> Self {
        let mut settings = Settings::new(credentials);
        settings.base_url = std::env::var("BIRDFEED_BASE_URL").ok();
        Self {
            settings,
            proxy: Proxy::Environment,
            max_retries: None,
            buffer: BUFFER,
        }
    }

    /// Failures in a row before it ends with [`Exit::RetriesExhausted`](crate::Exit); without end unless said. A connection that
    /// has brought something starts the count anew; failures of the network count as those of HTTP do.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// The proxy that leads to X: `http://`, `https://`, `socks5://` or `socks5h://`, with `user:password@` if it wants them. Unless
    /// said, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in the environment decide.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Proxy::Url(url.into());
        self
    }

    /// Goes straight to X, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::Off;
        self
    }

    /// A file with certificate authorities (PEM) to trust besides the system's.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.ca_file = Some(path.into());
        self
    }

    /// How the program calls itself; X asks for something descriptive.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.settings.user_agent = name.into();
        self
    }

    /// Another server than X: scheme, host and port. `http` goes to this machine only.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.settings.base_url = Some(url.into());
        self
    }

    /// Lets [`base_url`](Self::base_url) name a host that is neither X's nor this machine: it will see the token.
    pub fn allow_custom_host(mut self) -> Self {
        self.settings.allow_custom_host = true;
        self
    }

    /// How long each step may take, and a stream be silent.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.settings.deadlines = deadlines;
        self
    }

    /// Whether gzip is asked for; it is unless said.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.settings.compression = compression;
        self
    }

    /// Which version of HTTP is asked for; 1.1 unless said.
    pub fn http(mut self, version: Http) -> Self {
        self.settings.http = version;
        self
    }

    /// Which version of IP is used; either unless said.
    pub fn ip(mut self, family: Family) -> Self {
        self.settings.family = family;
        self
    }

    /// Bytes of events to hold while the program does something else; 16 MiB unless said. Whatever the figure, one event fits.
    pub fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes.max(1);
        self
    }

    /// Checks everything that can be checked without a connection, and makes the stream, which connects when it is first asked
    /// for an event.
    pub fn build(self) -> Result<Stream, Error> {
        let (max_retries, buffer) = (self.max_retries, self.buffer);
        let source = Arc::new(XSource::new(&self.checked()?)?);
        let (finder, findings) = Finder::new();
        let inbox = Arc::new(Inbox::new(source.clone(), finder, buffer));
        let supervisor = Standalone {
            source,
            intake: inbox.clone(),
            findings,
            max_retries,
            observer: inbox.clone(),
            stop: CancellationToken::new(),
        };
        Ok(Stream::new(supervisor, inbox))
    }

    /// The settings, with their proxy and credentials that can be used.
    pub(crate) fn checked(mut self) -> Result<Settings, Error> {
        self.settings.credentials.check()?;
        self.settings.proxy = match &self.proxy {
            Proxy::Off => None,
            Proxy::Url(url) => Some(ProxyUrl::parse(url)?),
            Proxy::Environment => proxy_of_environment(&self.settings)?,
        };
        Ok(self.settings)
    }
}

fn proxy_of_environment(settings: &Settings) -> Result<Option<ProxyUrl>, Error> {
    let default = settings.endpoint.base_url();
    let url = settings.base_url.as_deref().unwrap_or(default);
    let Ok(url) = BaseUrl::parse(url, settings.allow_custom_host) else {
        // Whoever connects there will say what is wrong with it.
        return Ok(None);
    };
    // Those that are no Unicode name no proxy.
    let texts = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let variables: HashMap<String, String> = texts.collect();
    let proxy = ProxyUrl::from_environment(|name| variables.get(name).map(String::as_str), &url)?;
    Ok(proxy)
}
