//! The suite that every sink passes, on a RabbitMQ of its own. Alone in its program: it measures the process's memory.

#![allow(clippy::unwrap_used, clippy::too_many_lines, reason = "a test may panic")]

#[path = "it/common.rs"]
mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use lapin::message::Delivery;
use sink_amqp::{AmqpSink, Settings};
use stream_core::model::Lane;
use stream_core::sink::Sink;
use stream_core::testing::conformance::{self, Bench, Broker, ReadBack};
use tokio::sync::Mutex;

use crate::common::{Own, Reader, settings};

struct Rabbit {
    broker: Own,
    settings: Settings,
    sink: Arc<AmqpSink>,
    /// What was read so far: reading takes messages out of the queue.
    read: Mutex<Vec<(Lane, ReadBack)>>,
}

fn read_back(message: &Delivery) -> ReadBack {
    let headers = message.properties.headers().as_ref().unwrap();
    let header = headers.inner()["birdfeed"].as_long_string().unwrap().to_string();
    ReadBack {
        key: None,
        value: Bytes::from(message.data.clone()),
        header: Some(header),
    }
}

impl Bench for Rabbit {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink) as Arc<dyn Sink>
    }

    fn read_back(&self, lane: Lane, at_least: usize) -> BoxFuture<'_, Vec<ReadBack>> {
        Box::pin(async move {
            let queue = format!("{}{lane}", self.settings.prefix);
            let reader = Reader::new(self.broker.url()).await;
            let mut read = self.read.lock().await;
            let end = Instant::now() + Duration::from_secs(30);
            loop {
                if reader.try_waiting(&queue).await.is_some() {
                    read.extend(
                        reader
                            .all(&queue)
                            .await
                            .iter()
                            .map(|found| (lane, read_back(found))),
                    );
                }
                let found: Vec<_> = read
                    .iter()
                    .filter(|(of, _)| *of == lane)
                    .map(|(_, r)| r.clone())
                    .collect();
                if found.len() >= at_least || Instant::now() >= end {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    }

    fn refused(&self) -> Option<Bytes> {
        Some(vec![b'x'; self.settings.max_message_bytes + 1].into())
    }

    fn broker(&self) -> Option<&dyn Broker> {
        Some(&self.broker)
    }
}

impl Broker for Own {
    fn kill(&self) -> BoxFuture<'_, ()> {
        Box::pin(Own::kill(self))
    }

    fn up(&self) -> BoxFuture<'_, ()> {
        Box::pin(Own::up(self))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let broker = Own::start().await;
    let settings = Settings {
        max_message_bytes: 1_000_000,
        ..settings(broker.url())
    };
    let sink = Arc::new(common::sink(&settings));
    let bench = Rabbit {
        broker,
        settings,
        sink,
        read: Mutex::default(),
    };
    conformance::all(&bench).await;
}
