//! `[[sink]] type = "amqp"`: RabbitMQ.

use std::sync::Arc;

use sink_amqp::{AmqpSink, Settings, Url};
use stream_core::sink::Sink;

use super::sink::{SinkContext, checked, headers};
use crate::config::{Section, units};

pub(super) fn build(section: &mut Section, context: &mut SinkContext) -> Option<Arc<dyn Sink>> {
    let url = url(section);
    let exchange = section.text_or("exchange", "x");
    let declare = section.flag("declare", true);
    let verify_bytes = section.parsed("verify_bytes", "0", stream_bytes);
    let ca_file = section.path("ca_file");
    let cert_file = section.path("cert_file");
    let key_file = section.path("key_file");
    let headers = headers(section);
    let defaults = Settings::new(url?);
    let settings = Settings {
        exchange,
        declare,
        verify_bytes,
        ca_file,
        cert_file,
        key_file,
        headers,
        prefix: context.prefix.clone(),
        event_source: context.event_source.clone(),
        lanes: context.lanes.clone(),
        ..defaults
    };
    checked(section, AmqpSink::new(settings), |setting| match setting {
        "url" => "for example amqp://user:password@host:5672/%2f",
        "url_file" => {
            "the daemon's user must be able to read it, and it holds a URL: amqp://user:password@host:5672/%2f"
        }
        "ca_file" => "write amqps:// in the url, or leave ca_file out",
        "cert_file" | "key_file" => "cert_file and key_file go together, and with amqps:// in the url",
        _ => "for example exchange = \"x\" and prefix = \"x.\"",
    })
}

/// A stream's files are a quarter of it, and must be worth it.
const LEAST_STREAM: u64 = 1024 * 1024;

/// How much a stream keeps; none for nothing.
fn stream_bytes(text: &str) -> Result<Option<u64>, String> {
    match units::bytes(text)? {
        0 => Ok(None),
        bytes @ LEAST_STREAM.. => Ok(Some(bytes)),
        _ => Err("a stream keeps 1MiB at least; 0 for none".to_owned()),
    }
}

/// The URL, from one of two keys.
fn url(section: &mut Section) -> Option<Url> {
    if !section.has("url_file") {
        let hint = "for example url = \"amqp://guest:guest@localhost:5672/%2f\", or name a url_file";
        section.require("url", hint);
    }
    match (section.text("url"), section.path("url_file")) {
        (Some(_), Some(_)) => {
            section.note("url_file", "stands beside a url", "leave one of them out");
            None
        }
        (Some(url), None) => Some(url.into()),
        // The rest can be judged without it: certificates go with this one, and need not be there.
        (None, Some(path)) if section.is_elsewhere(&path) => Some("amqps://localhost".into()),
        (None, Some(path)) => Some(Url::File(path)),
        (None, None) => None,
    }
}
