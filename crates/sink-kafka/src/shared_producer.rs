//! Shared client: one producer for all lanes, made when the first of them wants it, replaced when it has broken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use stream_core::model::PerLane;
use stream_core::sink::SinkError;
use tokio::sync::{Mutex, OnceCell};

use crate::blocking::blocking;
use crate::context::Context;
use crate::producer::PolledProducer;
use crate::topics;

/// How long a broker has to say how much its topics take; some never do.
const ASKING: Duration = Duration::from_secs(2);

/// Single flight: lanes that want a producer at the same time get the same one.
pub(crate) struct SharedProducer {
    config: ClientConfig,
    servers: String,
    topics: Arc<PerLane<String>>,
    /// The topics of the lanes in use.
    in_use: Vec<String>,
    current: Mutex<Option<Arc<PolledProducer>>>,
    /// `batch.size`, once it fits the topics.
    batch_size: OnceCell<usize>,
}

impl SharedProducer {
    /// Connects to nothing yet. `servers` is for messages; `in_use` are those of `topics` whose limits count.
    pub(crate) fn new(
        config: ClientConfig,
        servers: String,
        topics: Arc<PerLane<String>>,
        in_use: Vec<String>,
    ) -> Self {
        Self {
            config,
            servers,
            topics,
            in_use,
            current: Mutex::default(),
            batch_size: OnceCell::new(),
        }
    }

    /// The producer in use; a new one if there is none or it has broken.
    pub(crate) async fn get(&self) -> Result<Arc<PolledProducer>, SinkError> {
        let mut current = self.current.lock().await;
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
        let context = Context::new(self.servers.clone(), Arc::clone(&self.topics), batch_size);
        let producer = Arc::new(blocking(move || PolledProducer::start(&config, context)).await?);
        *current = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// Gives a producer whose batches all topics take. They are asked once, before anything is published.
    pub(crate) async fn fit(&self, producer: Arc<PolledProducer>) -> Result<Arc<PolledProducer>, SinkError> {
        let fits = self.batch_size.get_or_try_init(|| {
            let (config, topics) = (self.config.clone(), self.in_use.clone());
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
