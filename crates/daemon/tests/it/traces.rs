//! Traces: what a collector gets from a daemon that publishes to a real Kafka and a real RabbitMQ and loses its stream, and
//! that a collector which is away costs nothing but spans.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use simulator::{Fault, Settings, Simulator};
use stream_core::model::Lane;
use test_brokers::unique;

use crate::support::{Daemon, PATIENCE, amqp, file_sink, kafka, stream};

const POSTS: u64 = 300;

/// A collector that takes everything: OTLP over HTTP, in protobuf.
struct Collector {
    address: String,
    spans: Receiver<(String, Span)>,
}

impl Collector {
    fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn listen(listener: TcpListener) -> Self {
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sender, spans) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &sender));
            }
        });
        Self { address, spans }
    }

    /// What has come, by what the service calls itself, the daemon having ended.
    fn spans(&self) -> Vec<(String, Span)> {
        self.spans.try_iter().collect()
    }
}

fn serve(stream: TcpStream, spans: &Sender<(String, Span)>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        assert_eq!(line, "POST /v1/traces HTTP/1.1\r\n");
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        for resource in ExportTraceServiceRequest::decode(&body[..])
            .unwrap()
            .resource_spans
        {
            let service = text(&resource.resource.unwrap().attributes, "service.name");
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                spans.send((service.clone(), span)).unwrap();
            }
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        reader.get_mut().write_all(answer).unwrap();
    }
}

fn value(attributes: &[KeyValue], key: &str) -> Value {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    let Some(AnyValue { value: Some(value) }) = found.and_then(|found| found.value.clone()) else {
        panic!("no {key} in {attributes:?}");
    };
    value
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    match value(attributes, key) {
        Value::StringValue(text) => text,
        other => panic!("{key}: {other:?}"),
    }
}

fn number(attributes: &[KeyValue], key: &str) -> u64 {
    match value(attributes, key) {
        Value::IntValue(number) => u64::try_from(number).unwrap(),
        other => panic!("{key}: {other:?}"),
    }
}

/// The header that a record published under `span` carries.
fn traceparent(span: &Span) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id))
}

async fn simulator(posts: u64) -> Simulator {
    let settings = Settings {
        posts: Some(posts),
        rate: 100.0,
        rules_required: true,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    simulator.add_rule("bird", Some("birds"));
    simulator
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_carries_the_span_that_the_collector_gets() {
    let (bootstrap, url) = (&test_brokers::kafka().bootstrap, &test_brokers::amqp().url);
    let (dir, prefix, collector) = (
        tempfile::tempdir().unwrap(),
        format!("{}.", unique("traces")),
        Collector::start(),
    );
    let simulator = simulator(POSTS).await;
    let config = format!(
        "{}[lanes]\nprefix = \"{prefix}\"\n[traces]\notlp = \"{}\"\n\
         [[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"{bootstrap}\"\ncreate_topics = true\n\
         [[sink]]\ntype = \"amqp\"\nurl = \"{url}\"\nexchange = \"{prefix}x\"\n",
        stream(&simulator),
        collector.address,
    );
    let mut daemon = Daemon::start_with(dir.path(), &config, &[("OTEL_SERVICE_NAME", "flock")]);
    daemon.wait_for("posts", PATIENCE, |daemon| {
        (daemon.status()["stream"]["received"].as_u64()? > POSTS / 4).then_some(())
    });
    simulator.inject(Fault::CleanEnd).unwrap();
    daemon.wait_delivered(POSTS, PATIENCE);
    assert!(daemon.terminate().success());

    let spans = collector.spans();
    assert!(spans.iter().all(|(service, _)| service == "flock"));
    let (sends, reconnects): (Vec<_>, Vec<_>) = spans
        .into_iter()
        .map(|(_, span)| span)
        .partition(|span| span.name.starts_with("send "));
    let reasons: Vec<_> = reconnects
        .iter()
        .map(|span| text(&span.attributes, "birdfeed.reason"))
        .collect();
    assert_eq!(reasons, ["start", "clean_end"]);

    let mut published = BTreeMap::<String, u64>::new();
    for span in sends.iter().filter(|span| span.name == "send tweets") {
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        *published
            .entry(text(&span.attributes, "birdfeed.sink"))
            .or_default() += number(&span.attributes, "messaging.batch.message_count");
    }
    assert_eq!(
        published,
        [("amqp".to_owned(), POSTS), ("kafka".to_owned(), POSTS)].into()
    );
    let of = |sink: &str| {
        let of_sink = sends
            .iter()
            .filter(|span| span.name == "send tweets" && text(&span.attributes, "birdfeed.sink") == sink);
        of_sink.map(traceparent).collect::<BTreeSet<_>>()
    };
    // A second each, not one for each of the records.
    assert!(of("kafka").len() < 60, "{}", of("kafka").len());

    let topic = format!("{prefix}{}", Lane::Tweets);
    let mut carried = BTreeSet::new();
    kafka::read_with(bootstrap, &topic, |_, message| {
        carried.insert(kafka::header(message, "traceparent").unwrap());
    });
    assert_eq!(carried, of("kafka"));
    let (_connection, channel) = amqp::connect(url).await;
    let mut carried = BTreeSet::new();
    while let Some(message) = amqp::get(&channel, &topic).await {
        carried.insert(amqp::header(&message, "traceparent").unwrap());
    }
    assert_eq!(carried, of("amqp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_spans_and_no_message() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator(POSTS).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let config = format!(
        "{}[traces]\notlp = \"http://{address}\"\n{}",
        stream(&simulator),
        file_sink(dir.path()),
    );
    let mut daemon = Daemon::start(dir.path(), &config);
    let lost = "birdfeed_trace_spans_total{outcome=\"lost\"}";
    daemon.wait_for("lost spans", PATIENCE, |daemon| {
        (daemon.metric(lost) > 0.0).then_some(())
    });
    let collector = Collector::listen(TcpListener::bind(address).unwrap());
    let sent = "birdfeed_trace_spans_total{outcome=\"sent\"}";
    daemon.wait_for("spans", PATIENCE, |daemon| {
        (daemon.metric(sent) > 0.0).then_some(())
    });
    daemon.wait_delivered(POSTS, PATIENCE);
    let log = daemon.log();
    assert_eq!(log.matches("the collector takes no traces").count(), 1, "{log}");
    assert_eq!(
        log.matches("the collector takes traces again").count(),
        1,
        "{log}"
    );
    let began = std::time::Instant::now();
    assert!(daemon.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(!collector.spans().is_empty());
}
