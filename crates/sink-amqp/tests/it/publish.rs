//! Against a broker that stays up: what consumers see, and what needs a person.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use lapin::options::{ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use sink_amqp::{AmqpSink, Settings};
use stream_core::cloudevents::Headers;
use stream_core::model::{Lane, SinkErrorClass};
use stream_core::sink::{Outcome, Sink as _, SinkError};

use crate::common::{
    self, Reader, deliver, numbered, open, queue, record, reopen, settings, settled, sink, within,
};

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

async fn one_message(settings: &Settings) -> lapin::message::Delivery {
    let mut publisher = open(&sink(settings)).await.unwrap();
    let records = [record(7, r#"{"id":"1","text":"\u00e9 é"}"#)];
    deliver(&mut *publisher, &records, 1, &mut BTreeSet::new())
        .await
        .unwrap();
    let reader = Reader::new(secret(settings)).await;
    reader.all(&queue(settings)).await.pop().unwrap()
}

fn secret(settings: &Settings) -> &str {
    let sink_amqp::Url::Here(url) = &settings.url else {
        panic!("the URL stands in a file")
    };
    secrecy::ExposeSecret::expose_secret(url)
}

#[tokio::test]
async fn a_message_carries_what_the_design_says() {
    let settings = settings(&common::shared().await);
    let message = one_message(&settings).await;
    assert_eq!(message.data, r#"{"id":"1","text":"\u00e9 é"}"#.as_bytes());
    assert_eq!(message.exchange.as_str(), settings.exchange);
    assert_eq!(message.routing_key.as_str(), queue(&settings));
    let properties = &message.properties;
    assert_eq!(properties.delivery_mode(), &Some(2));
    assert_eq!(
        properties.message_id().as_ref().unwrap().as_str(),
        "1764000000:7:tweets"
    );
    assert_eq!(properties.timestamp(), &Some(1_764_000_123));
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "com.x.tweet");
    assert_eq!(
        properties.content_type().as_ref().unwrap().as_str(),
        "application/json"
    );
    let mut headers = FieldTable::default();
    headers.insert("birdfeed".into(), text("1764000000:7:6:tweets,includes"));
    assert_eq!(headers_of(&message), headers);
}

/// The headers that we set: a quorum queue adds one of its own.
fn headers_of(message: &lapin::message::Delivery) -> FieldTable {
    let table = message.properties.headers().as_ref().unwrap().inner().clone();
    let ours = table
        .into_iter()
        .filter(|(name, _)| name.as_str() != "x-delivery-count");
    FieldTable::from(ours.collect::<std::collections::BTreeMap<_, _>>())
}

#[tokio::test]
async fn cloudevents_come_as_headers_when_asked_for() {
    let settings = Settings {
        headers: Headers::CloudEvents,
        ..settings(&common::shared().await)
    };
    let message = one_message(&settings).await;
    let mut headers = FieldTable::default();
    headers.insert("birdfeed".into(), text("1764000000:7:6:tweets,includes"));
    for (name, value) in [
        ("specversion", "1.0"),
        ("id", "1764000000:7:tweets"),
        ("source", "/x/search/main"),
        ("type", "com.x.tweet"),
        ("time", "2025-11-24T16:02:03.456Z"),
        ("subject", "1990000000000000001"),
    ] {
        headers.insert(format!("cloudEvents:{name}").into(), text(value));
    }
    assert_eq!(headers_of(&message), headers);
    assert_eq!(
        message.properties.content_type().as_ref().unwrap().as_str(),
        "application/json"
    );
}

#[tokio::test]
async fn twenty_thousand_are_delivered_once_each_and_in_order() {
    let url = common::shared().await;
    let settings = settings(&url);
    let sink = sink(&settings);
    let mut publisher = open(&sink).await.unwrap();
    let records: Vec<_> = (0..20_000).map(|seq| numbered(seq, 100)).collect();
    let mut delivered = BTreeSet::new();
    deliver(&mut *publisher, &records, 2_048, &mut delivered)
        .await
        .unwrap();
    assert_eq!(delivered, (0..20_000).collect());
    publisher.close(std::time::Duration::from_secs(5)).await;

    let messages = Reader::new(&url).await.all(&queue(&settings)).await;
    assert_eq!(messages.len(), 20_000);
    for (message, record) in messages.iter().zip(&records) {
        assert_eq!(message.data, record.value);
        assert_eq!(common::seq_of(message), record.place.seq);
    }
}

#[tokio::test]
async fn lanes_share_a_connection_and_not_their_faults() {
    let url = common::shared().await;
    let settings = Settings {
        lanes: Lane::ALL.to_vec(),
        ..settings(&url)
    };
    let sink = sink(&settings);
    let opened = Lane::ALL.map(|lane| sink.open(lane));
    let mut publishers = Vec::new();
    for publisher in futures_util::future::join_all(opened).await {
        publishers.push(publisher.unwrap());
    }
    let reader = Reader::new(&url).await;
    unbind(&reader, &settings).await;
    publishers[0].publish(&[record(0, "{}")]).await.unwrap();
    let broken = settled(&mut *publishers[0]).await.unwrap_err();
    assert!(matches!(broken, SinkError::Operator(_)), "{broken:?}");
    publishers.remove(0);
    for (publisher, lane) in publishers.iter_mut().zip(&Lane::ALL[1..]) {
        publisher.publish(&[record(0, "{}")]).await.unwrap();
        assert_eq!(
            settled(&mut **publisher).await.unwrap()[0].outcome,
            Outcome::Delivered
        );
        let queue = format!("{}{lane}", settings.prefix);
        assert_eq!(reader.all(&queue).await.len(), 1);
    }
}

async fn unbind(reader: &Reader, settings: &Settings) {
    let (queue, exchange) = (queue(settings), settings.exchange.as_str());
    let unbound = reader.channel.queue_unbind(
        queue.as_str().into(),
        exchange.into(),
        queue.as_str().into(),
        FieldTable::default(),
    );
    unbound.await.unwrap();
}

async fn bind(reader: &Reader, settings: &Settings) {
    let (queue, exchange) = (queue(settings), settings.exchange.as_str());
    let bound = reader.channel.queue_bind(
        queue.as_str().into(),
        exchange.into(),
        queue.as_str().into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.unwrap();
}

#[tokio::test]
async fn an_unbound_queue_is_for_a_person_and_works_again_once_bound() {
    let url = common::shared().await;
    let settings = settings(&url);
    let reader = Reader::new(&url).await;
    drop(open(&sink(&settings)).await.unwrap());
    unbind(&reader, &settings).await;
    let strict = sink(&Settings {
        declare: false,
        ..settings.clone()
    });
    for _ in 0..2 {
        let mut publisher = open(&strict).await.unwrap();
        publisher
            .publish(&[record(3, "{}"), record(4, "{}")])
            .await
            .unwrap();
        let error = settled(&mut *publisher).await.unwrap_err();
        assert!(
            matches!(&error, SinkError::Operator(text)
            if text.contains("unroutable") && text.contains(&queue(&settings)) && text.contains(":3:tweets")),
            "{error:?}"
        );
    }
    bind(&reader, &settings).await;
    let mut publisher = open(&strict).await.unwrap();
    deliver(
        &mut *publisher,
        &[record(3, "{}"), record(4, "{}")],
        2,
        &mut BTreeSet::new(),
    )
    .await
    .unwrap();
    assert_eq!(reader.seqs(&queue(&settings)).await, [3, 4]);
}

/// R3 of `reliability.md`: with 20,000 messages, a tenth of them unroutable, naive use of lapin counts some as delivered.
#[tokio::test]
async fn nothing_unroutable_is_ever_counted_as_delivered() {
    const COUNT: u64 = 20_000;
    let url = common::shared().await;
    let settings = settings(&url);
    let reader = Reader::new(&url).await;
    drop(open(&sink(&settings)).await.unwrap());
    let strict = sink(&Settings {
        declare: false,
        ..settings.clone()
    });

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let toggler = {
        let settings = settings.clone();
        let reader = Reader::new(&url).await;
        tokio::spawn(async move {
            let mut stopped = std::pin::pin!(stopped);
            let mut rounds = 0_u64;
            loop {
                unbind(&reader, &settings).await;
                bind(&reader, &settings).await;
                rounds += 1;
                // Uneven spells of being bound.
                let spell = std::time::Duration::from_millis(20 + rounds * 37 % 90);
                if tokio::time::timeout(spell, &mut stopped).await.is_ok() {
                    return rounds;
                }
            }
        })
    };
    let (mut delivered, mut failures) = (BTreeSet::new(), 0);
    let work = async {
        while (delivered.len() as u64) < COUNT {
            let rest: Vec<_> = (0..COUNT)
                .filter(|seq| !delivered.contains(seq))
                .map(|seq| numbered(seq, 50))
                .collect();
            let mut publisher = open(&strict).await.unwrap();
            if let Err(error) = deliver(&mut *publisher, &rest, 2_048, &mut delivered).await {
                assert!(
                    matches!(&error, SinkError::Operator(text) if text.contains("unroutable")),
                    "{error:?}"
                );
                failures += 1;
            }
        }
    };
    within(120, "all rounds", work).await;
    stop.send(()).unwrap();
    let rounds = toggler.await.unwrap();
    assert!(
        failures >= 3,
        "only {failures} failures in {rounds} rounds: the test shows nothing"
    );
    let found: BTreeSet<u64> = reader.seqs(&queue(&settings)).await.into_iter().collect();
    let lost: Vec<_> = delivered.difference(&found).collect();
    assert!(lost.is_empty(), "counted as delivered and not there: {lost:?}");
}

#[tokio::test]
async fn a_deleted_exchange_comes_back() {
    let url = common::shared().await;
    let settings = settings(&url);
    let sink = sink(&settings);
    let mut publisher = open(&sink).await.unwrap();
    let reader = Reader::new(&url).await;
    let delete = ExchangeDeleteOptions::default();
    reader
        .channel
        .exchange_delete(settings.exchange.as_str().into(), delete)
        .await
        .unwrap();
    publisher.publish(&[record(0, "{}")]).await.unwrap();
    let error = settled(&mut *publisher).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("404") && text.contains(&settings.exchange)),
        "{error:?}"
    );
    drop(publisher);

    let strict = common::sink(&Settings {
        declare: false,
        ..settings.clone()
    });
    let error = open(&strict).await.err().unwrap();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("declare = true")),
        "{error:?}"
    );
    assert_eq!(
        strict.check().await.unwrap_err().class(),
        SinkErrorClass::Operator
    );

    let mut publisher = reopen(&sink).await;
    deliver(&mut *publisher, &[record(0, "{}")], 1, &mut BTreeSet::new())
        .await
        .unwrap();
    assert_eq!(reader.seqs(&queue(&settings)).await, [0]);
    strict.check().await.unwrap();
}

#[tokio::test]
async fn a_queue_of_another_kind_is_for_a_person() {
    let url = common::shared().await;
    let settings = settings(&url);
    let reader = Reader::new(&url).await;
    let classic = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    reader
        .channel
        .queue_declare(queue(&settings).into(), classic, FieldTable::default())
        .await
        .unwrap();
    let error = open(&sink(&settings)).await.err().unwrap();
    assert!(
        matches!(&error, SinkError::Operator(text)
        if text.contains(&queue(&settings)) && text.contains("declare = false")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_queue_that_is_full_and_says_so_is_waited_for() {
    let url = common::shared().await;
    let settings = Settings {
        declare: false,
        ..settings(&url)
    };
    // The exchange, and in the place of the quorum queue one that holds two messages.
    drop(
        open(&sink(&Settings {
            declare: true,
            ..settings.clone()
        }))
        .await
        .unwrap(),
    );
    let reader = Reader::new(&url).await;
    let full = QueueDeclareOptions {
        exclusive: true,
        ..QueueDeclareOptions::default()
    };
    let mut limits = FieldTable::default();
    limits.insert("x-max-length".into(), AMQPValue::LongInt(2));
    limits.insert("x-overflow".into(), text("reject-publish"));
    reader
        .channel
        .queue_delete(queue(&settings).into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    reader
        .channel
        .queue_declare(queue(&settings).into(), full, limits)
        .await
        .unwrap();
    bind(&reader, &settings).await;

    let strict = sink(&settings);
    let records: Vec<_> = (0..10).map(|seq| numbered(seq, 10)).collect();
    let (mut publisher, mut delivered) = (open(&strict).await.unwrap(), BTreeSet::new());
    let error = deliver(&mut *publisher, &records, 10, &mut delivered)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SinkError::Unavailable(text) if text.contains("nack")),
        "{error:?}"
    );
    drop(publisher);
    let mut found = reader.seqs(&queue(&settings)).await;
    assert!(
        delivered.iter().all(|seq| found.contains(seq)),
        "{delivered:?} {found:?}"
    );
    for rest in records[found.len()..].chunks(2) {
        deliver(&mut *reopen(&strict).await, rest, 2, &mut delivered)
            .await
            .unwrap();
        found.extend(reader.seqs(&queue(&settings)).await);
    }
    assert_eq!(found, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_value_over_the_limit_is_refused_alone() {
    let url = common::shared().await;
    let settings = Settings {
        max_message_bytes: 300_000,
        ..settings(&url)
    };
    let sink = sink(&settings);
    let mut publisher = open(&sink).await.unwrap();
    // 300,000 bytes are three frames.
    let records = [
        record(0, "{}"),
        record(1, vec![b'x'; 300_001]),
        record(2, vec![b'x'; 300_000]),
        record(3, ""),
    ];
    publisher.publish(&records).await.unwrap();
    let mut outcomes = Vec::new();
    while outcomes.len() < 4 {
        outcomes.extend(settled(&mut *publisher).await.unwrap());
    }
    outcomes.sort_by_key(|settled| settled.seq);
    assert!(matches!(&outcomes[1].outcome, Outcome::Refused(why) if why.contains("300001")));
    for delivered in [0, 2, 3] {
        assert_eq!(outcomes[delivered].outcome, Outcome::Delivered);
    }
    let lengths: Vec<_> = Reader::new(&url)
        .await
        .all(&queue(&settings))
        .await
        .iter()
        .map(|m| m.data.len())
        .collect();
    assert_eq!(lengths, [2, 300_000, 0]);
}

#[tokio::test]
async fn a_wrong_password_is_for_a_person_and_not_shown() {
    let url = common::shared()
        .await
        .replace("guest:guest@", "guest:s3cret-0ne@");
    let sink = sink(&settings(&url));
    for error in [sink.check().await.unwrap_err(), open(&sink).await.err().unwrap()] {
        let SinkError::Operator(text) = &error else {
            panic!("{error:?}")
        };
        assert!(
            text.contains("403") && text.contains(&sink.shown()) && text.contains("guest"),
            "{text}"
        );
        assert!(!text.contains("s3cret-0ne"), "{text}");
    }
    assert!(!format!("{sink:?}").contains("s3cret-0ne"));
}

#[tokio::test]
async fn a_virtual_host_that_is_not_there_is_for_a_person() {
    let url = common::shared().await.replace("%2f", "nowhere");
    let sink: AmqpSink = sink(&settings(&url));
    let error = sink.check().await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("nowhere")),
        "{error:?}"
    );
}

#[tokio::test]
async fn outcomes_wait_for_nothing_in_flight() {
    let url = common::shared().await;
    let sink = sink(&settings(&url));
    sink.check().await.unwrap();
    assert_eq!(sink.kind(), "amqp");
    let mut publisher = open(&sink).await.unwrap();
    let mut into = Vec::new();
    assert!(publisher.settled(&mut into).now_or_never().is_none());
    // Given up in the middle, again and again: nothing is lost by it.
    publisher.publish(&[record(0, "{}")]).await.unwrap();
    while into.is_empty() {
        let once = publisher.settled(&mut into);
        tokio::select! { biased; done = once => done.unwrap(), () = tokio::task::yield_now() => {} }
    }
    assert_eq!(into[0].seq, 0);
}
