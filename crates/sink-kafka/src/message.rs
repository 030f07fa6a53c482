//! Serialisation: a record's headers as Kafka has them.

use rdkafka::message::{Header, OwnedHeaders};
use stream_core::cloudevents::{self, Headers};
use stream_core::model::{HEADER, REPEAT, Record, TRACEPARENT};

/// Texts that live as long as a publisher, so that no record allocates them anew.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// The `birdfeed` header's value.
    place: String,
    /// Names `ce_…`.
    name: String,
}

/// The headers of `record`; `source` is CloudEvents' `source`.
///
/// CloudEvents in binary mode go into headers `ce_<attribute>`, and `datacontenttype` into `content-type`, as the
/// [Kafka binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md) has it.
pub(crate) fn headers(
    record: &Record,
    headers: Headers,
    source: &str,
    buffers: &mut Buffers,
) -> OwnedHeaders {
    let place = Header {
        key: HEADER,
        value: Some(record.header(&mut buffers.place)),
    };
    let capacity = match headers {
        Headers::Minimal => 1,
        Headers::CloudEvents => 8,
    };
    let more = usize::from(record.repeat) + usize::from(record.trace.is_some());
    let mut all = OwnedHeaders::new_with_capacity(capacity + more).insert(place);
    if record.repeat {
        all = all.insert(Header {
            key: REPEAT,
            value: Some("true"),
        });
    }
    if let Some(context) = record.trace {
        all = all.insert(Header {
            key: TRACEPARENT,
            value: Some(&context.to_string()),
        });
    }
    match headers {
        Headers::Minimal => all,
        Headers::CloudEvents => {
            let name = &mut buffers.name;
            cloudevents::attributes(record, source).fold(all, |headers, (attribute, value)| {
                name.clear();
                if attribute == "datacontenttype" {
                    name.push_str("content-type");
                } else {
                    name.push_str("ce_");
                    name.push_str(attribute);
                }
                headers.insert(Header {
                    key: name,
                    value: Some(value.as_ref()),
                })
            })
        }
    }
}
