//! What a check finds, and that it changes nothing.

use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use sink_amqp::Settings;
use stream_core::model::Lane;
use stream_core::sink::{Sink as _, SinkError};

use crate::common::{Own, Reader, open, queue, settings, shared, sink};

/// What stands at the broker of these settings, and what it holds.
async fn inventory(broker: &Own) -> String {
    let mut all = String::new();
    for list in [
        &["-q", "list_exchanges", "name", "type"][..],
        &["-q", "list_queues", "name", "type", "messages"],
        &["-q", "list_bindings"],
    ] {
        all += &broker.control(list).await;
    }
    all
}

fn with_lanes(url: &str) -> Settings {
    Settings {
        lanes: vec![Lane::Tweets, Lane::Errors],
        ..settings(url)
    }
}

async fn complaint(settings: &Settings) -> String {
    match sink(settings).check().await.unwrap_err() {
        SinkError::Operator(text) => text,
        other @ SinkError::Unavailable(_) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_user_without_rights_is_named_and_nothing_is_made() {
    let broker = Own::start().await;
    let missing = with_lanes(broker.url());
    let before = inventory(&broker).await;
    sink(&missing).check().await.unwrap();
    assert_eq!(inventory(&broker).await, before);

    broker.control(&["add_user", "bird", "feed"]).await;
    broker.control(&["set_permissions", "bird", "", ".*", ".*"]).await;
    let poor = Settings {
        url: broker.url().replace("guest:guest", "bird:feed").into(),
        ..missing.clone()
    };
    let text = complaint(&poor).await;
    let shown = sink(&poor).shown();
    for part in ["declaring the exchange", "declaring the queue", "(403)", &shown] {
        assert!(text.contains(part), "{text}");
    }
    // May declare, and neither publish nor bind.
    broker.control(&["set_permissions", "bird", ".*", "", ""]).await;
    let text = complaint(&poor).await;
    for part in ["publishing to", "binding the queue"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(inventory(&broker).await, before);

    // The same where all stands already, with and without the wish to declare.
    drop(open(&sink(&missing)).await.unwrap());
    let before = inventory(&broker).await;
    for declare in [true, false] {
        let poor = Settings {
            declare,
            ..poor.clone()
        };
        assert!(complaint(&poor).await.contains("publishing to"));
        sink(&Settings {
            declare,
            ..missing.clone()
        })
        .check()
        .await
        .unwrap();
    }
    broker
        .control(&["set_permissions", "bird", ".*", ".*", ".*"])
        .await;
    sink(&poor).check().await.unwrap();
    assert_eq!(inventory(&broker).await, before);
}

#[tokio::test]
async fn an_exchange_or_a_queue_of_another_kind_is_named() {
    let url = shared().await;
    let settings = with_lanes(&url);
    let reader = Reader::new(&url).await;
    let options = ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let name = settings.exchange.as_str();
    let (kind, none) = (ExchangeKind::Fanout, FieldTable::default());
    let made = reader
        .channel
        .exchange_declare(name.into(), kind, options, none.clone());
    made.await.unwrap();
    let classic = QueueDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let tweets = queue(&settings);
    let made = reader
        .channel
        .queue_declare(tweets.as_str().into(), classic, none.clone());
    made.await.unwrap();
    let bound = reader.channel.queue_bind(
        tweets.as_str().into(),
        name.into(),
        tweets.as_str().into(),
        QueueBindOptions::default(),
        none,
    );
    bound.await.unwrap();

    let text = complaint(&settings).await;
    for part in [
        &format!("declaring the exchange {name:?}") as &str,
        &format!("declaring the queue {tweets:?}"),
        "(406)",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // Whoever does not declare takes them as they are.
    let settings = Settings {
        declare: false,
        ..settings
    };
    sink(&settings).check().await.unwrap();
    assert_eq!(reader.waiting(&tweets).await, 0, "a message came of the check");
    let nowhere = Settings {
        exchange: test_brokers::unique("none"),
        ..settings
    };
    assert!(complaint(&nowhere).await.contains("(404)"));
}
