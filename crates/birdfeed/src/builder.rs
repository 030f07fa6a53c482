//! Builder of a stream: every parameter, checked before anything connects.

use std::path::PathBuf;
use std::sync::Arc;

use source_x::{Deadlines, Endpoint, Settings, Token, XSource};
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
    max_retries: Option<u32>,
    buffer: usize,
}

impl Stream {
    /// The filtered stream: posts that match the app's rules.
    pub fn filter(token: impl Into<Token>) -> Result<Self, Error> {
        Self::builder(token).build()
    }

    /// About one in a hundred of all posts.
    pub fn sample(token: impl Into<Token>) -> Result<Self, Error> {
        Self::builder(token).endpoint(Endpoint::Sample).build()
    }

    /// Every stream and every parameter.
    pub fn builder(token: impl Into<Token>) -> Builder {
        Builder::new(token.into())
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.settings.query.$name = names.into_iter().map(Into::into).collect();
            self
        }
    )*};
}

impl Builder {
    fn new(token: Token) -> Self {
        let mut settings = Settings::new(token);
        settings.base_url = std::env::var("BIRDFEED_BASE_URL").ok();
        Self {
            settings,
            max_retries: None,
            buffer: BUFFER,
        }
    }

    /// Which stream it is; [`Endpoint::Search`], the filtered one, unless said.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings.endpoint = endpoint;
        self
    }

    names! {
        /// What a post may carry (`tweet.fields`).
        tweet_fields;
        /// What is included besides the post.
        expansions;
        /// What included media may carry (`media.fields`).
        media_fields;
        /// What an included poll may carry (`poll.fields`).
        poll_fields;
        /// What an included user may carry (`user.fields`).
        user_fields;
        /// What an included place may carry (`place.fields`).
        place_fields;
        /// What a like may carry, on streams of likes (`like_with_tweet_author.fields`).
        like_fields;
    }

    /// Minutes to repeat at each connect, for accounts that have it.
    pub fn backfill_minutes(mut self, minutes: u8) -> Self {
        self.settings.query.backfill_minutes = Some(minutes);
        self
    }

    /// The start of a stretch of the past, for accounts that have it; of the form `YYYY-MM-DDTHH:mm:ssZ`.
    pub fn start_time(mut self, time: impl Into<String>) -> Self {
        self.settings.query.start_time = Some(time.into());
        self
    }

    /// The end of that stretch.
    pub fn end_time(mut self, time: impl Into<String>) -> Self {
        self.settings.query.end_time = Some(time.into());
        self
    }

    /// Which part of a stream that X delivers in several, from 1.
    pub fn partition(mut self, partition: u8) -> Self {
        self.settings.query.partition = Some(partition);
        self
    }

    /// Failures in a row before it ends with [`Exit::RetriesExhausted`](crate::Exit); without end unless said. A connection that
    /// has brought something starts the count anew; failures of the network count as those of HTTP do.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
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

    /// Bytes of events to hold while the program does something else; 16 MiB unless said. Whatever the figure, one event fits.
    pub fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes.max(1);
        self
    }

    /// Checks everything that can be checked without a connection, and makes the stream, which connects when it is first asked
    /// for an event.
    pub fn build(self) -> Result<Stream, Error> {
        self.settings.token.check()?;
        let source = Arc::new(XSource::new(&self.settings)?);
        let (finder, findings) = Finder::new();
        let inbox = Arc::new(Inbox::new(source.clone(), finder, self.buffer));
        let supervisor = Standalone {
            source,
            intake: inbox.clone(),
            findings,
            max_retries: self.max_retries,
            observer: inbox.clone(),
            stop: CancellationToken::new(),
        };
        Ok(Stream::new(supervisor, inbox))
    }
}
