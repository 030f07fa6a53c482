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

#[tokio::test]
async fn a_broker_that_asks_for_a_certificate_gets_ours_and_takes_the_user_from_it() {
    let broker = Own::secure().await;
    broker.demand_certificates().await;
    let secure = broker.broker().secure().unwrap();
    let bare = Settings {
        ca_file: Some(secure.ca.clone()),
        ..settings(&secure.address)
    };
    let error = sink(&bare).check().await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("cert_file")),
        "{error:?}"
    );

    let known = Settings {
        cert_file: Some(secure.cert.clone()),
        key_file: Some(secure.key.clone()),
        ..bare
    };
    sink(&known).check().await.unwrap();

    let external = Settings {
        url: format!("{}?auth_mechanism=external", secure.address).into(),
        ..known.clone()
    };
    let error = sink(&external).check().await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("its certificate") && text.contains("ACCESS_REFUSED")),
        "{error:?}"
    );
    broker.control(&["add_user", "bird", "unused"]).await;
    broker
        .control(&["set_permissions", "bird", ".*", ".*", ".*"])
        .await;
    let sink = sink(&external);
    let mut publisher = open(&sink).await.unwrap();
    deliver(&mut *publisher, &[numbered(0, 10)], 1, &mut BTreeSet::new())
        .await
        .unwrap();

    // A key that is another's is told as such.
    let mixed = Settings {
        key_file: Some(secure.ca.with_file_name("server.key")),
        ..known
    };
    let error = crate::common::sink(&mixed).check().await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("cert_file") && text.contains("server.key")),
        "{error:?}"
    );
}
