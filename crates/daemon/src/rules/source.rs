//! Decorator of the stream's source: no connect before the rules are true.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use source_x::XSource;
use stream_core::model::Timestamp;
use stream_core::source::{ConnectError, Connection, ServerDisconnect, Source, Split};

use super::keeper::RulesKeeper;

/// A source whose rules somebody keeps.
pub(crate) struct RuledSource {
    pub(crate) source: Arc<XSource>,
    pub(crate) keeper: Arc<RulesKeeper>,
}

type Connecting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Connection>, ConnectError>> + Send + 'a>>;

impl Source for RuledSource {
    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            self.keeper.before_connect().await?;
            self.source.connect().await
        })
    }

    fn resume(&self, blind: Duration) -> Connecting<'_> {
        Box::pin(async move {
            self.keeper.before_connect().await?;
            self.source.resume(blind).await
        })
    }

    fn reach(&self) -> Duration {
        self.source.reach()
    }

    fn recover(&self, from: Timestamp, to: Timestamp) -> Connecting<'_> {
        self.source.recover(from, to)
    }

    fn split(&self, message: &Bytes) -> Split {
        self.source.split(message)
    }

    fn farewell(&self, unfinished: &[u8]) -> Option<ServerDisconnect> {
        self.source.farewell(unfinished)
    }

    fn messages(&self, line: &Bytes) -> Option<Vec<Bytes>> {
        self.source.messages(line)
    }
}
