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
    let bound = channel.queue_bind(
        route.into(),
        name.into(),
        route.into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    connection
        .step(&format!("binding the queue {route:?} to {name:?}"), bound)
        .await
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
