//! Trouble that librdkafka retries by itself: what publishers say of it meanwhile.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use sink_kafka::{KafkaSink, Settings};
use stream_core::model::{Lane, SinkErrorClass};
use stream_core::sink::{Health, Outcome, Publisher, Sink as _, SinkError};
use test_brokers::{Broker, Secure, own_kafka, secure_kafka};
use tokio::io::AsyncWriteExt as _;

use crate::common::{PATIENCE, create_topic, outcomes, record, settings, sink};

/// Waits until `health` is as wanted, and gives what it says then and how long that took.
async fn becomes(
    health: &mut Health,
    wanted: impl Fn(&Option<SinkError>) -> bool,
) -> (Option<SinkError>, Duration) {
    let start = Instant::now();
    let became = tokio::time::timeout(PATIENCE, health.wait_for(|health| wanted(health))).await;
    let said = became.expect("in time").expect("a health that goes on").clone();
    (said, start.elapsed())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_publisher_knows_that_its_broker_goes_and_comes() {
    let broker = Arc::new(own_kafka());
    let settings = settings(broker.address());
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let mut health = publisher.health();
    becomes(&mut health, Option::is_none).await;
    let dying = Arc::clone(&broker);
    blocking(move || Broker::kill(&dying)).await;
    let (said, took) = becomes(&mut health, Option::is_some).await;
    eprintln!("{took:?} after the broker: {said:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    let said = said.expect("trouble");
    assert_eq!(said.class(), SinkErrorClass::Unavailable);
    let expected = format!(
        "Kafka does not answer at {}: Connection refused",
        broker.address()
    );
    assert_eq!(said.to_string(), expected);

    let rising = Arc::clone(&broker);
    blocking(move || Broker::up(&rising)).await;
    let (_, took) = becomes(&mut health, Option::is_none).await;
    eprintln!("well {took:?} after the broker's return");
    assert!(took < Duration::from_secs(8), "{took:?}");
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("the same publisher goes on");
    outcomes(publisher.as_mut(), 1).await.expect("settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_librdkafka_retries_without_a_word_is_told_when_asked() {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    let settings = settings(&cluster.bootstrap_servers());
    let topic = settings.topic(Lane::Tweets);
    cluster.create_topic(&topic, 1, 1).expect("a topic");
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 200]);
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("handed over");
    let nothing = tokio::time::timeout(Duration::from_secs(2), outcomes(publisher.as_mut(), 1)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    // The mock's replicas are all there, and of settings it knows nothing.
    let error = publisher.inquire().await.unwrap_err();
    assert!(
        error.to_string().contains("confirmed nothing for seconds"),
        "{error}"
    );
    cluster.clear_request_errors(RDKafkaApiKey::Produce);
    outcomes(publisher.as_mut(), 1).await.expect("settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_asks_whether_topics_may_be_created_and_creates_none() {
    let servers = &test_brokers::kafka().bootstrap;
    let mut settings = settings(servers);
    sink(&settings).check().await.expect("they may");
    settings.replication = Some(9);
    let error = sink(&settings).check().await.unwrap_err();
    let topic = settings.topic(Lane::Tweets);
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains(&topic) && text.contains("cannot be created")),
        "{error}"
    );
    settings.create_topics = false;
    let error = sink(&settings).check().await.unwrap_err();
    assert!(error.to_string().contains("does not exist"), "still: {error}");
}

/// `topic`, made by the broker's own tools with these settings.
async fn make(servers: &str, topic: &str, with: [(&str, &str); 2]) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .create()
        .expect("a client");
    let mut wanted = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    for (key, value) in with {
        wanted = wanted.set(key, value);
    }
    let made = admin
        .create_topics([&wanted], &AdminOptions::new())
        .await
        .expect("an answer");
    made[0].as_ref().expect("a topic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_of_topics_that_take_less_and_of_those_that_older_brokers_refuse() {
    let servers = &test_brokers::kafka().bootstrap;
    let small = settings(servers);
    make(
        servers,
        &small.topic(Lane::Tweets),
        [("max.message.bytes", "50000"), ("min.insync.replicas", "1")],
    )
    .await;
    let notes = sink(&small).check().await.expect("it works");
    assert!(
        notes[0].starts_with("records of more than 50000 bytes are refused"),
        "{notes:?}"
    );
    let thin = settings(servers);
    make(
        servers,
        &thin.topic(Lane::Tweets),
        [("max.message.bytes", "9000000"), ("min.insync.replicas", "2")],
    )
    .await;
    // It works here, as a record shows.
    let mut publisher = sink(&thin).open(Lane::Tweets).await.expect("a lane");
    let records = [record(Lane::Tweets, 0, "7", "a")];
    publisher.publish(&records).await.expect("handed over");
    let settled = outcomes(publisher.as_mut(), 1).await.expect("settled");
    assert_eq!(settled[0].outcome, Outcome::Delivered);
    let notes = sink(&thin).check().await.expect("it works");
    assert!(
        notes[0].contains(": there is 1 replica of partition 0, and min.insync.replicas is 2"),
        "{notes:?}"
    );
}

/// Passes connections on to `broker`, and lets it say that it is at `named`.
fn proxy(broker: &str, named: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let target = broker.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&target) else {
                continue;
            };
            let (host, port) = target.rsplit_once(':').expect("host:port");
            let port: u32 = port.parse().expect("a port");
            let told = [host.as_bytes(), &port.to_be_bytes()].concat();
            let tells = [host.as_bytes(), &u32::from(named).to_be_bytes()].concat();
            pump(
                client.try_clone().expect("a clone"),
                server.try_clone().expect("a clone"),
                Vec::new(),
                Vec::new(),
            );
            pump(server, client, told, tells);
        }
    });
    address
}

/// Copies what comes, with `told` replaced by `tells`, which is as long.
fn pump(mut from: TcpStream, mut to: TcpStream, told: Vec<u8>, tells: Vec<u8>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let bytes = &mut buffer[..read];
            let places = 0..=read.saturating_sub(told.len());
            for at in places.filter(|_| !told.is_empty()) {
                if bytes[at..].starts_with(&told) {
                    bytes[at..at + told.len()].copy_from_slice(&tells);
                }
            }
            if to.write_all(bytes).is_err() {
                break;
            }
        }
        // Whoever has gone already does not mind.
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_advertised_listener_that_cannot_be_reached_is_named() {
    let servers = &test_brokers::kafka().bootstrap;
    let dead = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let dead = dead.expect("a free port").port();
    let settings = settings(&proxy(servers, dead));
    // It is there, for only its leader can be found wanting.
    create_topic(servers, &settings.topic(Lane::Tweets), &[]).await;
    let sink = sink(&settings);
    let named = |error: &SinkError| {
        let text = error.to_string();
        text.contains(&format!("127.0.0.1:{dead}: Connection refused"))
            && text.contains("advertised.listeners")
    };
    let error = sink.check().await.unwrap_err();
    assert!(named(&error), "{error}");

    let mut publisher = sink
        .open(Lane::Tweets)
        .await
        .expect("the bootstrap server answers");
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("handed over");
    let mut health = publisher.health();
    let (said, took) = becomes(&mut health, Option::is_some).await;
    let said = said.expect("trouble");
    eprintln!("{took:?}: {said}");
    assert!(named(&said), "{said}");
    // Whoever else answers meanwhile does not clear it, nor changes the words.
    let change = tokio::time::timeout(Duration::from_secs(8), health.changed()).await;
    assert!(change.is_err(), "{:?}", health.borrow());
}

/// Settings for the listener with TLS and passwords, less the password.
fn secure_settings(secure: &Secure) -> Settings {
    let mut settings = settings(&secure.address);
    let ca = secure.ca.display().to_string();
    for (name, value) in [
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", "bird"),
        ("ssl.ca.location", ca.as_str()),
    ] {
        settings.properties.insert(name.to_owned(), value.to_owned());
    }
    settings
}

/// Opens once that goes, as a lane does.
async fn opens(sink: &KafkaSink) -> Box<dyn Publisher> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match sink.open(Lane::Tweets).await {
            Ok(publisher) => return publisher,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_was_changed_in_its_file_is_used_by_the_next_client() {
    let broker = Arc::new(secure_kafka());
    let secure = broker.secure().expect("a secure listener");
    let file = std::env::temp_dir().join(test_brokers::unique("properties"));
    let write =
        |password: &str| std::fs::write(&file, format!("sasl.password={password}\n")).expect("written");
    write("wrong-horse");
    let mut settings = secure_settings(secure);
    settings.properties_file = Some(file.clone());
    let sink = sink(&settings);
    let error = sink.open(Lane::Tweets).await.err().expect("refused");
    assert_eq!(error.class(), SinkErrorClass::Operator, "{error}");
    write("feed");
    let mut publisher = opens(&sink).await;
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("handed over");
    outcomes(publisher.as_mut(), 1).await.expect("settled");
    std::fs::remove_file(&file).expect("removed");
}

/// Whatever has taken the broker's place, librdkafka would try it for ever with what it was told once.
#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_is_refused_in_mid_stream_ends_and_the_next_has_a_new_client() {
    let broker = Arc::new(secure_kafka());
    let secure = broker.secure().expect("a secure listener");
    let mut settings = secure_settings(secure);
    let properties = &mut settings.properties;
    properties.insert("sasl.password".to_owned(), "feed".to_owned());
    let sink = sink(&settings);
    let mut publisher = opens(&sink).await;
    let dying = Arc::clone(&broker);
    blocking(move || Broker::kill(&dying)).await;

    let stranger = tokio::net::TcpListener::bind(&secure.address)
        .await
        .expect("its port");
    let stranger = tokio::spawn(async move {
        while let Ok((mut client, _)) = stranger.accept().await {
            // Whether it reads that is its own affair.
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = outcomes(publisher.as_mut(), 1).await.unwrap_err();
    assert_eq!(error.class(), SinkErrorClass::Operator, "{error}");
    assert!(error.to_string().contains(&secure.address), "{error}");
    drop(publisher);
    stranger.abort();
    // Ended when the port is free.
    let _ = stranger.await;

    let rising = Arc::clone(&broker);
    blocking(move || Broker::up(&rising)).await;
    let mut publisher = opens(&sink).await;
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("handed over");
    outcomes(publisher.as_mut(), 1).await.expect("settled");
}
