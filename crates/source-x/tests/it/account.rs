//! The account against the simulator, and against servers that make no sense.

use std::time::Duration;

use simulator::Simulator;
use source_x::account::{AccountError, Targets, Which};
use source_x::settings::Ghosts;
use source_x::{Endpoint, Settings, XSource};
use stream_core::source::{ConnectErrorClass, Source as _};

use crate::support::{SECRET, Server, against, refusal, settings};

/// A ghost outlives every test.
const LONG: Duration = Duration::from_secs(3_600);

async fn start(change: impl FnOnce(&mut simulator::Settings)) -> (Simulator, Settings) {
    let mut world = simulator::Settings {
        token: SECRET.to_owned(),
        rate: 0.0,
        ghost_slot: LONG,
        ..simulator::Settings::default()
    };
    change(&mut world);
    against(world).await
}

/// Opens a stream and goes away.
async fn leave_a_ghost(simulator: &Simulator, settings: &Settings) {
    let ended = simulator.ledger().totals().ended;
    drop(XSource::new(settings).unwrap().connect().await.unwrap());
    simulator.ledger().wait_for(|totals| totals.ended > ended).await;
}

#[tokio::test]
async fn usage_and_connections_are_told() {
    let (simulator, settings) = start(|world| world.usage_cap = Some(77)).await;
    let account = XSource::new(&settings).unwrap().account();
    let usage = account.usage(None).await.unwrap();
    assert_eq!(
        (usage.posts, usage.cap, usage.cap_reset_day),
        (Some(0), Some(77), Some(12))
    );
    assert!(usage.days.is_empty());
    let usage = account.usage(Some(3)).await.unwrap();
    assert_eq!((usage.days.len(), usage.apps.len()), (1, 1));
    assert_eq!(account.connections(Which::All, None).await.unwrap(), []);
    leave_a_ghost(&simulator, &settings).await;
    let open = account
        .connections(Which::Active, Some("filtered_stream"))
        .await
        .unwrap();
    assert_eq!(open[0].endpoint.as_deref(), Some("filtered_stream"));
    let ids = vec![open[0].id.clone(), "nobody".to_owned()];
    let closed = account.close(&Targets::Ids(ids)).await.unwrap();
    assert_eq!((closed.closed, closed.failed[0].id.as_str()), (1, "nobody"));
    let ended = account.connections(Which::Inactive, None).await.unwrap();
    assert_eq!(ended[0].disconnect_reason.as_deref(), Some("client_disconnect"));
    assert_eq!(account.close(&Targets::All).await.unwrap().closed, 0);
}

#[tokio::test]
async fn refusals_and_garbage_are_told_apart() {
    let script = "account 1: status 403\naccount 2: status 429-rate 9s\naccount 3: garbage not-json\naccount 4: head-stall\n";
    let (_simulator, mut settings) = start(|world| world.faults = script.parse().unwrap()).await;
    settings.deadlines.head = Duration::from_millis(300);
    let account = XSource::new(&settings).unwrap().account();
    let mut classes = Vec::new();
    for _ in 0..4 {
        classes.push(match account.usage(None).await.unwrap_err() {
            AccountError::Request(error) => Some(error.class),
            AccountError::Answer(_) => None,
        });
    }
    assert_eq!(classes[0], Some(ConnectErrorClass::Refused));
    assert!(
        matches!(classes[1], Some(ConnectErrorClass::RateLimited { reset_in: Some(reset) }) if reset >= Duration::from_secs(8)),
        "{classes:?}"
    );
    assert_eq!(classes[2..], [None, Some(ConnectErrorClass::Network)]);
}

#[tokio::test]
async fn an_endless_answer_is_not_read_for_ever() {
    let body = "x".repeat(5_000_000);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = Server::saying(head + &body).await;
    let account = XSource::new(&settings(server.address)).unwrap().account();
    let error = account.usage(None).await.unwrap_err();
    assert!(
        matches!(&error, AccountError::Answer(why) if why.contains("broke off")),
        "{error}"
    );
    let circle = r#"{"data":[],"meta":{"next_token":"again"}}"#;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", circle.len());
    let server = Server::saying(head + circle).await;
    let account = XSource::new(&settings(server.address)).unwrap().account();
    let error = account.connections(Which::All, None).await.unwrap_err();
    assert!(
        matches!(&error, AccountError::Answer(why) if why.contains("pages")),
        "{error}"
    );
}

#[tokio::test]
async fn a_ghost_is_closed_once_where_that_is_wanted() {
    let (simulator, mut settings) = start(|_| {}).await;
    leave_a_ghost(&simulator, &settings).await;
    let error = refusal(&settings).await;
    assert_eq!(
        error.class,
        ConnectErrorClass::TooManyConnections,
        "ghosts are waited out by default"
    );
    settings.ghosts = Ghosts::Close;
    let source = XSource::new(&settings).unwrap();
    let connect = || async { source.connect().await.map(drop) };
    let error = connect().await.unwrap_err();
    assert_eq!(error.class, ConnectErrorClass::SlotFreed);
    assert!(
        error.detail.contains("closed 1 by X's Connections API: "),
        "{error}"
    );
    assert!(error.detail.contains("from 127.0.0.1"), "{error}");
    connect().await.unwrap();
    simulator.ledger().wait_for(|totals| totals.ended == 2).await;
    // Whoever has the slot so soon again is taken for another client.
    let error = connect().await.unwrap_err();
    assert_eq!(error.class, ConnectErrorClass::TooManyConnections);
    assert!(error.detail.contains("not closed again"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_closed_is_waited_out() {
    // The slots are taken, and nobody is there: X's bookkeeping, or a stream of v1.1.
    let faults = "connection 1-2: status 429-slots\naccount 2: status 503\n";
    let (_simulator, mut settings) = start(|world| world.faults = faults.parse().unwrap()).await;
    settings.ghosts = Ghosts::Close;
    let error = refusal(&settings).await;
    assert_eq!(error.class, ConnectErrorClass::TooManyConnections);
    assert!(
        error
            .detail
            .ends_with("X lists no connection of this stream to close"),
        "{error}"
    );
    let error = refusal(&settings).await;
    assert_eq!(error.class, ConnectErrorClass::TooManyConnections);
    assert!(error.detail.contains("closing them failed: HTTP 503"), "{error}");
    let none = Endpoint::ALL
        .into_iter()
        .filter(|endpoint| endpoint.name_in_connections().is_none());
    let none: Vec<_> = none.map(Endpoint::name).collect();
    assert_eq!(none, ["activity", "powerstream", "v1-filter", "v1-sample"]);
}
