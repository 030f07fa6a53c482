//! Blocking calls of librdkafka, off the runtime's threads.

use stream_core::sink::SinkError;

/// Runs what blocks on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SinkError> + Send + 'static,
) -> Result<T, SinkError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(SinkError::Unavailable(format!(
            "a blocking task for Kafka failed: {error}"
        ))),
    }
}
