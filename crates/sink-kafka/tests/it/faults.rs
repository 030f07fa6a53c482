//! A Kafka that dies, refuses us, or answers with errors.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use sink_kafka::{KafkaSink, Settings};
use stream_core::model::{Lane, SinkErrorClass};
use stream_core::sink::{Outcome, Publisher, Sink as _, SinkError};
use test_brokers::{Broker, own_kafka, secure_kafka};

use crate::common::{self, PATIENCE, in_order, outcomes, read_topic, record, settings, sink};

async fn switch(broker: &Arc<Broker>, turn: impl FnOnce(&Broker) + Send + 'static) {
    let broker = Arc::clone(broker);
    tokio::task::spawn_blocking(move || turn(&broker))
        .await
        .expect("the broker obeys");
}

async fn open_in_time(sink: &KafkaSink) -> Box<dyn Publisher> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match sink.open(Lane::Tweets).await {
            Ok(publisher) => return publisher,
            Err(error) if Instant::now() > deadline => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// A broker inside librdkafka that errors can be put into, with the topic of `tweets`.
fn mock() -> (MockCluster<'static, DefaultProducerContext>, Settings) {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    let settings = settings(&cluster.bootstrap_servers());
    cluster
        .create_topic(&settings.topic(Lane::Tweets), 1, 1)
        .expect("a topic");
    (cluster, settings)
}

/// Publishes `from..to` in order and replays from the first unconfirmed record after any error, as a lane does.
async fn deliver(sink: &KafkaSink, from: u64, to: u64) {
    let mut next = from;
    while next < to {
        let mut publisher = open_in_time(sink).await;
        while next < to {
            let until = to.min(next + 200);
            let batch: Vec<_> = (next..until)
                .map(|seq| record(Lane::Tweets, seq, "k", "{}"))
                .collect();
            if publisher.publish(&batch).await.is_err() {
                break;
            }
            let Ok(settled) = outcomes(publisher.as_mut(), batch.len()).await else {
                break;
            };
            assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));
            next = until;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_costs_nothing_and_is_used_again_at_once() {
    let broker = Arc::new(own_kafka());
    let settings = settings(broker.address());
    let sink = Arc::new(sink(&settings));
    deliver(&sink, 0, 1_000).await;

    // Killed with records on their way.
    let mut publisher = open_in_time(&sink).await;
    let flying: Vec<_> = (1_000..3_000)
        .map(|seq| record(Lane::Tweets, seq, "k", "{}"))
        .collect();
    publisher.publish(&flying).await.expect("handed over");
    switch(&broker, Broker::kill).await;
    let more: Vec<_> = (3_000..4_000)
        .map(|seq| record(Lane::Tweets, seq, "k", "{}"))
        .collect();
    publisher
        .publish(&more)
        .await
        .expect("a broker that is away is not an error");

    // A lane that is reset meanwhile is not opened again before the broker is back.
    drop(publisher);
    let start = Instant::now();
    let refused = sink.open(Lane::Tweets).await.err().expect("no broker");
    assert_eq!(refused.class(), SinkErrorClass::Unavailable, "{refused}");
    assert!(
        refused.to_string().contains(&settings.bootstrap_servers),
        "{refused}"
    );
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let check = sink.check().await.unwrap_err();
    assert!(
        check.to_string().contains("refused") || check.to_string().contains("closed"),
        "{check}"
    );

    switch(&broker, Broker::up).await;
    let up = Instant::now();
    deliver(&sink, 1_000, 5_000).await;
    eprintln!("all delivered {:?} after the broker", up.elapsed());
    assert!(
        up.elapsed() < Duration::from_secs(15),
        "{:?} after the broker",
        up.elapsed()
    );
    let read = read_topic(&settings.bootstrap_servers, &settings.topic(Lane::Tweets), 5_000).await;
    let seqs: HashSet<_> = read.iter().map(common::Read::seq).collect();
    assert_eq!(seqs.len(), 5_000, "every record is there");
    assert!(in_order(read.iter().map(common::Read::seq)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_outlives_its_broker() {
    let (cluster, settings) = mock();
    let sink = sink(&settings);
    let mut publisher = open_in_time(&sink).await;
    cluster.broker_down(1).expect("down");
    let records: Vec<_> = (0..1_000)
        .map(|seq| record(Lane::Tweets, seq, "k", "{}"))
        .collect();
    publisher.publish(&records).await.expect("kept by the client");
    cluster.broker_up(1).expect("up");
    let settled = outcomes(publisher.as_mut(), 1_000)
        .await
        .expect("no error at all");
    assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_sink_whose_broker_is_away_does_not_hang() {
    let (cluster, settings) = mock();
    let sink = sink(&settings);
    let mut publisher = open_in_time(&sink).await;
    cluster.broker_down(1).expect("down");
    let records: Vec<_> = (0..1_000)
        .map(|seq| record(Lane::Tweets, seq, "k", "{}"))
        .collect();
    publisher.publish(&records).await.expect("kept by the client");
    let start = Instant::now();
    publisher.close(Duration::from_millis(200)).await;
    drop(sink);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_clearly_and_never_shown() {
    let broker = Arc::new(secure_kafka());
    let secure = broker.secure().expect("a secure listener");
    let mut settings = settings(&secure.address);
    let ca = secure.ca.display().to_string();
    for (name, value) in [
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "bird"),
        ("sasl.password", "wrong-horse-battery"),
        ("ssl.ca.location", ca.as_str()),
    ] {
        settings.properties.insert(name.to_owned(), value.to_owned());
    }
    let refused = sink(&settings);
    for error in [
        refused.check().await.unwrap_err(),
        refused.open(Lane::Tweets).await.err().expect("refused"),
    ] {
        assert_eq!(error.class(), SinkErrorClass::Operator, "{error}");
        let text = format!("{error} {error:?} {refused:?}");
        assert!(
            text.contains(&secure.address) && text.to_lowercase().contains("authentication"),
            "{text}"
        );
        assert!(!text.contains("wrong-horse-battery"), "{text}");
    }

    settings
        .properties
        .insert("sasl.password".to_owned(), "feed".to_owned());
    let welcome = sink(&settings);
    welcome.check().await.expect("the right password");
    let mut publisher = open_in_time(&welcome).await;
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("handed over");
    let settled = outcomes(publisher.as_mut(), 1).await.expect("settled");
    assert_eq!(settled[0].outcome, Outcome::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_a_dead_address_names_it() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.expect("a free port").to_string();
    let sink = sink(&settings(&address));
    let error = sink.check().await.unwrap_err();
    assert_eq!(error.class(), SinkErrorClass::Unavailable);
    assert!(error.to_string().contains(&address), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_breaks_is_replaced() {
    let (cluster, settings) = mock();
    cluster
        .create_topic(&settings.topic(Lane::Errors), 1, 1)
        .expect("a topic");
    let sink = sink(&settings);
    deliver(&sink, 0, 100).await;
    let mut bystander = sink.open(Lane::Errors).await.expect("opened");
    let mut publisher = open_in_time(&sink).await;
    cluster.request_errors(
        RDKafkaApiKey::Produce,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER],
    );
    publisher
        .publish(&[record(Lane::Tweets, 100, "k", "{}")])
        .await
        .expect("handed over");
    let error = outcomes(publisher.as_mut(), 1).await.unwrap_err();
    assert!(matches!(error, SinkError::Unavailable(_)), "{error}");
    let error = outcomes(bystander.as_mut(), 1).await.unwrap_err();
    assert!(matches!(error, SinkError::Unavailable(_)), "{error}");
    assert!(
        bystander
            .publish(&[record(Lane::Errors, 100, "k", "{}")])
            .await
            .is_err()
    );
    drop(publisher);
    deliver(&sink, 100, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_forbidden_needs_a_person_and_comes_back_by_itself() {
    let (cluster, settings) = mock();
    let topic = settings.topic(Lane::Tweets);
    let sink = sink(&settings);
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    let mut publisher = open_in_time(&sink).await;
    cluster.request_errors(RDKafkaApiKey::Produce, &[denied]);
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("handed over");
    let error = outcomes(publisher.as_mut(), 1).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains(&topic)),
        "{error}"
    );
    drop(publisher);

    cluster.topic_error(&topic, denied).expect("an error");
    let error = sink.open(Lane::Tweets).await.err().expect("denied");
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains(&topic)),
        "{error}"
    );
    cluster
        .topic_error(&topic, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR)
        .expect("no error");
    deliver(&sink, 1, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_retries_is_no_error() {
    let (cluster, settings) = mock();
    let sink = sink(&settings);
    let mut publisher = open_in_time(&sink).await;
    cluster.request_errors(
        RDKafkaApiKey::Produce,
        &[
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        ],
    );
    let records: Vec<_> = (0..100).map(|seq| record(Lane::Tweets, seq, "k", "{}")).collect();
    publisher.publish(&records).await.expect("handed over");
    let settled = outcomes(publisher.as_mut(), 100).await.expect("settled");
    assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_refuses_its_records_and_not_the_lane() {
    let (cluster, settings) = mock();
    let sink = sink(&settings);
    let mut publisher = open_in_time(&sink).await;
    for code in [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
    ] {
        cluster.request_errors(RDKafkaApiKey::Produce, &[code]);
        for expect_refusal in [true, false] {
            publisher
                .publish(&[record(Lane::Tweets, 1, "k", "{}")])
                .await
                .expect("handed over");
            let settled = outcomes(publisher.as_mut(), 1).await.expect("settled");
            assert_eq!(
                matches!(settled[0].outcome, Outcome::Refused(_)),
                expect_refusal,
                "{settled:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_waited_out_in_order() {
    let (_cluster, mut settings) = mock();
    settings
        .properties
        .insert("queue.buffering.max.messages".to_owned(), "50".to_owned());
    let sink = sink(&settings);
    let mut publisher = open_in_time(&sink).await;
    let records: Vec<_> = (0..1_000)
        .map(|seq| record(Lane::Tweets, seq, "k", "{}"))
        .collect();
    publisher.publish(&records).await.expect("handed over");
    let settled = outcomes(publisher.as_mut(), 1_000).await.expect("settled");
    assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));
    let read = read_topic(&settings.bootstrap_servers, &settings.topic(Lane::Tweets), 1_000).await;
    let seqs: Vec<_> = read.iter().map(common::Read::seq).collect();
    assert_eq!(seqs, (0..1_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_deleted_is_created_again_without_a_restart() {
    let servers = &test_brokers::kafka().bootstrap;
    let settings = settings(servers);
    let topic = settings.topic(Lane::Tweets);
    let sink = sink(&settings);
    deliver(&sink, 0, 1_000).await;
    let mut publisher = open_in_time(&sink).await;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .create()
        .expect("an admin client");
    let deleted = admin
        .delete_topics(&[&topic], &AdminOptions::new())
        .await
        .expect("deleted");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");

    let start = Instant::now();
    let error = loop {
        let one = [record(Lane::Tweets, 1_000, "k", "{}")];
        if let Err(error) = publisher.publish(&one).await {
            break error;
        }
        // Kafka deletes in its own time, and takes records until then.
        if let Err(error) = outcomes(publisher.as_mut(), 1).await {
            break error;
        }
    };
    eprintln!("{:?} until {error}", start.elapsed());
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains(&topic)),
        "{error}"
    );
    drop(publisher);
    deliver(&sink, 1_000, 3_000).await;
    let read = read_topic(servers, &topic, 2_000).await;
    let seqs: HashSet<_> = read.iter().map(common::Read::seq).collect();
    assert!((1_000..3_000).all(|seq| seqs.contains(&seq)));
}
