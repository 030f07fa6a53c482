//! Topics, read back from a real broker.

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use sink_kafka::Settings;
use stream_core::model::Lane;
use stream_core::sink::{Found, ReadBack, Sink as _};

use crate::common::{PATIENCE, outcomes, record, settings, sink};

/// What is found: sequences of records in their order, and everything else as text.
async fn found(reader: &mut dyn ReadBack) -> (Vec<u64>, Vec<String>) {
    let (mut seqs, mut others) = (Vec::new(), Vec::new());
    let mut take = |found: Found<'_>| match found {
        Found::Record { header, value, .. } => {
            assert_eq!(value, format!("{{\"seq\":{}}}", header.place.seq).as_bytes());
            seqs.push(header.place.seq);
        }
        other => others.push(format!("{other:?}")),
    };
    reader.read_on(&mut take).await.expect("read to the end");
    (seqs, others)
}

async fn publish(settings: &Settings, seqs: std::ops::Range<u64>) {
    let mut publisher = sink(settings).open(Lane::Tweets).await.expect("a publisher");
    let records: Vec<_> = seqs
        .map(|seq| record(Lane::Tweets, seq, &seq.to_string(), format!("{{\"seq\":{seq}}}")))
        .collect();
    publisher.publish(&records).await.expect("handed over");
    outcomes(&mut *publisher, records.len()).await.expect("delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_partitions_are_read_to_their_ends_and_then_on() {
    let settings = Settings {
        partitions: Some(3),
        // Of these, the second has no topic.
        lanes: vec![Lane::Tweets, Lane::Errors],
        create_topics: true,
        ..settings(&test_brokers::kafka().bootstrap)
    };
    publish(
        &Settings {
            lanes: vec![Lane::Tweets],
            ..settings.clone()
        },
        0..500,
    )
    .await;
    let mut reader = sink(&settings).read_back().await.unwrap();
    let (mut seqs, others) = found(&mut *reader).await;
    seqs.sort_unstable();
    assert_eq!(seqs, (0..500).collect::<Vec<_>>());
    assert_eq!(others, Vec::<String>::new());

    let strangers: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &settings.bootstrap_servers)
        .create()
        .unwrap();
    let topic = settings.topic(Lane::Tweets);
    strangers
        .send(BaseRecord::<(), str>::to(&topic).payload("another's"))
        .unwrap();
    strangers.flush(PATIENCE).unwrap();
    publish(&settings, 500..520).await;
    let (mut seqs, others) = found(&mut *reader).await;
    seqs.sort_unstable();
    assert_eq!(seqs, (500..520).collect::<Vec<_>>());
    assert_eq!(others, [format!("{:?}", Found::Foreign { lane: Lane::Tweets })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_ends_with_no_record_is_read_to_its_end_and_on() {
    let settings = Settings {
        lanes: vec![Lane::Tweets, Lane::Errors],
        create_topics: true,
        ..settings(&test_brokers::kafka().bootstrap)
    };
    publish(&settings, 0..5).await;
    // The commit of a stranger's transaction takes an offset, and is no record.
    let topic = settings.topic(Lane::Tweets);
    let servers = settings.bootstrap_servers.clone();
    let id = settings.topic_prefix.clone();
    tokio::task::spawn_blocking(move || {
        let stranger: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &servers)
            .set("transactional.id", &id)
            .create()
            .unwrap();
        stranger.init_transactions(PATIENCE).unwrap();
        stranger.begin_transaction().unwrap();
        stranger
            .send(BaseRecord::<(), str>::to(&topic).payload("another's"))
            .unwrap();
        stranger.commit_transaction(PATIENCE).unwrap();
    })
    .await
    .unwrap();
    let mut reader = sink(&settings).read_back().await.unwrap();
    let (seqs, others) = found(&mut *reader).await;
    assert_eq!((seqs, others.len()), ((0..5).collect(), 1));
    publish(&settings, 5..8).await;
    let (seqs, others) = found(&mut *reader).await;
    assert_eq!((seqs, others), ((5..8).collect(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_has_taken_is_told() {
    let settings = settings(&test_brokers::kafka().bootstrap);
    publish(&settings, 0..10).await;
    crate::common::delete_before(&settings.bootstrap_servers, &settings.topic(Lane::Tweets), 4).await;
    let mut reader = sink(&settings).read_back().await.unwrap();
    let (seqs, others) = found(&mut *reader).await;
    assert_eq!(seqs, (4..10).collect::<Vec<_>>());
    let since = Some(record(Lane::Tweets, 4, "", "").place);
    let trimmed = [None, since].map(|since| {
        let (lane, part) = (Lane::Tweets, 0);
        format!("{:?}", Found::Trimmed { lane, part, since })
    });
    assert_eq!(others, trimmed);
    crate::common::delete_before(&settings.bootstrap_servers, &settings.topic(Lane::Tweets), 10).await;
    let mut reader = sink(&settings).read_back().await.unwrap();
    let (seqs, others) = found(&mut *reader).await;
    assert!(seqs.is_empty());
    assert_eq!(
        others,
        [format!(
            "{:?}",
            Found::Trimmed {
                lane: Lane::Tweets,
                part: 0,
                since: None
            }
        )]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_named() {
    let settings = settings("127.0.0.1:1");
    let mut reader = sink(&settings).read_back().await.unwrap();
    let error = reader.read_on(&mut |_| {}).await.unwrap_err().to_string();
    assert!(
        error.contains("127.0.0.1:1") && error.contains("Connection refused"),
        "{error}"
    );
}
