//! Delivery to a real Kafka that is well.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use stream_core::cloudevents::Headers;
use stream_core::model::{Lane, Record, Timestamp};
use stream_core::sink::{Outcome, Sink as _, SinkError};

use crate::common::{
    PATIENCE, count_of, create_topic, in_order, lower_limit, noise, outcomes, partitions_of, read_topic,
    record, settings, sink,
};

fn servers() -> &'static str {
    &test_brokers::kafka().bootstrap
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_all_lanes_are_created_with_the_partitions_asked_for() {
    let mut settings = settings(servers());
    settings.partitions = Some(3);
    settings.lanes = vec![Lane::Tweets, Lane::Includes];
    let sink = sink(&settings);
    sink.check()
        .await
        .expect("a check needs no topic that would be created");
    sink.open(Lane::Tweets).await.expect("opened");
    for lane in [Lane::Tweets, Lane::Includes] {
        assert_eq!(partitions_of(servers(), &settings.topic(lane)).await, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_made_as_asked_for_or_a_person_is_told() {
    let mut settings = settings(servers());
    settings.replication = Some(1);
    sink(&settings).open(Lane::Tweets).await.expect("opened");
    // More than there are brokers.
    settings.topic_prefix.push('n');
    settings.replication = Some(300);
    let error = sink(&settings).open(Lane::Tweets).await.err().expect("too many");
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains(&settings.topic(Lane::Tweets))),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_to_the_partitions_that_javas_client_gives_them() {
    // From Kafka's own tests of its hash, `Utils.murmur2`.
    const HASHES: [(&str, i32); 5] = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("abc", 479_470_107),
    ];
    let mut settings = settings(servers());
    settings.partitions = Some(7);
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let records: Vec<_> = (0..)
        .zip(HASHES)
        .map(|(seq, (key, _))| record(Lane::Tweets, seq, key, "{}"))
        .collect();
    publisher.publish(&records).await.expect("handed over");
    outcomes(publisher.as_mut(), 5).await.expect("settled");
    for read in read_topic(servers(), &settings.topic(Lane::Tweets), 5).await {
        let (key, hash) = HASHES[read.seq() as usize];
        assert_eq!(read.partition, (hash & i32::MAX) % 7, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_is_for_a_person_and_drops_nothing() {
    let settings = settings(servers());
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let mut early = record(Lane::Tweets, 0, "k", "{}");
    // Kafka 4 takes one hour.
    early.received_at = Timestamp::from_millis(Timestamp::now().millis() + 2 * 3_600_000);
    publisher.publish(&[early]).await.expect("handed over");
    let error = outcomes(publisher.as_mut(), 1).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("clock")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_that_open_side_by_side_all_get_their_topics() {
    let mut settings = settings(servers());
    settings.lanes = Lane::ALL.to_vec();
    let sink = sink(&settings);
    let opened = futures_util::future::join_all(Lane::ALL.map(|lane| sink.open(lane))).await;
    assert!(opened.iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_arrives_exactly_as_it_was() {
    let value = r#"{"id":"12","text":"ü 🐦 \u0000","n":1.10}"#;
    for (headers, expected) in [
        (Headers::Minimal, vec![]),
        (
            Headers::CloudEvents,
            vec![
                ("ce_specversion", "1.0"),
                ("ce_id", "1764000000:7:tweets"),
                ("ce_source", "/x/search/main"),
                ("ce_type", "com.x.tweet"),
                ("ce_time", "2025-11-24T16:00:00.007Z"),
                ("content-type", "application/json"),
                ("ce_subject", "12"),
            ],
        ),
    ] {
        let mut settings = settings(servers());
        settings.headers = headers;
        let sink = sink(&settings);
        let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
        let mut without_key = record(Lane::Tweets, 8, "", "");
        without_key.key = None;
        let records = [record(Lane::Tweets, 7, "12", value), without_key];
        publisher.publish(&records).await.expect("handed over");
        let settled = outcomes(publisher.as_mut(), 2).await.expect("settled");
        assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));

        let read = read_topic(servers(), &settings.topic(Lane::Tweets), 2).await;
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].key.as_deref(), Some(b"12".as_slice()));
        assert_eq!(read[0].value, Some(Bytes::from(value)));
        assert_eq!(read[0].millis, Some(1_764_000_000_007));
        let mut all = vec![("birdfeed", "1764000000:7:6:tweets,includes")];
        all.extend(expected);
        let found: Vec<_> = read[0]
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, all);
        assert_eq!(
            (read[1].key.clone(), read[1].value.clone()),
            (None, Some(Bytes::new()))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_records_are_delivered_once_and_in_order_of_their_key() {
    const COUNT: u64 = 20_000;
    let mut settings = settings(servers());
    settings.partitions = Some(4);
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let all: Vec<_> = (0..COUNT)
        .map(|seq| {
            record(
                Lane::Tweets,
                seq,
                &format!("k{}", seq % 97),
                format!("{{\"n\":{seq}}}"),
            )
        })
        .collect();
    let mut settled = Vec::new();
    for batch in all.chunks(2_000) {
        publisher.publish(batch).await.expect("handed over");
        settled.extend(outcomes(publisher.as_mut(), batch.len()).await.expect("settled"));
    }
    assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));
    let seqs: HashSet<_> = settled.iter().map(|one| one.seq).collect();
    assert_eq!((settled.len(), seqs.len()), (20_000, 20_000));

    let read = read_topic(servers(), &settings.topic(Lane::Tweets), 20_000).await;
    assert_eq!(read.len(), 20_000, "nothing twice while the broker is well");
    let mut by_key: HashMap<_, Vec<u64>> = HashMap::new();
    for one in &read {
        by_key.entry(one.key.clone()).or_default().push(one.seq());
    }
    assert_eq!(by_key.len(), 97);
    assert!(by_key.into_values().all(in_order));
    let used: HashSet<_> = read.iter().map(|one| one.partition).collect();
    assert_eq!(used.len(), 4);
    publisher.close(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_above_the_brokers_limit_is_refused_and_the_lane_goes_on() {
    let settings = settings(servers());
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let records: Vec<_> = (0..100)
        .map(|seq| {
            let value = if seq == 50 { noise(2_000_000) } else { noise(100) };
            record(Lane::Tweets, seq, "k", value)
        })
        .collect();
    publisher.publish(&records).await.expect("handed over");
    let settled = outcomes(publisher.as_mut(), 100).await.expect("settled");
    let refused: HashSet<_> = settled
        .iter()
        .filter_map(|one| {
            matches!(&one.outcome, Outcome::Refused(why) if why.contains("too large")).then_some(one.seq)
        })
        .collect();
    assert_eq!(refused, HashSet::from([50]), "and no batch mate");
    publisher
        .publish(&[record(Lane::Tweets, 100, "k", "{}")])
        .await
        .expect("handed over");
    let settled = outcomes(publisher.as_mut(), 1).await.expect("settled");
    assert_eq!(settled[0].outcome, Outcome::Delivered);
}

/// Records of 1,000 bytes that no compression makes small, far more than one batch.
fn incompressible() -> Vec<Record> {
    let noise = noise(5_000_000);
    (0..5_000)
        .map(|seq| {
            record(
                Lane::Tweets,
                seq as u64,
                "k",
                noise.slice(seq * 1_000..(seq + 1) * 1_000),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_no_larger_than_the_topic_takes() {
    let settings = settings(servers());
    let limit = [("max.message.bytes", "50000")];
    create_topic(servers(), &settings.topic(Lane::Tweets), &limit).await;
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    publisher.publish(&incompressible()).await.expect("handed over");
    let settled = outcomes(publisher.as_mut(), 5_000).await.expect("settled");
    assert!(settled.iter().all(|one| one.outcome == Outcome::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refused_batch_the_publisher_is_over_and_what_followed_is_taken_back() {
    let settings = settings(servers());
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    lower_limit(servers(), &settings.topic(Lane::Tweets), "100000").await;
    // Kafka does so in its own time.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let large = record(Lane::Tweets, 9_999, "k", noise(150_000));
        publisher.publish(&[large]).await.expect("handed over");
        let settled = outcomes(publisher.as_mut(), 1).await.expect("settled");
        if settled[0].outcome != Outcome::Delivered {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the limit is not lowered");
    }

    let records = incompressible();
    publisher.publish(&records).await.expect("handed over");
    let mut refused = Vec::new();
    let error = loop {
        match outcomes(publisher.as_mut(), 1).await {
            Ok(some) => {
                let some = some.iter().filter(|one| one.outcome != Outcome::Delivered);
                refused.push(some.count());
            }
            Err(error) => break error,
        }
    };
    assert!(
        matches!(&error, SinkError::Unavailable(text) if text.contains("taken back")),
        "{error}"
    );
    refused.retain(|count| *count > 0);
    assert!(
        matches!(refused[..], [2..5_000]),
        "all mates at once: {refused:?}"
    );
    assert!(publisher.publish(&records[..1]).await.is_err());
    drop(publisher);

    // One by one they are small enough.
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    for one in &records[..10] {
        publisher
            .publish(std::slice::from_ref(one))
            .await
            .expect("handed over");
        let settled = outcomes(publisher.as_mut(), 1).await.expect("settled");
        assert_eq!(settled[0].outcome, Outcome::Delivered);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_above_the_clients_limit_is_refused_too() {
    let mut settings = settings(servers());
    settings
        .properties
        .insert("message.max.bytes".to_owned(), "100000".to_owned());
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let records = [
        record(Lane::Tweets, 1, "k", "{}"),
        record(Lane::Tweets, 2, "k", noise(200_000)),
        record(Lane::Tweets, 3, "k", "{}"),
    ];
    publisher.publish(&records).await.expect("handed over");
    let mut settled = outcomes(publisher.as_mut(), 3).await.expect("settled");
    settled.sort_by_key(|one| one.seq);
    assert_eq!(settled[0].outcome, Outcome::Delivered);
    assert!(matches!(settled[1].outcome, Outcome::Refused(_)));
    assert_eq!(settled[2].outcome, Outcome::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_is_named_and_served_once_somebody_creates_it() {
    let mut settings = settings(servers());
    settings.create_topics = false;
    let topic = settings.topic(Lane::Tweets);
    let sink = sink(&settings);
    let missing = SinkError::Operator(format!(
        "topic {topic} does not exist: it must be created, by hand or by create_topics = true"
    ));
    assert_eq!(sink.open(Lane::Tweets).await.err(), Some(missing.clone()));
    assert_eq!(sink.check().await, Err(missing));

    create_topic(servers(), &topic, &[]).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut publisher = loop {
        match sink.open(Lane::Tweets).await {
            Ok(publisher) => break publisher,
            Err(_) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    publisher
        .publish(&[record(Lane::Tweets, 1, "k", "{}")])
        .await
        .expect("handed over");
    let settled = outcomes(publisher.as_mut(), 1).await.expect("settled");
    assert_eq!(settled[0].outcome, Outcome::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_of_an_earlier_publisher_never_reach_a_later_one() {
    let settings = settings(servers());
    let sink = sink(&settings);
    for round in 0..5_u64 {
        let mut old = sink.open(Lane::Tweets).await.expect("opened");
        let records: Vec<_> = (0..2_000)
            .map(|n| record(Lane::Tweets, round * 10_000 + n, "k", "{}"))
            .collect();
        old.publish(&records).await.expect("handed over");
        drop(old);
        let mut new = sink.open(Lane::Tweets).await.expect("opened");
        let own = round * 10_000 + 5_000;
        new.publish(&[record(Lane::Tweets, own, "k", "{}")])
            .await
            .expect("handed over");
        let settled = outcomes(new.as_mut(), 1).await.expect("settled");
        assert_eq!(settled.iter().map(|one| one.seq).collect::<Vec<_>>(), [own]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn close_waits_for_what_is_on_its_way() {
    let mut settings = settings(servers());
    // Long enough that whoever does not wait finds nothing.
    settings
        .properties
        .insert("linger.ms".to_owned(), "2000".to_owned());
    let sink = sink(&settings);
    let mut publisher = sink.open(Lane::Tweets).await.expect("opened");
    let records: Vec<_> = (0..500).map(|seq| record(Lane::Tweets, seq, "k", "{}")).collect();
    publisher.publish(&records).await.expect("handed over");
    publisher.close(PATIENCE).await;
    assert_eq!(count_of(servers(), &settings.topic(Lane::Tweets)).await, 500);
}
