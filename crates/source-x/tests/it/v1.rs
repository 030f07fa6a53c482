//! v1.1 and Powerstream, against the simulator: signatures, refusals, framings, what messages mean.

use std::time::Duration;

use bytes::Bytes;
use simulator::{Endpoint as Served, Fault, FaultPlan, Notice, OAuthKeys, Simulator, Socket};
use source_x::check::CheckError;
use source_x::oauth::Keys;
use source_x::{Endpoint, Filter, Settings, SettingsError, Token, XSource};
use stream_core::model::Lane;
use stream_core::source::{ConnectErrorClass, Connection, Framing, Source as _, Split, Verdict};

use crate::support::{SECRET, connect, refusal};

fn keys() -> Keys {
    let OAuthKeys {
        consumer_key,
        consumer_secret,
        access_token,
        access_token_secret,
    } = OAuthKeys::default();
    Keys {
        consumer_key: Token::from_value(consumer_key),
        consumer_secret: Token::from_value(consumer_secret),
        access_token: Token::from_value(access_token),
        access_token_secret: Token::from_value(access_token_secret),
    }
}

async fn start(change: impl FnOnce(&mut simulator::Settings)) -> (Simulator, Settings) {
    let mut world = simulator::Settings {
        token: SECRET.to_owned(),
        rate: 2_000.0,
        ..simulator::Settings::default()
    };
    change(&mut world);
    let simulator = Simulator::start(world).await.unwrap();
    let settings = Settings {
        base_url: Some(simulator.base_url()),
        endpoint: Endpoint::V1Filter,
        filter: Filter {
            track: vec![
                "cats".to_owned(),
                "tokio & async".to_owned(),
                "naïve + ~".to_owned(),
            ],
            ..Filter::default()
        },
        ..Settings::new(keys())
    };
    (simulator, settings)
}

fn split(message: &Bytes) -> Split {
    source_x::split(Endpoint::V1Filter.messages(), message)
}

/// The body up to so many bytes at least.
async fn body(connection: &mut dyn Connection, bytes: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < bytes {
        all.extend_from_slice(&connection.chunk().await.unwrap().unwrap());
    }
    all
}

/// The next message of a stream of lines.
async fn next(connection: &mut dyn Connection, rest: &mut Vec<u8>) -> Option<Bytes> {
    loop {
        if let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=at).collect();
            if line.trim_ascii_end().is_empty() {
                continue;
            }
            return Some(Bytes::copy_from_slice(line.trim_ascii_end()));
        }
        rest.extend_from_slice(&connection.chunk().await.ok()??);
    }
}

#[tokio::test]
async fn signed_streams_bring_the_statuses_of_the_ledger() {
    for endpoint in [Endpoint::V1Filter, Endpoint::V1Sample] {
        let (simulator, mut settings) = start(|world| {
            world.posts = Some(50);
            world.chunking = simulator::Chunking::Random;
        })
        .await;
        settings.endpoint = endpoint;
        if endpoint == Endpoint::V1Sample {
            settings.filter = Filter {
                language: vec!["en".to_owned(), "zh-cn".to_owned()],
                ..Filter::default()
            };
        }
        let mut connection = connect(&settings).await.unwrap();
        let mut rest = Vec::new();
        for _ in 0..50 {
            let message = next(&mut *connection, &mut rest).await.unwrap();
            let posts = simulator.ledger().posts();
            let post = posts.iter().find(|post| post.line == message).unwrap();
            let split = split(&message);
            assert_eq!(
                (split.kind, split.key.as_deref()),
                ("post", Some(post.id.as_bytes()))
            );
            assert_eq!(split.value(Lane::Tweets, &message).unwrap(), message);
            let status: serde_json::Value = serde_json::from_slice(&message).unwrap();
            let created = split.created_at.unwrap().millis();
            assert_eq!(status["timestamp_ms"], created.to_string());
        }
    }
}

#[tokio::test]
async fn lengths_are_asked_for_and_come() {
    let (simulator, mut settings) = start(|world| world.posts = Some(20)).await;
    settings.filter.framing = Framing::Lengths;
    let mut connection = connect(&settings).await.unwrap();
    assert_eq!(connection.framing(), Framing::Lengths);
    simulator
        .ledger()
        .wait_for(|totals| totals.whole_posts == 20)
        .await;
    let expected = simulator.ledger().body(1);
    assert_eq!(body(&mut *connection, expected.len()).await, expected);
    let first = &simulator.ledger().posts()[0].line;
    let announced = format!("{}\r\n", first.len() + 2);
    assert!(expected.starts_with(announced.as_bytes()));
}

#[tokio::test]
async fn wrong_keys_and_a_wrong_clock_are_told_apart_and_no_secret_is_said() {
    let (simulator, mut settings) = start(|_| {}).await;
    settings.credentials = Keys {
        consumer_secret: Token::from_value("AAAA-wrong-secret"),
        ..keys()
    }
    .into();
    let error = refusal(&settings).await;
    assert_eq!(
        (error.class, error.status),
        (ConnectErrorClass::Refused, Some(401))
    );
    assert!(
        error.detail.contains("Unauthorized") && error.detail.contains("clock"),
        "{error}"
    );
    assert!(!format!("{error:?} {settings:?}").contains("AAAA-wrong-secret"));
    assert_eq!(simulator.ledger().totals().connections, 0);
    settings.credentials = Token::from_value(SECRET).into();
    let refused = XSource::new(&settings).err().unwrap();
    assert!(
        matches!(refused, SettingsError::Credentials(Endpoint::V1Filter)),
        "{refused}"
    );
    settings.endpoint = Endpoint::Search;
    settings.filter = Filter::default();
    settings.credentials = keys().into();
    assert!(matches!(
        XSource::new(&settings).err(),
        Some(SettingsError::Credentials(_))
    ));
}

#[tokio::test]
async fn a_filter_that_would_be_refused_connects_to_nothing() {
    let (simulator, mut settings) = start(|_| {}).await;
    settings.filter = Filter::default();
    let refused = XSource::new(&settings).err().unwrap().to_string();
    assert!(refused.contains("at least one of them"), "{refused}");
    assert_eq!(simulator.attempts(), 0);
}

#[tokio::test]
async fn the_oldest_stream_of_the_same_keys_is_told_code_7() {
    let (simulator, settings) = start(|_| {}).await;
    let mut first = connect(&settings).await.unwrap();
    let (mut rest, mut second) = (Vec::new(), None);
    let verdict = loop {
        let message = next(&mut *first, &mut rest).await.unwrap();
        if second.is_none() {
            second = Some(connect(&settings).await.unwrap());
        }
        match split(&message).verdict {
            Verdict::Continue => {}
            verdict => break verdict,
        }
    };
    let Verdict::Disconnect(said) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(said.refusal, Some(ConnectErrorClass::TooManyConnections));
    assert!(said.detail.contains("code 7, admin logout"), "{}", said.detail);
    assert!(
        next(&mut *second.unwrap(), &mut Vec::new()).await.is_some(),
        "the newest goes on"
    );
    assert_eq!(simulator.ledger().totals().connections, 2);
}

#[tokio::test]
async fn too_many_logins_are_420_with_their_text() {
    let (_simulator, settings) = start(|world| world.connect_limit = 1).await;
    drop(connect(&settings).await.unwrap());
    let error = refusal(&settings).await;
    assert_eq!(
        (error.class, error.status),
        (ConnectErrorClass::RateLimited { reset_in: None }, Some(420))
    );
    assert!(error.detail.contains("Enhance your calm."), "{error}");
}

#[tokio::test]
async fn every_type_of_message_is_known_and_a_negative_count_ends() {
    let notices = Notice::ALL.map(|notice| simulator::Step {
        at: simulator::At::EveryConnection,
        moment: simulator::Moment::AfterPosts(1),
        fault: Fault::Notice(notice),
    });
    let (_simulator, mut settings) = start(|world| {
        world.faults = FaultPlan::new(notices);
        world.backfill_allowed = true;
        world.posts = Some(5);
    })
    .await;
    let mut connection = connect(&settings).await.unwrap();
    let (mut rest, mut kinds) = (Vec::new(), Vec::new());
    while kinds.len() < Notice::ALL.len() + 5 {
        let message = next(&mut *connection, &mut rest).await.unwrap();
        kinds.push(split(&message).kind);
    }
    let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
    let found = ["post", "compliance", "limit", "warning", "unknown", "invalid"].map(count);
    assert_eq!(found, [5, 4, 1, 2, 5, 0], "{kinds:?}");
    drop(connection);
    settings.filter.count = Some(-3);
    let mut connection = connect(&settings).await.unwrap();
    let mut rest = Vec::new();
    for _ in 0..3 {
        let message = next(&mut *connection, &mut rest).await.unwrap();
        assert_eq!(split(&message).kind, "post");
    }
    let last = next(&mut *connection, &mut rest).await.unwrap();
    assert!(matches!(split(&last).verdict, Verdict::Finished(_)), "{last:?}");
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_warned_if_it_asked_for_it() {
    let (simulator, mut settings) = start(|world| {
        world.rate = 20_000.0;
        world.slow_reader = Duration::from_secs(2);
    })
    .await;
    settings.filter.stall_warnings = true;
    let mut connection = connect(&settings).await.unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut rest = Vec::new();
    while simulator.ledger().totals().controls == 0 {
        assert!(tokio::time::Instant::now() < deadline, "no warning");
        // Full by now; then it is read for a moment, before the server gives up.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let reading = async {
            while let Ok(Some(chunk)) = connection.chunk().await {
                rest.extend_from_slice(&chunk);
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(300), reading).await;
    }
    let lines = simulator.ledger().lines();
    let warning = lines
        .iter()
        .find(|line| line.fault.as_deref() == Some("falling-behind"))
        .unwrap();
    assert_eq!(split(&warning.bytes).kind, "warning");
}

#[tokio::test]
async fn powerstream_says_where_it_comes_from_and_sends_statuses_alone_or_listed() {
    let (simulator, mut settings) = start(|world| world.posts = Some(60)).await;
    settings.endpoint = Endpoint::Powerstream;
    settings.filter = Filter::default();
    settings.credentials = Token::from_value(SECRET).into();
    settings.query.local_dc_only = Some(true);
    let source = XSource::new(&settings).unwrap();
    let mut connection = source.connect().await.unwrap();
    let (mut rest, mut listed) = (Vec::new(), 0);
    let first = next(&mut *connection, &mut rest).await.unwrap();
    assert!(first.starts_with(br#"{"type":"connection_metadata""#));
    assert_eq!(source.split(&first).kind, "unknown");
    for _ in 0..60 {
        let line = next(&mut *connection, &mut rest).await.unwrap();
        let message = match source.messages(&line) {
            Some(messages) => {
                listed += 1;
                messages[0].clone()
            }
            None => line,
        };
        let split = source.split(&message);
        let posts = simulator.ledger().posts();
        let post = posts.iter().find(|post| post.data() == message).unwrap();
        assert_eq!(
            (split.kind, split.key.as_deref()),
            ("post", Some(post.id.as_bytes()))
        );
    }
    assert!((1..60).contains(&listed), "{listed}");
    assert_eq!(simulator.ledger().connections()[0].endpoint, Served::Powerstream);
    settings.query.backfill_minutes = Some(5);
    assert_eq!(refusal(&settings).await.status, Some(400));
}

#[tokio::test]
async fn the_keys_can_be_tried_without_a_stream() {
    let (simulator, mut settings) = start(|_| {}).await;
    XSource::new(&settings).unwrap().check().await.unwrap();
    assert_eq!(simulator.ledger().totals().connections, 0);
    settings.credentials = Keys {
        access_token: Token::from_value("another"),
        ..keys()
    }
    .into();
    let refused = XSource::new(&settings).unwrap().check().await.unwrap_err();
    assert!(
        matches!(&refused, CheckError::Keys(error) if error.status == Some(401)),
        "{refused}"
    );
}

#[tokio::test]
async fn a_goodbye_on_a_socket_left_open_is_heard() {
    let fault = Fault::Code(12, Socket::LeftOpen);
    let (_simulator, settings) = start(|world| world.faults = FaultPlan::once(1, fault)).await;
    let mut connection = connect(&settings).await.unwrap();
    let message = next(&mut *connection, &mut Vec::new()).await.unwrap();
    let Verdict::Disconnect(said) = split(&message).verdict else {
        panic!("{message:?}")
    };
    assert_eq!(
        (said.refusal, said.detail.as_str()),
        (None, "disconnect code 12, shed load: shed load")
    );
}
