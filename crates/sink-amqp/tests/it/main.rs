//! The AMQP sink from outside, on a real RabbitMQ.

#![allow(clippy::unwrap_used, clippy::too_many_lines, reason = "a test may panic")]

mod check;
mod common;
mod faults;
mod publish;
mod read_back;
mod rotation;
mod tls;
