//! `docs/asyncapi.json`: the topics and queues as an AsyncAPI document, made from what the code calls them.
//! `scripts/asyncapi` has it judged by AsyncAPI's own schema.

use serde_json::{Map, Value, json};
use sink_amqp::Settings as Amqp;
use sink_kafka::Settings as Kafka;
use stream_core::cloudevents::attributes;
use stream_core::model::{HEADER, Lane, Place, REPEAT, Record, TRACEPARENT, Timestamp};

use super::{at, document};

const FILE: &str = "docs/asyncapi.json";

/// A broker, as far as records differ by it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Broker {
    Kafka,
    Amqp,
}

impl Broker {
    const ALL: [Self; 2] = [Self::Kafka, Self::Amqp];

    const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Amqp => "amqp",
        }
    }

    /// The header that an attribute of CloudEvents goes into, if it goes into one.
    fn header(self, attribute: &str) -> Option<String> {
        match self {
            Self::Kafka if attribute == "datacontenttype" => Some("content-type".to_owned()),
            Self::Kafka => Some(format!("ce_{attribute}")),
            Self::Amqp if attribute == "datacontenttype" => None,
            Self::Amqp => Some(format!("cloudEvents:{attribute}")),
        }
    }

    /// Topic or queue of `lane` with every setting at its default.
    fn address(self, lane: Lane) -> String {
        match self {
            Self::Kafka => Kafka::new("").topic(lane),
            Self::Amqp => format!("{}{lane}", amqp().prefix),
        }
    }

    fn channel(self, lane: Lane) -> Value {
        let address = self.address(lane);
        let bindings = match self {
            Self::Kafka => json!({ "kafka": { "topic": address, "bindingVersion": "0.5.0" } }),
            Self::Amqp => json!({ "amqp": {
                "is": "queue",
                "queue": { "name": address, "durable": true, "exclusive": false, "autoDelete": false, "vhost": "/" },
                "bindingVersion": "0.3.0",
            } }),
        };
        let message = reference(&format!("components/messages/{}", self.key(lane)));
        json!({
            "address": address,
            "description": document(lane.name())["description"],
            "servers": [reference(&format!("servers/{}", self.name()))],
            "messages": { "record": message },
            "bindings": bindings,
        })
    }

    fn message(self, lane: Lane) -> Value {
        let bindings = match self {
            Self::Kafka => {
                let key =
                    "What records of one thing have in common, a post's id above all; none in lanes without.";
                json!({ "kafka": { "key": { "type": "string", "description": key }, "bindingVersion": "0.5.0" } })
            }
            Self::Amqp => json!({ "amqp": { "messageType": lane.event_type(), "bindingVersion": "0.3.0" } }),
        };
        json!({
            "name": lane.event_type(),
            "contentType": "application/json",
            "headers": reference(&format!("components/schemas/{}.headers", self.name())),
            "payload": {
                "schemaFormat": "application/schema+json;version=draft-07",
                "schema": { "$ref": format!("schemas/{lane}.schema.json") },
            },
            "bindings": bindings,
        })
    }

    fn key(self, lane: Lane) -> String {
        format!("{}.{lane}", self.name())
    }
}

fn amqp() -> Amqp {
    Amqp::new("amqp://localhost".into())
}

fn reference(to: &str) -> Value {
    json!({ "$ref": format!("#/{to}") })
}

/// The headers of a record, as a schema.
pub(super) fn headers(broker: Broker) -> Value {
    let record = Record {
        lane: Lane::Tweets,
        place: Place::default(),
        previous: None,
        lanes: Lane::ALL.into_iter().collect(),
        received_at: Timestamp::default(),
        key: Some("7".into()),
        repeat: false,
        trace: None,
        value: "{}".into(),
    };
    let mut properties = Map::new();
    properties.insert(
        HEADER.to_owned(),
        document("envelope")["properties"][HEADER].clone(),
    );
    let repeat = "There if the thing came before under the same id (`dedupe = \"mark\"`).";
    properties.insert(
        REPEAT.to_owned(),
        json!({ "const": "true", "description": repeat }),
    );
    let trace = "The span under which the record was published, if `[traces]` is on (W3C).";
    let context = "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$";
    properties.insert(
        TRACEPARENT.to_owned(),
        json!({ "type": "string", "pattern": context, "description": trace }),
    );
    for (attribute, _) in attributes(&record, "") {
        let about = format!("CloudEvents' `{attribute}`, with `headers = \"cloudevents\"`.");
        let schema = json!({ "type": "string", "description": about });
        properties.extend(broker.header(attribute).map(|name| (name, schema)));
    }
    json!({ "type": "object", "required": [HEADER], "additionalProperties": false, "properties": properties })
}

/// An entry for each lane at each broker.
fn each(make: impl Fn(Broker, Lane) -> Value) -> Value {
    let all = Broker::ALL
        .into_iter()
        .flat_map(|broker| Lane::ALL.map(|lane| (broker, lane)));
    all.map(|(broker, lane)| (broker.key(lane), make(broker, lane)))
        .collect::<Map<_, _>>()
        .into()
}

fn made() -> Value {
    let schemas = Broker::ALL.map(|broker| (format!("{}.headers", broker.name()), headers(broker)));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "birdfeed",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What birdfeed publishes with every setting at its default. The lanes `responses`, `likes` and \
                            `activity` are there if they are on. See consuming.md.",
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": { "host": "localhost:9092", "protocol": "kafka" },
            "amqp": {
                "host": "localhost:5672",
                "protocol": "amqp",
                "description": format!(
                    "The durable topic exchange `{}` leads to a quorum queue for each lane, by a routing key of the \
                     same name. A queue is declared when the first record for it is there.",
                    amqp().exchange
                ),
            },
        },
        "channels": each(Broker::channel),
        "operations": each(|broker, lane| json!({
            "action": "send",
            "channel": reference(&format!("channels/{}", broker.key(lane))),
        })),
        "components": { "messages": each(Broker::message), "schemas": schemas.into_iter().collect::<Map<_, _>>() },
    })
}

#[test]
fn the_document_is_what_the_code_says() {
    let text = format!("{:#}\n", made());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(at(FILE), &text).unwrap();
    }
    let written = std::fs::read_to_string(at(FILE)).unwrap();
    assert_eq!(
        written, text,
        "UPDATE=1 cargo test -p daemon --test it schemas writes it"
    );
}
