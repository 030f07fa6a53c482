//! Reads queues back.

use std::time::Duration;

use lapin::message::BasicGetMessage;
use lapin::options::BasicGetOptions;
use lapin::{Channel, Connection, ConnectionProperties};

use super::oracle::Consumed;

/// A channel to the broker at `url`. The connection lives as long as the first of the two.
pub async fn connect(url: &str) -> (Connection, Channel) {
    let connecting = Connection::connect(url, ConnectionProperties::default());
    let connection = tokio::time::timeout(Duration::from_secs(20), connecting)
        .await
        .unwrap()
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// Takes everything out of `queue`.
pub async fn read(channel: &Channel, queue: &str) -> Vec<Consumed> {
    let mut all = Vec::new();
    while let Some(message) = get(channel, queue).await {
        all.push(consumed(&message));
    }
    all
}

/// Takes one message out of `queue`.
pub async fn get(channel: &Channel, queue: &str) -> Option<BasicGetMessage> {
    channel
        .basic_get(queue.into(), BasicGetOptions { no_ack: true })
        .await
        .unwrap()
}

/// The value of a header.
pub fn header(message: &BasicGetMessage, name: &str) -> Option<String> {
    let headers = message.properties.headers().as_ref()?;
    let value = headers.inner().get(name)?.as_long_string()?;
    Some(value.to_string())
}

fn consumed(message: &BasicGetMessage) -> Consumed {
    let value = message.data.clone();
    // AMQP records have no key: the id stands in the value, and `matched by message id` is the sink's affair.
    let key = id_of(&value);
    Consumed {
        key,
        value,
        header: header(message, "birdfeed").unwrap(),
    }
}

/// The post's id, found without a JSON parser that could agree with ours by accident.
fn id_of(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    if let Some(rest) = text.strip_prefix("{\"tweet_id\":\"") {
        return rest.split('"').next().unwrap().to_owned();
    }
    let value: serde_json::Value = serde_json::from_slice(value).unwrap();
    value["id"].as_str().unwrap().to_owned()
}
