//! Topology: what must stand at the broker before a lane can publish.

use lapin::options::{ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use stream_core::sink::SinkError;

use crate::connection::Connection;

/// The durable topic exchange and a durable quorum queue bound to it, both called `route`; made unless they stand already.
pub(crate) async fn declare(
    connection: &Connection,
    channel: &Channel,
    exchange: &str,
    route: &str,
) -> Result<(), SinkError> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let made = channel.exchange_declare(
        exchange.into(),
        ExchangeKind::Topic,
        options,
        FieldTable::default(),
    );
    connection
        .step(&format!("declaring the exchange {exchange:?}"), made)
        .await?;

    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let mut kind = FieldTable::default();
    kind.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let made = channel.queue_declare(route.into(), options, kind);
    connection
        .step(&format!("declaring the queue {route:?}"), made)
        .await?;

    let bound = channel.queue_bind(
        route.into(),
        exchange.into(),
        route.into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    connection
        .step(&format!("binding the queue {route:?} to {exchange:?}"), bound)
        .await
}

/// Asks for the exchange without making it.
pub(crate) async fn probe(
    connection: &Connection,
    channel: &Channel,
    exchange: &str,
) -> Result<(), SinkError> {
    let options = ExchangeDeclareOptions {
        passive: true,
        ..ExchangeDeclareOptions::default()
    };
    let there = channel.exchange_declare(
        exchange.into(),
        ExchangeKind::Topic,
        options,
        FieldTable::default(),
    );
    connection
        .step(&format!("looking for the exchange {exchange:?}"), there)
        .await
}

/// Asks for the queue without making it.
pub(crate) async fn probe_queue(
    connection: &Connection,
    channel: &Channel,
    queue: &str,
) -> Result<(), SinkError> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let there = channel.queue_declare(queue.into(), options, FieldTable::default());
    connection
        .step(&format!("looking for the queue {queue:?}"), there)
        .await
        .map(drop)
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
