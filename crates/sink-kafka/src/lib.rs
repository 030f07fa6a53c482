//! Kafka behind Sink.
