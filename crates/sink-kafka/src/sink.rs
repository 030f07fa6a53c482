//! The sink: opens publishers, each when its topic is there.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rdkafka::ClientConfig;
use stream_core::model::{Lane, PerLane};
use stream_core::sink::{Publisher, SettingsError, Sink, SinkError};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use crate::blocking::blocking;
use crate::client_config::client_config;
use crate::error;
use crate::producer::PolledProducer;
use crate::publisher::{KafkaPublisher, Target};
use crate::settings::Settings;
use crate::shared_producer::SharedProducer;
use crate::topics::{self, Presence};

/// How long `open` and `check` may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Kafka as a [`Sink`]: one producer for all lanes and one topic for each.
pub struct KafkaSink {
    settings: Settings,
    config: ClientConfig,
    topics: Arc<PerLane<String>>,
    /// The topics of the lanes in use.
    in_use: Vec<String>,
    producer: SharedProducer,
    /// Held while topics are created, so that lanes that open side by side do it once.
    creating: Mutex<()>,
}

impl fmt::Debug for KafkaSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSink")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl KafkaSink {
    /// Checks `settings` as far as that goes without a network; the error names every mistake. Connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let config = client_config(&settings)?;
        let mut topics = PerLane::default();
        for lane in Lane::ALL {
            topics[lane] = settings.topic(lane);
        }
        let topics = Arc::new(topics);
        let in_use: Vec<_> = settings.lanes.iter().map(|&lane| topics[lane].clone()).collect();
        let servers = settings.bootstrap_servers.clone();
        Ok(Self {
            producer: SharedProducer::new(config.clone(), servers, Arc::clone(&topics), in_use.clone()),
            settings,
            config,
            topics,
            in_use,
            creating: Mutex::default(),
        })
    }

    async fn open_lane(&self, lane: Lane) -> Result<KafkaPublisher, SinkError> {
        let deadline = Instant::now() + PATIENCE;
        let producer = self.producer.get().await?;
        self.ensure_topic(&producer, lane, deadline).await?;
        let producer = self.producer.fit(producer).await?;
        let lease = producer.leases.acquire(lane, deadline.into()).await;
        let lease = lease.ok_or_else(|| {
            let unsettled = producer.reports(lane).unsettled();
            let topic = &self.topics[lane];
            SinkError::Unavailable(format!(
                "{unsettled} records for topic {topic} are still on their way from before"
            ))
        })?;
        let target = Target {
            lane,
            topic: self.topics[lane].clone(),
            headers: self.settings.headers,
            event_source: self.settings.event_source.clone(),
        };
        Ok(KafkaPublisher::new(producer, lease, target))
    }

    async fn ensure_topic(
        &self,
        producer: &Arc<PolledProducer>,
        lane: Lane,
        deadline: Instant,
    ) -> Result<(), SinkError> {
        if self.look(producer, lane, deadline).await? == Presence::Present {
            return Ok(());
        }
        if !self.settings.create_topics {
            return Err(error::missing(&self.topics[lane]));
        }
        let Ok(_guard) = timeout_at(deadline.into(), self.creating.lock()).await else {
            return Err(SinkError::Unavailable(
                "topics are still being created".to_owned(),
            ));
        };
        if self.look(producer, lane, deadline).await? == Presence::Present {
            return Ok(());
        }
        self.create(producer, lane, deadline).await
    }

    /// Creates the topics of all lanes in use, and waits until the one of `lane` is known.
    async fn create(
        &self,
        producer: &Arc<PolledProducer>,
        lane: Lane,
        deadline: Instant,
    ) -> Result<(), SinkError> {
        let mut wanted = self.in_use.clone();
        let topic = self.topics[lane].clone();
        if !wanted.contains(&topic) {
            wanted.push(topic.clone());
        }
        let config = self.config.clone();
        let partitions = self.settings.partitions.unwrap_or(-1);
        let replication = self.settings.replication.unwrap_or(-1);
        let producer = Arc::clone(producer);
        blocking(move || {
            let failures = topics::create(&config, &wanted, partitions, replication, deadline)?;
            // The other lanes find out when they open.
            match failures.iter().find(|(name, _)| *name == topic) {
                Some((_, code)) => Err(SinkError::Operator(format!(
                    "topic {topic} does not exist and cannot be created: {}",
                    error::text(*code)
                ))),
                None => topics::appears(&producer, &topic, deadline),
            }
        })
        .await
    }

    async fn look(
        &self,
        producer: &Arc<PolledProducer>,
        lane: Lane,
        deadline: Instant,
    ) -> Result<Presence, SinkError> {
        let producer = Arc::clone(producer);
        let topic = self.topics[lane].clone();
        blocking(move || topics::look(&producer, &topic, deadline)).await
    }

    async fn check_all(&self) -> Result<(), SinkError> {
        let deadline = Instant::now() + PATIENCE;
        let producer = self.producer.get().await?;
        let mut missing = Vec::new();
        for &lane in &self.settings.lanes {
            if self.look(&producer, lane, deadline).await? == Presence::Missing {
                missing.push(self.topics[lane].as_str());
            }
        }
        if missing.is_empty() || self.settings.create_topics {
            return Ok(());
        }
        Err(error::missing(&missing.join(", ")))
    }
}

impl Sink for KafkaSink {
    fn kind(&self) -> &'static str {
        "kafka"
    }

    fn address(&self) -> String {
        self.settings.bootstrap_servers.clone()
    }

    fn open(&self, lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>> {
        async move { Ok(Box::new(self.open_lane(lane).await?) as Box<dyn Publisher>) }.boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), SinkError>> {
        self.check_all().boxed()
    }
}
