//! Questions and wishes that are not a producer's: settings of topics, new topics. Everything here blocks up to its deadline: for
//! blocking threads only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;

use crate::error;
use crate::health::Health;

/// Makes a client of its own for each request: there are few. What that meets with is known to the producer's health.
pub(crate) struct Admin {
    config: ClientConfig,
    health: Arc<Health>,
}

/// What topics are to be like; -1 leaves it to the broker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) partitions: i32,
    pub(crate) replication: i32,
}

/// Callbacks of a client that does not produce: what it meets with is known to the health.
pub(crate) struct Context(pub(crate) Arc<Health>);

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0
            .complaint(error.rdkafka_error_code().unwrap_or(Code::Unknown), reason);
    }
}

impl Admin {
    pub(crate) fn new(mut config: ClientConfig, health: Arc<Health>) -> Self {
        config.set("statistics.interval.ms", "0");
        Self { config, health }
    }

    fn client(&self) -> Result<AdminClient<Context>, SinkError> {
        self.config
            .create_with_context(Context(Arc::clone(&self.health)))
            .map_err(|error| SinkError::Operator(format!("librdkafka cannot start: {error}")))
    }

    /// Creates `topics`, or only asks whether that would be allowed; those that exist are left alone. Gives each topic's error,
    /// if any.
    pub(crate) fn create(
        &self,
        topics: &[String],
        shape: Shape,
        only_ask: bool,
        deadline: Instant,
    ) -> Result<Vec<(String, Code)>, SinkError> {
        let client = self.client()?;
        let wanted: Vec<_> = topics
            .iter()
            .map(|topic| {
                NewTopic::new(
                    topic,
                    shape.partitions,
                    TopicReplication::Fixed(shape.replication),
                )
            })
            .collect();
        let options = AdminOptions::new()
            .request_timeout(Some(left(deadline)))
            .operation_timeout(Some(left(deadline)))
            .validate_only(only_ask);
        let results = tokio::runtime::Handle::current()
            .block_on(client.create_topics(&wanted, &options))
            .map_err(|error| {
                let code = error.rdkafka_error_code();
                self.health
                    .explain(&code.map_or_else(|| error.to_string(), error::text))
            })?;
        Ok(results
            .into_iter()
            .filter_map(Result::err)
            .filter(|(_, code)| *code != Code::TopicAlreadyExists)
            .collect())
    }

    /// What the number `setting` is for each of `topics`, as far as the broker knows them and tells us.
    pub(crate) fn settings(
        &self,
        topics: &[String],
        setting: &str,
        deadline: Instant,
    ) -> BTreeMap<String, usize> {
        let Ok(client) = self.client() else {
            return BTreeMap::new();
        };
        let resources: Vec<_> = topics
            .iter()
            .map(|topic| ResourceSpecifier::Topic(topic))
            .collect();
        let options = AdminOptions::new().request_timeout(Some(left(deadline)));
        let described =
            tokio::runtime::Handle::current().block_on(client.describe_configs(&resources, &options));
        let described = described
            .inspect_err(
                |error| tracing::debug!(%error, setting, "Kafka does not tell the settings of its topics"),
            )
            .unwrap_or_default();
        let values = described.iter().flatten().filter_map(|topic| {
            let OwnedResourceSpecifier::Topic(name) = &topic.specifier else {
                return None;
            };
            let value = topic.get(setting)?.value.as_deref()?;
            Some((name.clone(), value.parse().ok()?))
        });
        values.collect()
    }
}

fn left(deadline: Instant) -> Duration {
    // Zero would mean "the default".
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}
