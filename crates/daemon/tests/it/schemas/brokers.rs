//! What stands at real brokers: the topics and queues of the AsyncAPI document and no others; each record's headers are those of
//! the document, and its value is by its lane's schema.

use lapin::message::BasicGetMessage;
use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::message::{BorrowedMessage, Headers as _};
use serde_json::{Map, Value};
use simulator::{At, Moment, Step};
use simulator::{Fault, FaultPlan, Garbage, Settings, Simulator};
use stream_core::model::Lane;
use test_brokers::unique;

use super::Schema;
use super::asyncapi::{Broker, headers};
use crate::support::{Daemon, PATIENCE, amqp, kafka, stream};

const POSTS: u64 = 60;

/// Runs a daemon into both brokers, with names that begin with `prefix`.
async fn published(prefix: &str) {
    let step = |after, fault| Step {
        at: At::EveryConnection,
        moment: Moment::AfterPosts(after),
        fault,
    };
    let faults = FaultPlan::new([
        step(10, Fault::Duplicate(5)),
        step(20, Fault::Garbage(Garbage::NotJson)),
    ]);
    let settings = Settings {
        posts: Some(POSTS),
        faults,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    simulator.add_rule("bird", Some("birds"));
    let (bootstrap, url) = (&test_brokers::kafka().bootstrap, &test_brokers::amqp().url);
    let config = format!(
        "{}dedupe = \"mark\"\n[traces]\notlp = \"http://127.0.0.1:9\"\n[lanes]\nprefix = {prefix:?}\n\
         [[sink]]\ntype = \"kafka\"\nbootstrap_servers = {bootstrap:?}\nheaders = \"cloudevents\"\n\
         [[sink]]\ntype = \"amqp\"\nurl = {url:?}\nexchange = \"{prefix}exchange\"\nheaders = \"cloudevents\"\n",
        stream(&simulator)
    );
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(POSTS, PATIENCE);
    assert!(daemon.terminate().success());
}

/// The judge of one lane's records at one broker.
struct Judge {
    lane: Lane,
    headers: Schema,
    value: Schema,
    /// Every header that was there.
    met: Vec<String>,
}

impl Judge {
    fn new(broker: Broker, lane: Lane) -> Self {
        Self {
            lane,
            headers: Schema::from(&headers(broker)),
            value: Schema::of(lane.name()),
            met: Vec::new(),
        }
    }

    fn judge(&mut self, headers: Map<String, Value>, value: &[u8]) {
        self.met.extend(headers.keys().cloned());
        self.headers.assert_takes(self.lane.name(), &headers.into());
        self.value
            .assert_takes(self.lane.name(), &serde_json::from_slice(value).unwrap());
    }

    /// Of the lane of posts every header of the document was there.
    fn end(mut self, broker: Broker) {
        self.met.sort();
        self.met.dedup();
        let document = headers(broker);
        let all = document["properties"].as_object().unwrap().keys();
        let mut all: Vec<_> = all.cloned().collect();
        all.sort();
        if self.lane == Lane::Tweets {
            assert_eq!(self.met, all);
        }
    }
}

fn of_kafka(message: &BorrowedMessage<'_>) -> Map<String, Value> {
    let text = |header: rdkafka::message::Header<'_, &[u8]>| {
        (
            header.key.to_owned(),
            str::from_utf8(header.value.unwrap()).unwrap().into(),
        )
    };
    message.headers().unwrap().iter().map(text).collect()
}

/// Quorum queues add a number of their own (`x-delivery-count`): what is ours are texts.
fn of_amqp(message: &BasicGetMessage) -> Map<String, Value> {
    let headers = message.properties.headers().as_ref().unwrap();
    let names = headers.inner().keys().map(ToString::to_string);
    let text = |name: String| Some((name.clone(), amqp::header(message, &name)?.into()));
    names.filter_map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_values_are_as_documented() {
    let prefix = format!("{}.", unique("documented"));
    published(&prefix).await;
    let (bootstrap, url) = (&test_brokers::kafka().bootstrap, &test_brokers::amqp().url);
    let on = || Lane::ALL.into_iter().filter(|lane| lane.is_default());
    let names: Vec<_> = on().map(|lane| format!("{prefix}{lane}")).collect();
    assert_eq!(topics(bootstrap, &prefix), sorted(names));
    let (_connection, channel) = amqp::connect(url).await;
    let mut lanes = Vec::new();
    for lane in on() {
        let name = format!("{prefix}{lane}");
        let mut judge = Judge::new(Broker::Kafka, lane);
        kafka::read_with(bootstrap, &name, |_, message| {
            judge.judge(of_kafka(message), message.payload().unwrap());
        });
        let some = !judge.met.is_empty();
        judge.end(Broker::Kafka);
        // A queue comes with the first record for it.
        if !some {
            continue;
        }
        lanes.push(lane.name());
        let mut judge = Judge::new(Broker::Amqp, lane);
        while let Some(message) = amqp::get(&channel, &name).await {
            let kind = message.properties.kind().as_ref().unwrap();
            assert_eq!(kind.as_str(), lane.event_type());
            judge.judge(of_amqp(&message), &message.data);
        }
        judge.end(Broker::Amqp);
    }
    assert_eq!(
        lanes,
        [
            "tweets",
            "includes",
            "errors",
            "matching_rules",
            "dead_letter",
            "events"
        ]
    );
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

fn topics(bootstrap: &str, prefix: &str) -> Vec<String> {
    let mut config = rdkafka::ClientConfig::new();
    let client: rdkafka::consumer::BaseConsumer =
        config.set("bootstrap.servers", bootstrap).create().unwrap();
    let all = client.fetch_metadata(None, PATIENCE).unwrap();
    let names = all.topics().iter().map(|topic| topic.name().to_owned());
    sorted(names.filter(|name| name.starts_with(prefix)).collect())
}
