//! TLS, with a certificate authority of our own.

use std::collections::BTreeSet;

use sink_amqp::Settings;
use stream_core::sink::{Sink as _, SinkError};

use crate::common::{Own, deliver, numbered, open, settings, sink};

#[tokio::test]
async fn a_private_authority_is_trusted_when_named_and_not_otherwise() {
    let broker = Own::secure().await;
    let secure = broker.broker().secure().unwrap();
    let trusting = Settings {
        ca_file: Some(secure.ca.clone()),
        ..settings(&secure.address)
    };
    let trusting_sink = sink(&trusting);
    let mut publisher = open(&trusting_sink).await.unwrap();
    // More than TLS puts into one record.
    let records: Vec<_> = (0..100).map(|seq| numbered(seq, 20_000)).collect();
    deliver(&mut *publisher, &records, 100, &mut BTreeSet::new())
        .await
        .unwrap();
    trusting_sink.check().await.unwrap();

    let strange = sink(&Settings {
        ca_file: None,
        ..trusting.clone()
    });
    let error = strange.check().await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("ca_file")),
        "{error:?}"
    );

    let missing = sink(&Settings {
        ca_file: Some("/nowhere/ca.pem".into()),
        ..trusting
    });
    let error = missing.check().await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("/nowhere/ca.pem")),
        "{error:?}"
    );
}
