//! Kafka and RabbitMQ for tests: given, in Docker, or started natively.
