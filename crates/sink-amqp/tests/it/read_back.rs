//! Streams beside the lanes' queues, read back from a real broker.

use std::collections::BTreeSet;

use stream_core::model::Lane;
use stream_core::sink::{Found, ReadBack, ReadBackError, Sink as _};

use crate::common::{self, Reader, deliver, numbered, open, queue, record, settings, sink};

/// What is found: sequences of records in their order, and everything else as text.
async fn found(reader: &mut dyn ReadBack) -> (Vec<u64>, Vec<String>) {
    found_of(reader, 10).await
}

/// The same of records of `size`.
async fn found_of(reader: &mut dyn ReadBack, size: usize) -> (Vec<u64>, Vec<String>) {
    let (mut seqs, mut others) = (Vec::new(), Vec::new());
    let mut take = |found: Found<'_>| match found {
        Found::Record { header, value, .. } => {
            assert_eq!(header, common_header(header.place.seq));
            assert_eq!(value, numbered(header.place.seq, size).value);
            seqs.push(header.place.seq);
        }
        other => others.push(format!("{other:?}")),
    };
    reader.read_on(&mut take).await.unwrap();
    (seqs, others)
}

fn common_header(seq: u64) -> stream_core::model::Header {
    let record = record(seq, "");
    stream_core::model::Header::parse(record.header(&mut String::new())).unwrap()
}

#[tokio::test]
async fn a_stream_is_read_and_the_queue_keeps_what_it_has() {
    let url = &common::shared().await;
    let settings = sink_amqp::Settings {
        verify_bytes: Some(10 << 20),
        // Of these, the second has no queue.
        lanes: vec![Lane::Tweets, Lane::Errors],
        ..settings(url)
    };
    let sink = sink(&settings);
    let mut publisher = open(&sink).await.unwrap();
    let mut reader = sink.read_back().await.unwrap();
    assert_eq!(found(&mut *reader).await, (Vec::new(), Vec::new()));
    let records: Vec<_> = (0..1_500).map(|seq| numbered(seq, 10)).collect();
    let mut delivered = BTreeSet::new();
    deliver(&mut *publisher, &records[..1_200], 300, &mut delivered)
        .await
        .unwrap();
    assert_eq!(found(&mut *reader).await, ((0..1_200).collect(), Vec::new()));
    deliver(&mut *publisher, &records[1_200..], 300, &mut delivered)
        .await
        .unwrap();
    assert_eq!(found(&mut *reader).await, ((1_200..1_500).collect(), Vec::new()));
    assert_eq!(found(&mut *reader).await, (Vec::new(), Vec::new()));
    // Another reads all of it again.
    let mut second = sink.read_back().await.unwrap();
    assert_eq!(found(&mut *second).await, ((0..1_500).collect(), Vec::new()));
    // The lane's queue has it all, never delivered.
    let consumer = Reader::new(url).await;
    let taken = consumer.all(&queue(&settings)).await;
    assert_eq!(taken.len(), 1_500);
    assert!(taken.iter().all(|delivery| !delivery.redelivered));
}

#[tokio::test]
async fn a_stream_of_several_files_begins_where_it_begins() {
    let settings = sink_amqp::Settings {
        verify_bytes: Some(16 << 20),
        lanes: vec![Lane::Tweets],
        ..settings(&common::shared().await)
    };
    let sink = sink(&settings);
    let mut publisher = open(&sink).await.unwrap();
    // Files are of 4 MiB, and all of them are kept.
    let records: Vec<_> = (0..1_000).map(|seq| numbered(seq, 10_000)).collect();
    let mut delivered = BTreeSet::new();
    deliver(&mut *publisher, &records, 300, &mut delivered)
        .await
        .unwrap();
    let mut reader = sink.read_back().await.unwrap();
    let all = ((0..1_000).collect(), Vec::new());
    assert_eq!(found_of(&mut *reader, 10_000).await, all);
}

#[tokio::test]
async fn queues_without_streams_and_brokers_that_are_away_are_said_to_be_so() {
    let error = sink(&settings("amqp://localhost:1"))
        .read_back()
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&error, ReadBackError::NotKept(why) if why.contains("verify_bytes")),
        "{error}"
    );
    let settings = sink_amqp::Settings {
        verify_bytes: Some(10 << 20),
        ..common::settings("amqp://127.0.0.1:1")
    };
    let error = sink(&settings).read_back().await.err().unwrap();
    assert!(matches!(&error, ReadBackError::Sink(_)), "{error}");
}
