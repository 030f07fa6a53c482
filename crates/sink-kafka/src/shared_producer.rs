//! Shared client: one producer for all lanes, made when the first of them wants it, replaced when it has broken or is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use stream_core::model::PerLane;
use stream_core::sink::SinkError;
use tokio::sync::{Mutex, OnceCell};

use crate::blocking::blocking;
use crate::client_config::client_config;
use crate::context::Context;
use crate::health::Health;
use crate::producer::PolledProducer;
use crate::settings::Settings;

/// How long a broker has to say how much its topics take; some never do.
const ASKING: Duration = Duration::from_secs(2);
/// How long a client that is refused is kept: all lanes open at the same time, and each of them would make another.
const KEPT: Duration = Duration::from_secs(5);

/// Single flight: lanes that want a producer at the same time get the same one.
pub(crate) struct SharedProducer {
    settings: Arc<Settings>,
    topics: Arc<PerLane<String>>,
    /// The topics of the lanes in use.
    in_use: Vec<String>,
    current: Mutex<Option<Arc<PolledProducer>>>,
    /// `batch.size`, once it fits the topics.
    batch_size: OnceCell<usize>,
}

impl SharedProducer {
    /// Connects to nothing yet. `in_use` are those of `topics` whose limits count.
    pub(crate) fn new(settings: Arc<Settings>, topics: Arc<PerLane<String>>, in_use: Vec<String>) -> Self {
        Self {
            settings,
            topics,
            in_use,
            current: Mutex::default(),
            batch_size: OnceCell::new(),
        }
    }

    /// The producer in use; a new one if there is none, or that one is of no use any more. A new one has what the files of
    /// properties, certificates and keys say now.
    pub(crate) async fn get(&self) -> Result<Arc<PolledProducer>, SinkError> {
        let mut current = self.current.lock().await;
        if let Some(producer) = current.as_ref() {
            let is_stale = producer.context().health.is_refused() && producer.started.elapsed() >= KEPT;
            match producer.death() {
                None if !is_stale => return Ok(Arc::clone(producer)),
                None => tracing::debug!("a new Kafka producer, for the one in use is refused"),
                Some(error) => tracing::debug!(%error, "a new Kafka producer"),
            }
        }
        let (settings, topics) = (Arc::clone(&self.settings), Arc::clone(&self.topics));
        let fitted = self.batch_size.get().copied();
        let made = blocking(move || {
            let mut config =
                client_config(&settings).map_err(|error| SinkError::Operator(error.to_string()))?;
            let batch_size = fitted.unwrap_or_else(|| batch_size(&config));
            config.set("batch.size", batch_size.to_string());
            let health = Arc::new(Health::new(settings.bootstrap_servers.clone()));
            PolledProducer::start(&config, Context::new(health, topics, batch_size))
        });
        let producer = Arc::new(made.await?);
        *current = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// Gives a producer whose batches all topics take. They are asked once, before anything is published.
    pub(crate) async fn fit(&self, producer: Arc<PolledProducer>) -> Result<Arc<PolledProducer>, SinkError> {
        let fits = self.batch_size.get_or_try_init(|| {
            let (producer, topics) = (Arc::clone(&producer), self.in_use.clone());
            blocking(move || {
                let limits = producer
                    .admin
                    .settings(&topics, "max.message.bytes", Instant::now() + ASKING);
                // A batch has a head of its own.
                let fits = limits
                    .into_values()
                    .min()
                    .map_or(usize::MAX, |limit| limit / 10 * 9);
                Ok(fits.min(producer.context().batch_size))
            })
        });
        if *fits.await? == producer.context().batch_size {
            return Ok(producer);
        }
        self.current
            .lock()
            .await
            .take_if(|current| Arc::ptr_eq(current, &producer));
        self.get().await
    }
}

/// librdkafka takes numbers only, as the settings' check has shown.
fn batch_size(config: &ClientConfig) -> usize {
    let size = config.get("batch.size").and_then(|size| size.parse().ok());
    size.unwrap_or(usize::MAX)
}
