//! Topology: what must stand at the broker before a lane can publish.

use lapin::options::{ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use stream_core::sink::SinkError;

use crate::connection::Connection;

/// How something is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Whether it is there.
    Passively,
    /// Made, unless it stands already.
    Declare,
    /// In a way that the broker refuses (406) if it is missing, once it has looked at our rights: an argument of the wrong
    /// type. Makes nothing.
    InVain,
}

/// The durable topic exchange.
pub(crate) async fn exchange(channel: &Channel, name: &str, ask: Ask) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions {
        passive: ask == Ask::Passively,
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    if ask == Ask::InVain {
        arguments.insert("alternate-exchange".into(), AMQPValue::LongInt(0));
    }
    channel
        .exchange_declare(name.into(), ExchangeKind::Topic, options, arguments)
        .await
}

/// A durable quorum queue.
pub(crate) async fn queue(channel: &Channel, name: &str, ask: Ask) -> lapin::Result<()> {
    let options = QueueDeclareOptions {
        passive: ask == Ask::Passively,
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    if ask == Ask::InVain {
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongInt(0));
    }
    let queue = channel.queue_declare(name.into(), options, arguments).await;
    queue.map(drop)
}

/// How much of a stream is in one of its files, at most; RabbitMQ deletes whole ones.
const LARGEST_SEGMENT: u64 = 500 * 1000 * 1000;

/// A stream queue of about `bytes`, of which the oldest go first.
async fn stream(channel: &Channel, name: &str, bytes: u64) -> lapin::Result<()> {
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let number = |bytes: u64| AMQPValue::LongLongInt(i64::try_from(bytes).unwrap_or(i64::MAX));
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("stream".into()));
    arguments.insert("x-max-length-bytes".into(), number(bytes));
    arguments.insert(
        "x-stream-max-segment-size-bytes".into(),
        number((bytes / 4).min(LARGEST_SEGMENT)),
    );
    let queue = channel.queue_declare(name.into(), options, arguments).await;
    queue.map(drop)
}

/// Asks for a queue of any kind.
pub(crate) async fn look(channel: &Channel, name: &str) -> lapin::Result<()> {
    let options = QueueDeclareOptions {
        passive: true,
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel.queue_declare(name.into(), options, FieldTable::default());
    queue.await.map(drop)
}

/// A stream beside the lane's queue, bound as that is, which keeps the last `bytes` for `birdfeed verify`.
pub(crate) async fn declare_stream(
    connection: &Connection,
    channel: &Channel,
    exchange: &str,
    route: &str,
    (name, bytes): (&str, u64),
) -> Result<(), SinkError> {
    let made = stream(channel, name, bytes);
    connection
        .step(&format!("declaring the stream queue {name:?}"), made)
        .await?;
    bind(connection, channel, name, exchange, route).await
}

async fn bind(
    connection: &Connection,
    channel: &Channel,
    queue: &str,
    exchange: &str,
    route: &str,
) -> Result<(), SinkError> {
    let bound = channel.queue_bind(
        queue.into(),
        exchange.into(),
        route.into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    connection
        .step(&format!("binding the queue {queue:?} to {exchange:?}"), bound)
        .await
}

/// The exchange, and a queue bound to it, both queue and binding called `route`; made unless they stand already.
pub(crate) async fn declare(
    connection: &Connection,
    channel: &Channel,
    name: &str,
    route: &str,
) -> Result<(), SinkError> {
    let made = exchange(channel, name, Ask::Declare);
    connection
        .step(&format!("declaring the exchange {name:?}"), made)
        .await?;
    let made = queue(channel, route, Ask::Declare);
    connection
        .step(&format!("declaring the queue {route:?}"), made)
        .await?;
    bind(connection, channel, route, name, route).await
}

/// Asks for the exchange without making it.
pub(crate) async fn probe(connection: &Connection, channel: &Channel, name: &str) -> Result<(), SinkError> {
    let there = exchange(channel, name, Ask::Passively);
    connection
        .step(&format!("looking for the exchange {name:?}"), there)
        .await
}

/// Asks for the queue without making it.
pub(crate) async fn probe_queue(
    connection: &Connection,
    channel: &Channel,
    name: &str,
) -> Result<(), SinkError> {
    let there = queue(channel, name, Ask::Passively);
    connection
        .step(&format!("looking for the queue {name:?}"), there)
        .await
}

/// Turns publisher confirms on.
pub(crate) async fn confirm(connection: &Connection, channel: &Channel) -> Result<(), SinkError> {
    connection
        .step(
            "turning on confirms",
            channel.confirm_select(ConfirmSelectOptions::default()),
        )
        .await
}
