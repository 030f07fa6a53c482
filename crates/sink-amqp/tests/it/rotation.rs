//! Secrets that change while we run.

use std::collections::BTreeSet;
use std::fs;

use sink_amqp::{Settings, Url};
use stream_core::model::Lane;
use stream_core::sink::{Sink as _, SinkError};

use crate::common::{Reader, deliver, numbered, open, queue, settings, shared, sink, within};

#[tokio::test]
async fn a_password_that_is_changed_at_the_broker_and_in_the_file_is_picked_up() {
    let broker = crate::common::Own::start().await;
    broker.control(&["add_user", "bird", "old"]).await;
    broker
        .control(&["set_permissions", "bird", ".*", ".*", ".*"])
        .await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("url");
    let url = |user: &str| broker.url().replace("guest:guest", user);
    fs::write(&file, url("bird:old") + "\n").unwrap();
    let settings = Settings {
        url: Url::File(file.clone()),
        ..settings(broker.url())
    };
    let sink = sink(&settings);
    let mut publisher = open(&sink).await.unwrap();
    let mut delivered = BTreeSet::new();
    deliver(&mut *publisher, &[numbered(0, 10)], 1, &mut delivered)
        .await
        .unwrap();

    // RabbitMQ leaves a connection alone whose user's password changes; the next one is refused.
    broker.control(&["change_password", "bird", "new"]).await;
    broker.control(&["close_all_connections", "rotated"]).await;
    let ended = deliver(&mut *publisher, &[numbered(1, 10)], 1, &mut delivered).await;
    assert!(ended.is_err(), "{ended:?}");
    drop(publisher);
    let error = open(&sink).await.err().unwrap();
    assert!(
        matches!(&error, SinkError::Operator(text) if text.contains("ACCESS_REFUSED") && !text.contains("old")),
        "{error:?}"
    );
    // What is written in two steps is half a file for a moment.
    fs::write(&file, "amqp://bird:n").unwrap();
    assert!(open(&sink).await.is_err());
    fs::write(&file, url("bird:new")).unwrap();
    let mut publisher = open(&sink).await.unwrap();
    deliver(&mut *publisher, &[numbered(1, 10)], 1, &mut delivered)
        .await
        .unwrap();
    assert_eq!(
        Reader::new(broker.url()).await.seqs(&queue(&settings)).await,
        [0, 1]
    );
}

#[tokio::test]
async fn another_url_in_the_file_makes_another_connection_for_the_next_lane() {
    let url = shared().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("url");
    fs::write(&file, &url).unwrap();
    let sink = sink(&Settings {
        url: Url::File(file.clone()),
        ..settings(&url)
    });
    let first = open(&sink).await.unwrap();
    fs::write(&file, url.replace("guest:guest", "guest:wrong")).unwrap();
    let error = within(30, "open", sink.open(Lane::Errors)).await.err().unwrap();
    assert!(matches!(error, SinkError::Operator(_)), "{error:?}");
    // A file that is not there for a moment is no reason to leave the connection that stands.
    fs::write(&file, &url).unwrap();
    fs::remove_file(&file).unwrap();
    within(30, "open", sink.open(Lane::Errors)).await.unwrap();
    drop(first);
}
