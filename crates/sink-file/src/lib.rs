//! NDJSON files behind Sink.
