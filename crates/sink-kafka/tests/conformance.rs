//! The suite that every sink passes, on a real Kafka of its own. Alone in its program: it measures the process's memory.

#[path = "it/common.rs"]
mod common;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sink_kafka::Settings;
use stream_core::model::{HEADER, Lane};
use stream_core::sink::Sink;
use stream_core::testing::conformance::{self, Bench, ReadBack};

use crate::common::{create_topic, noise, read_topic, settings, sink};

struct Kafka {
    broker: Switch,
    settings: Settings,
    sink: Arc<dyn Sink>,
}

struct Switch(Arc<test_brokers::Broker>);

impl Switch {
    fn turn(&self, turn: fn(&test_brokers::Broker)) -> BoxFuture<'_, ()> {
        let broker = Arc::clone(&self.0);
        async move {
            tokio::task::spawn_blocking(move || turn(&broker))
                .await
                .expect("the broker obeys");
        }
        .boxed()
    }
}

impl conformance::Broker for Switch {
    fn kill(&self) -> BoxFuture<'_, ()> {
        self.turn(test_brokers::Broker::kill)
    }

    fn up(&self) -> BoxFuture<'_, ()> {
        self.turn(test_brokers::Broker::up)
    }
}

impl Bench for Kafka {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink)
    }

    fn read_back(&self, lane: Lane, at_least: usize) -> BoxFuture<'_, Vec<ReadBack>> {
        async move {
            let topic = self.settings.topic(lane);
            let read = read_topic(&self.settings.bootstrap_servers, &topic, at_least).await;
            read.into_iter().map(read_back).collect()
        }
        .boxed()
    }

    /// Not much more than the topic takes: others must not be refused with it.
    fn refused(&self) -> Option<Bytes> {
        Some(noise(150_000))
    }

    fn broker(&self) -> Option<&dyn conformance::Broker> {
        Some(&self.broker)
    }
}

fn read_back(read: common::Read) -> ReadBack {
    let header = read.headers.into_iter().find(|(name, _)| name == HEADER);
    ReadBack {
        key: read.key,
        value: read.value.unwrap_or_default(),
        header: header.map(|(_, value)| value),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let broker = tokio::task::spawn_blocking(test_brokers::own_kafka)
        .await
        .expect("a broker");
    let mut settings = settings(broker.address());
    settings.lanes = vec![Lane::Tweets, Lane::Includes, Lane::DeadLetter];
    // The dead letter of what is too large for its lane is too large for its own.
    for lane in [Lane::Tweets, Lane::DeadLetter] {
        create_topic(
            &settings.bootstrap_servers,
            &settings.topic(lane),
            &[("max.message.bytes", "100000")],
        )
        .await;
    }
    let bench = Kafka {
        sink: Arc::new(sink(&settings)),
        broker: Switch(Arc::new(broker)),
        settings,
    };
    conformance::all(&bench).await;
}
