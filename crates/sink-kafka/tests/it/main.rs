//! The Kafka sink from outside, on real brokers and on librdkafka's mock.

mod common;
mod delivery;
mod faults;
mod read_back;
mod trouble;
