//! The data path between an X stream and message brokers.

pub mod cloudevents;
pub mod lane;
pub mod record;
pub mod sink;
pub mod source;
pub mod time;
