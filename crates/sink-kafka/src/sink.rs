//! The sink: opens publishers on a producer that it makes when needed and replaces when broken.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rdkafka::ClientConfig;
use stream_core::model::{Lane, PerLane};
use stream_core::sink::{Publisher, Sink, SinkError};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout_at;

use crate::error;
use crate::producer::{Context, SharedProducer};
use crate::publisher::{KafkaPublisher, Target};
use crate::settings::{Settings, SettingsError};
use crate::topics::{self, Presence};

/// How long `open` and `check` may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a broker has to say how much its topics take; some never do.
const ASKING: Duration = Duration::from_secs(2);

/// Kafka behind [`Sink`].
pub struct KafkaSink {
    settings: Settings,
    config: ClientConfig,
    topics: Arc<PerLane<String>>,
    producer: Mutex<Option<Arc<SharedProducer>>>,
    /// `batch.size`, once it fits the topics.
    batch_size: OnceCell<usize>,
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
        let config = settings.client_config()?;
        let mut topics = PerLane::default();
        for lane in Lane::ALL {
            topics[lane] = settings.topic(lane);
        }
        Ok(Self {
            settings,
            config,
            topics: Arc::new(topics),
            producer: Mutex::default(),
            batch_size: OnceCell::new(),
            creating: Mutex::default(),
        })
    }

    async fn open_lane(&self, lane: Lane) -> Result<KafkaPublisher, SinkError> {
        let deadline = Instant::now() + PATIENCE;
        let producer = self.producer().await?;
        self.ensure_topic(&producer, lane, deadline).await?;
        let producer = self.fit(producer).await?;
        let ticket = producer
            .reports(lane)
            .attach(deadline.into())
            .await
            .map_err(|unsettled| {
                SinkError::Unavailable(format!(
                    "{unsettled} records for topic {} are still on their way from before",
                    self.topics[lane]
                ))
            })?;
        let target = Target {
            lane,
            topic: self.topics[lane].clone(),
            headers: self.settings.headers,
            event_source: self.settings.event_source.clone(),
        };
        Ok(KafkaPublisher::new(producer, ticket, target))
    }

    /// The producer in use; a new one if there is none or it has broken.
    async fn producer(&self) -> Result<Arc<SharedProducer>, SinkError> {
        let mut current = self.producer.lock().await;
        if let Some(producer) = current.as_ref() {
            match producer.death() {
                None => return Ok(Arc::clone(producer)),
                Some(error) => tracing::warn!(%error, "replacing the Kafka producer"),
            }
        }
        let mut config = self.config.clone();
        let batch_size = self
            .batch_size
            .get()
            .copied()
            .unwrap_or_else(|| batch_size(&config));
        config.set("batch.size", batch_size.to_string());
        let context = Context::new(
            self.settings.bootstrap_servers.clone(),
            Arc::clone(&self.topics),
            batch_size,
        );
        let producer = Arc::new(blocking(move || SharedProducer::start(&config, context)).await?);
        *current = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// Gives a producer whose batches all topics take. They are asked once, before anything is published.
    async fn fit(&self, producer: Arc<SharedProducer>) -> Result<Arc<SharedProducer>, SinkError> {
        let fits = self.batch_size.get_or_try_init(|| {
            let (config, topics) = (self.config.clone(), self.topics_in_use());
            blocking(move || {
                let limit = topics::limit(&config, &topics, Instant::now() + ASKING);
                // A batch has a head of its own.
                let fits = limit.map_or(usize::MAX, |limit| limit / 10 * 9);
                Ok(fits.min(batch_size(&config)))
            })
        });
        if *fits.await? == producer.context().batch_size {
            return Ok(producer);
        }
        self.producer
            .lock()
            .await
            .take_if(|current| Arc::ptr_eq(current, &producer));
        self.producer().await
    }

    fn topics_in_use(&self) -> Vec<String> {
        let lanes = self.settings.lanes.iter();
        lanes.map(|&lane| self.topics[lane].clone()).collect()
    }

    async fn ensure_topic(
        &self,
        producer: &Arc<SharedProducer>,
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
        producer: &Arc<SharedProducer>,
        lane: Lane,
        deadline: Instant,
    ) -> Result<(), SinkError> {
        let mut wanted = self.topics_in_use();
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
        producer: &Arc<SharedProducer>,
        lane: Lane,
        deadline: Instant,
    ) -> Result<Presence, SinkError> {
        let producer = Arc::clone(producer);
        let topic = self.topics[lane].clone();
        blocking(move || topics::look(&producer, &topic, deadline)).await
    }

    async fn check_all(&self) -> Result<(), SinkError> {
        let deadline = Instant::now() + PATIENCE;
        let producer = self.producer().await?;
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

    fn open(&self, lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>> {
        async move { Ok(Box::new(self.open_lane(lane).await?) as Box<dyn Publisher>) }.boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), SinkError>> {
        self.check_all().boxed()
    }
}

/// librdkafka takes numbers only, as the settings' check has shown.
fn batch_size(config: &ClientConfig) -> usize {
    let size = config.get("batch.size").and_then(|size| size.parse().ok());
    size.unwrap_or(usize::MAX)
}

/// Runs what blocks on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SinkError> + Send + 'static,
) -> Result<T, SinkError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(SinkError::Unavailable(format!(
            "a blocking task for Kafka failed: {error}"
        ))),
    }
}
