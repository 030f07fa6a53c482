//! The suite that every sink passes. Alone in its program: it measures the process's memory.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "it/common.rs"]
mod common;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sink_file::{FileSink, Settings};
use stream_core::model::Lane;
use stream_core::sink::Sink;
use stream_core::testing::conformance::{self, Bench, Broker, ReadBack};

struct Files {
    dir: PathBuf,
    sink: Arc<dyn Sink>,
}

impl Bench for Files {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink)
    }

    /// What is delivered is there at once.
    fn read_back(&self, lane: Lane, _at_least: usize) -> BoxFuture<'_, Vec<ReadBack>> {
        let lines = common::lines(&self.dir, lane).into_iter().map(|line| ReadBack {
            key: None,
            value: line.into(),
            header: None,
        });
        std::future::ready(lines.collect()).boxed()
    }

    fn refused(&self) -> Option<Bytes> {
        None
    }

    fn broker(&self) -> Option<&dyn Broker> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(dir.path().join("lanes"));
    // Many files.
    settings.rotate_bytes = 100_000;
    let bench = Files {
        dir: settings.dir.clone(),
        sink: Arc::new(FileSink::new(settings).unwrap()),
    };
    conformance::all(&bench).await;
    assert!(common::files(&bench.dir, Lane::Tweets).len() > 100);
}
