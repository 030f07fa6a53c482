//! The sink: opens publishers, each when its topic is there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use stream_core::model::{Lane, PerLane};
use stream_core::sink::{Publisher, ReadBack, ReadBackError, SettingsError, Sink, SinkError};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use crate::blocking::blocking;
use crate::check::{Needs, check, not_creatable, other_partitions};
use crate::client_config::warnings;
use crate::error;
use crate::producer::PolledProducer;
use crate::publisher::{KafkaPublisher, Target};
use crate::read_back::TopicsReadBack;
use crate::settings::Settings;
use crate::shared_producer::SharedProducer;
use crate::topics::{self, Presence};

/// How long `open` and `check` may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Kafka as a [`Sink`]: one producer for all lanes and one topic for each.
pub struct KafkaSink {
    settings: Arc<Settings>,
    warnings: Vec<String>,
    topics: Arc<PerLane<String>>,
    /// The topics of the lanes in use.
    in_use: Vec<String>,
    producer: SharedProducer,
    /// Of which topics it was told that they have other partitions than the settings want.
    told: PerLane<AtomicBool>,
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
        let warnings = warnings(&settings)?;
        let settings = Arc::new(settings);
        let mut topics = PerLane::default();
        for lane in Lane::ALL {
            topics[lane] = settings.topic(lane);
        }
        let topics = Arc::new(topics);
        let in_use: Vec<_> = settings.lanes.iter().map(|&lane| topics[lane].clone()).collect();
        Ok(Self {
            producer: SharedProducer::new(Arc::clone(&settings), Arc::clone(&topics), in_use.clone()),
            settings,
            warnings,
            topics,
            in_use,
            told: PerLane::default(),
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
        if self.is_there(producer, lane, deadline).await? {
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
        if self.is_there(producer, lane, deadline).await? {
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
        let (producer, shape) = (Arc::clone(producer), self.settings.shape());
        blocking(move || {
            let failures = producer.admin.create(&wanted, shape, false, deadline)?;
            // The other lanes find out when they open.
            match failures.iter().find(|(name, _)| *name == topic) {
                Some((_, code)) => Err(not_creatable(&topic, *code)),
                None => topics::appears(&producer, &topic, deadline),
            }
        })
        .await
    }

    /// Whether the lane's topic exists; what is odd about it is told once.
    async fn is_there(
        &self,
        producer: &Arc<PolledProducer>,
        lane: Lane,
        deadline: Instant,
    ) -> Result<bool, SinkError> {
        let producer = Arc::clone(producer);
        let topic = self.topics[lane].clone();
        let presence = blocking(move || topics::look(&producer, &topic, deadline)).await?;
        let Presence::Present { partitions } = presence else {
            return Ok(false);
        };
        let topic = &self.topics[lane];
        if let Some(warning) = other_partitions(topic, partitions, self.settings.partitions)
            && !self.told[lane].swap(true, Ordering::Relaxed)
        {
            tracing::warn!("{warning}");
        }
        Ok(true)
    }

    async fn check_all(&self) -> Result<Vec<String>, SinkError> {
        let deadline = Instant::now() + PATIENCE;
        let producer = self.producer.get().await?;
        let needs = Needs {
            topics: self.in_use.clone(),
            create: self.settings.create_topics.then(|| self.settings.shape()),
            partitions: self.settings.partitions,
        };
        blocking(move || check(&producer, &needs, deadline)).await
    }
}

impl Sink for KafkaSink {
    fn kind(&self) -> &'static str {
        "kafka"
    }

    fn address(&self) -> String {
        self.settings.bootstrap_servers.clone()
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn open(&self, lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>> {
        async move { Ok(Box::new(self.open_lane(lane).await?) as Box<dyn Publisher>) }.boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, SinkError>> {
        self.check_all().boxed()
    }

    fn read_back(&self) -> BoxFuture<'_, Result<Box<dyn ReadBack>, ReadBackError>> {
        let settings = Arc::clone(&self.settings);
        async {
            let opened = blocking(move || TopicsReadBack::open(&settings)).await?;
            Ok(Box::new(opened) as Box<dyn ReadBack>)
        }
        .boxed()
    }
}
