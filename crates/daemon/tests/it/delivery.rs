//! The main job on real brokers: the simulator's ledger against what a consumer reads back, through broker restarts and
//! `kill -9` of the daemon.
//!
//! `BIRDFEED_TEST_MESSAGES` sets how many posts each test sends.

use std::time::Duration;

use simulator::{Chunking, Settings, Simulator};
use stream_core::model::{Lane, Timestamp};
use test_brokers::unique;

use crate::support::oracle::{Consumed, assert_ordered, assert_whole};
use crate::support::{Daemon, amqp, kafka, stream};

const LANES: [Lane; 4] = [Lane::Tweets, Lane::Includes, Lane::Errors, Lane::MatchingRules];

fn messages() -> u64 {
    std::env::var("BIRDFEED_TEST_MESSAGES").map_or(20_000, |text| text.parse().unwrap())
}

/// RabbitMQ takes a few thousand a second on a machine with two cores.
fn patience() -> Duration {
    Duration::from_secs(120 + messages() / 250)
}

/// A simulator that sends `posts` posts, as fast as takes a few seconds.
async fn simulator(posts: u64) -> Simulator {
    let settings = Settings {
        posts: Some(posts),
        rate: (posts as f64 / 8.0).max(500.0),
        chunking: Chunking::Random,
        rules_required: true,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    simulator.add_rule("bird", Some("birds"));
    simulator.add_rule("\"good morning\"", None);
    simulator
}

struct Names {
    prefix: String,
    exchange: String,
}

impl Names {
    fn new() -> Self {
        Self {
            prefix: format!("{}.", unique("e2e")),
            exchange: unique("e2e"),
        }
    }

    fn of(&self, lane: Lane) -> String {
        format!("{}{lane}", self.prefix)
    }

    fn lanes(&self) -> String {
        format!("[lanes]\nprefix = \"{}\"\n", self.prefix)
    }

    fn kafka(&self, bootstrap: &str, more: &str) -> String {
        format!("[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"{bootstrap}\"\npartitions = 3\n{more}\n")
    }

    fn amqp(&self, url: &str, more: &str) -> String {
        format!(
            "[[sink]]\ntype = \"amqp\"\nurl = \"{url}\"\nexchange = \"{}\"\n{more}\n",
            self.exchange
        )
    }
}

/// Compares every lane of Kafka with the ledger; gives the repeats.
fn assert_kafka(simulator: &Simulator, bootstrap: &str, names: &Names) -> usize {
    let posts = simulator.ledger().posts();
    let mut repeats = 0;
    for lane in LANES {
        let partitions = kafka::read(bootstrap, &names.of(lane));
        let all: Vec<Consumed> = partitions.concat();
        let found = assert_whole(&posts, lane, &all);
        assert!(found.read > 0, "{lane}: nothing was read");
        assert_ordered(&posts, lane, partitions.iter().map(Vec::as_slice));
        repeats += found.repeats;
    }
    repeats
}

/// Compares every lane of RabbitMQ with the ledger; gives the repeats.
async fn assert_amqp(simulator: &Simulator, url: &str, names: &Names) -> usize {
    let posts = simulator.ledger().posts();
    let (_connection, channel) = amqp::connect(url).await;
    let mut repeats = 0;
    for lane in LANES {
        let all = amqp::read(&channel, &names.of(lane)).await;
        let found = assert_whole(&posts, lane, &all);
        assert!(found.read > 0, "{lane}: nothing was read");
        assert_ordered(&posts, lane, [all.as_slice()]);
        repeats += found.repeats;
    }
    repeats
}

#[tokio::test(flavor = "multi_thread")]
async fn both_brokers_get_everything_once_and_in_order() {
    let (dir, names) = (tempfile::tempdir().unwrap(), Names::new());
    let (bootstrap, url) = (&test_brokers::kafka().bootstrap, &test_brokers::amqp().url);
    let simulator = simulator(messages()).await;
    let config = [
        stream(&simulator),
        names.lanes(),
        names.kafka(bootstrap, ""),
        names.amqp(url, ""),
    ]
    .concat();
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(messages(), patience());
    for lane in daemon.status()["lanes"].as_array().unwrap() {
        assert_eq!(lane["received"], lane["delivered"], "{lane}");
    }
    assert!(daemon.terminate().success());
    assert_eq!(assert_kafka(&simulator, bootstrap, &names), 0);
    assert_eq!(assert_amqp(&simulator, url, &names).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kafka_that_dies_and_returns_misses_nothing() {
    let (dir, names) = (tempfile::tempdir().unwrap(), Names::new());
    let broker = test_brokers::own_kafka();
    let simulator = simulator(messages()).await;
    let bootstrap = broker.address().to_owned();
    let mut daemon = Daemon::start(
        dir.path(),
        &[stream(&simulator), names.lanes(), names.kafka(&bootstrap, "")].concat(),
    );
    daemon.wait_for("a third of the messages", patience(), |daemon| {
        (daemon.status()["lanes"][0]["delivered"].as_u64()? > messages() / 3).then_some(())
    });
    broker.kill();
    broker.up();
    daemon.wait_delivered(messages(), patience());
    assert_eq!(
        daemon.status()["stream"]["connections"],
        1,
        "the stream must not notice"
    );
    assert!(daemon.terminate().success());
    assert_kafka(&simulator, &bootstrap, &names);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rabbitmq_that_dies_and_returns_misses_nothing() {
    let (dir, names) = (tempfile::tempdir().unwrap(), Names::new());
    let broker = test_brokers::own_amqp();
    let simulator = simulator(messages()).await;
    let url = broker.address().to_owned();
    let mut daemon = Daemon::start(
        dir.path(),
        &[stream(&simulator), names.lanes(), names.amqp(&url, "")].concat(),
    );
    daemon.wait_for("a third of the messages", patience(), |daemon| {
        (daemon.status()["lanes"][0]["delivered"].as_u64()? > messages() / 3).then_some(())
    });
    broker.kill();
    broker.up();
    daemon.wait_delivered(messages(), patience());
    assert_eq!(
        daemon.status()["stream"]["connections"],
        1,
        "the stream must not notice"
    );
    assert!(daemon.terminate().success());
    assert_amqp(&simulator, &url, &names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_loses_nothing_that_it_has_journaled() {
    let (dir, names) = (tempfile::tempdir().unwrap(), Names::new());
    let (kafka, rabbit) = (test_brokers::own_kafka(), test_brokers::own_amqp());
    let (bootstrap, url) = (kafka.address().to_owned(), rabbit.address().to_owned());
    let simulator = simulator(messages()).await;
    let config = [
        stream(&simulator),
        names.lanes(),
        names.kafka(&bootstrap, ""),
        names.amqp(&url, ""),
    ]
    .concat();
    let mut daemon = Daemon::start(dir.path(), &config);
    // It is killed with work in its hands: the brokers have died before it, each when it had a third.
    let mut alive = vec![("kafka", &kafka), ("amqp", &rabbit)];
    while !alive.is_empty() {
        let at = daemon.wait_for("a third in a broker", patience(), |daemon| {
            let has_a_third = |sink| delivered(daemon, sink) > messages() / 3;
            alive.iter().position(|(sink, _)| has_a_third(sink))
        });
        alive.remove(at).1.kill();
    }
    daemon.wait_for("two thirds journaled", patience(), |daemon| {
        (daemon.status()["stream"]["messages"].as_u64()? > messages() * 2 / 3).then_some(())
    });
    // What is on the socket when the process dies was never read. So that the ledger can tell it apart, the simulator
    // stops and what it wrote is journaled.
    simulator.pause();
    let written = simulator.at_rest().await.whole_posts;
    daemon.wait_for("the pause", patience(), |daemon| {
        (daemon.status()["stream"]["messages"].as_u64()? >= written).then_some(())
    });
    assert!(tweets(&daemon).all(|lane| lane["pending"].as_u64().unwrap() > messages() / 10));
    daemon.kill();
    kafka.up();
    rabbit.up();
    // Until the simulator has seen the death it would write to a socket that nobody reads.
    let seen = simulator.ledger().wait_for(|totals| totals.ended == 1);
    tokio::time::timeout(patience(), seen).await.unwrap();
    simulator.resume();
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(messages() - written, patience());
    assert!(daemon.terminate().success());
    let window = 2 * LANES.len() * 2_048;
    let repeats = assert_kafka(&simulator, &bootstrap, &names) + assert_amqp(&simulator, &url, &names).await;
    assert!(
        repeats <= window,
        "{repeats} repeats are more than the windows hold"
    );
}

/// The lane `tweets` of each sink.
fn tweets(daemon: &Daemon) -> impl Iterator<Item = serde_json::Value> {
    let lanes = daemon.status()["lanes"].as_array().unwrap().clone();
    lanes.into_iter().filter(|lane| lane["lane"] == "tweets")
}

/// Posts that the sink has confirmed.
fn delivered(daemon: &Daemon, sink: &str) -> u64 {
    let lane = tweets(daemon).find(|lane| lane["sink"] == sink).unwrap();
    lane["delivered"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_those_of_the_design_in_both_forms() {
    let (dir, names) = (tempfile::tempdir().unwrap(), Names::new());
    let (bootstrap, url) = (&test_brokers::kafka().bootstrap, &test_brokers::amqp().url);
    let simulator = simulator(50).await;
    let cloudevents = "headers = \"cloudevents\"";
    let config = [
        stream(&simulator),
        names.lanes(),
        names.kafka(bootstrap, cloudevents),
        names.amqp(url, cloudevents),
    ]
    .concat();
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(50, patience());
    assert!(daemon.terminate().success());

    let mut ids = Vec::new();
    kafka::read_with(bootstrap, &names.of(Lane::Tweets), |_, message| {
        let header = |name: &str| kafka::header(message, name).unwrap_or_else(|| panic!("no header {name}"));
        let place: Vec<_> = header("birdfeed").split(':').map(str::to_owned).collect();
        assert_eq!(header("ce_specversion"), "1.0");
        assert_eq!(header("ce_id"), format!("{}:{}:tweets", place[0], place[1]));
        assert_eq!(header("ce_source"), "/x/search/main");
        assert_eq!(header("ce_type"), "com.x.tweet");
        assert_eq!(
            header("ce_subject").as_bytes(),
            rdkafka::Message::key(message).unwrap()
        );
        assert!(header("ce_time").ends_with('Z'));
        let timestamp = rdkafka::Message::timestamp(message);
        let rdkafka::Timestamp::CreateTime(received_at) = timestamp else {
            panic!("{timestamp:?}")
        };
        let received_at = Timestamp::from_millis(received_at.try_into().unwrap());
        assert_eq!(header("ce_time"), received_at.to_string());
        ids.push(header("ce_id"));
    });
    assert_eq!(ids.len(), 50);

    let (_connection, channel) = amqp::connect(url).await;
    let message = amqp::get(&channel, &names.of(Lane::Includes)).await.unwrap();
    let properties = &message.properties;
    let id = properties.message_id().as_ref().unwrap().to_string();
    let header = |name: &str| amqp::header(&message, name).unwrap_or_else(|| panic!("no header {name}"));
    assert!(id.ends_with(":includes") && header("birdfeed").starts_with(id.trim_end_matches(":includes")));
    assert_eq!(properties.delivery_mode(), &Some(2));
    assert_eq!(
        properties.content_type().as_ref().unwrap().as_str(),
        "application/json"
    );
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "com.x.includes");
    assert!(properties.timestamp().unwrap() > 1_700_000_000);
    assert_eq!(header("cloudEvents:id"), id);
    assert_eq!(header("cloudEvents:type"), "com.x.includes");
    assert_eq!(header("cloudEvents:source"), "/x/search/main");
}
