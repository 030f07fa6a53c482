//! Serialisation: a record as an AMQP message.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use stream_core::cloudevents::{self, Headers};
use stream_core::model::{HEADER, REPEAT, Record, TRACEPARENT};

/// What `delivery_mode` is for a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// The properties of `record`. `header` is a buffer that the caller keeps; `source` is `CloudEvents`' `source`.
///
/// `CloudEvents` in binary mode go into headers `cloudEvents:<attribute>`, and `datacontenttype` into `content_type`, as the
/// [AMQP binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md) has it.
pub(crate) fn properties(
    record: &Record,
    headers: Headers,
    source: &str,
    header: &mut String,
) -> BasicProperties {
    let mut table = FieldTable::default();
    table.insert(HEADER.into(), text(record.header(header)));
    if record.repeat {
        table.insert(REPEAT.into(), text("true"));
    }
    if let Some(context) = record.trace {
        table.insert(TRACEPARENT.into(), text(&context.to_string()));
    }
    if headers == Headers::CloudEvents {
        for (name, value) in cloudevents::attributes(record, source) {
            if name != "datacontenttype" {
                table.insert(format!("cloudEvents:{name}").into(), text(&value));
            }
        }
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(record.id().into())
        .with_timestamp(record.received_at.secs())
        .with_type(record.lane.event_type().into())
        .with_headers(table)
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
