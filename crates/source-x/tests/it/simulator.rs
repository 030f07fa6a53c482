//! Against the simulator: over TLS byte for byte with its ledger, its refusals, its rules.

use std::time::Duration;

use bytes::Bytes;
use simulator::fault::{Fault, FaultPlan, Socket, Status};
use simulator::{Chunking, Cut, Disconnect, Garbage, Simulator};
use source_x::rules::{Mode, NewRule, RuleProblem};
use source_x::{Endpoint, RulesClient, Settings, Token};
use stream_core::model::{DeadLetterReason, Lane};
use stream_core::source::{ConnectErrorClass, Connection, ReadError, Request, Split, Verdict};

use crate::support::{SECRET, against, authority, connect, refusal};

const ID: u64 = 1_700_000_000_000_000_000;

async fn start(change: impl FnOnce(&mut simulator::Settings)) -> (Simulator, Settings) {
    let mut world = simulator::Settings {
        token: SECRET.to_owned(),
        rate: 2_000.0,
        start_id: Some(ID),
        ..simulator::Settings::default()
    };
    change(&mut world);
    against(world).await
}

fn split(message: &Bytes) -> Split {
    source_x::split(Endpoint::Search.messages(), message)
}

/// The first `count` messages.
async fn messages(connection: &mut dyn Connection, count: usize) -> Vec<Bytes> {
    let (mut all, mut found) = (Vec::new(), Vec::new());
    while found.len() < count {
        all.extend_from_slice(&connection.chunk().await.unwrap().unwrap());
        while let Some(at) = all.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = all.drain(..=at).collect();
            let line = Bytes::copy_from_slice(line.trim_ascii_end());
            found.extend(Some(line).filter(|line| !line.is_empty()));
        }
    }
    found
}

#[tokio::test]
async fn over_tls_every_byte_of_the_ledger_arrives_and_splits() {
    let (simulator, mut settings) = start(|world| {
        world.tls = true;
        world.posts = Some(500);
        world.chunking = Chunking::Random;
        world.keep_alive = Duration::from_millis(100);
    })
    .await;
    let ca = authority(&simulator);
    settings.ca_file = Some(ca.path().to_owned());
    let mut connection = connect(&settings).await.unwrap();
    let lines = messages(&mut *connection, 500).await;
    let posts = simulator.ledger().posts();
    assert!(
        lines.iter().eq(posts.iter().map(|post| &post.line)),
        "the ledger has other posts"
    );
    for (line, post) in lines.iter().zip(&posts) {
        let split = split(line);
        assert_eq!((split.kind, &split.verdict), ("post", &Verdict::Continue));
        assert_eq!(split.key.as_deref(), Some(post.id.as_bytes()));
        assert_eq!(split.value(Lane::Responses, line).as_ref(), Some(line));
        assert_eq!(split.value(Lane::Tweets, line), Some(post.data()));
        let data: serde_json::Value = serde_json::from_slice(&post.data()).unwrap();
        let created = data["created_at"].as_str().unwrap();
        assert_eq!(split.created_at.unwrap().to_string()[..19], created[..19]);
        let parts = [
            (Lane::Includes, post.includes()),
            (Lane::Errors, post.errors()),
            (Lane::MatchingRules, post.matching_rules()),
        ];
        for (lane, part) in parts {
            let expected = part.filter(|part| part != "null").map(|part| {
                let head = format!("{{\"tweet_id\":\"{}\",\"{}\":", post.id, lane.name());
                Bytes::from([head.as_bytes(), &part, b"}"].concat())
            });
            assert_eq!(split.value(lane, line), expected, "{lane} of {}", post.id);
        }
    }
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_not_trusted() {
    let (simulator, mut settings) = start(|world| world.tls = true).await;
    let (other, _) = start(|world| world.tls = true).await;
    let ca = authority(&other);
    settings.ca_file = Some(ca.path().to_owned());
    let error = refusal(&settings).await;
    assert_eq!(
        (error.class, error.request),
        (ConnectErrorClass::Certificate, Request::NotSent)
    );
    assert!(
        error.detail.contains("certificate") && error.detail.contains("ca_file"),
        "{error}"
    );
    assert_eq!(simulator.attempts(), 0);
}

#[tokio::test]
async fn each_refusal_has_its_class() {
    use ConnectErrorClass::{Http, RateLimited, Refused, TooManyConnections, UsageCapped};
    let reset = Duration::from_secs(300);
    let cases = [
        (Status::Unauthorized, Refused),
        (Status::Forbidden, Refused),
        (Status::NotFound, Refused),
        (Status::Conflict, Refused),
        (Status::Redirect, Refused),
        (Status::TooManyConnections, TooManyConnections),
        (Status::UsageCap, UsageCapped),
        (Status::Credits, UsageCapped),
        (Status::Provisioning, RateLimited { reset_in: None }),
        (Status::Unavailable, Http),
        (Status::Envoy, Http),
        (Status::Html, Http),
    ];
    for (status, class) in cases {
        let (_simulator, settings) =
            start(|world| world.faults = FaultPlan::once(1, Fault::Status(status))).await;
        assert_eq!(refusal(&settings).await.class, class, "{status:?}");
    }
    for status in [Status::RateLimited { reset }, Status::RateLimitedText { reset }] {
        let (_simulator, settings) =
            start(|world| world.faults = FaultPlan::once(1, Fault::Status(status))).await;
        let RateLimited {
            reset_in: Some(found),
        } = refusal(&settings).await.class
        else {
            panic!("{status:?}");
        };
        assert!(found.abs_diff(reset) <= Duration::from_secs(2), "{found:?}");
    }
    let (_simulator, mut settings) = start(|_| {}).await;
    settings.credentials = Token::from_value("another").into();
    assert_eq!(refusal(&settings).await.class, Refused);
}

#[tokio::test]
async fn ends_are_told_apart() {
    for (fault, broken) in [
        (Fault::CleanEnd, false),
        (Fault::Reset, true),
        (Fault::Cut(Cut::Chunk), true),
    ] {
        let (_simulator, settings) = start(|world| world.faults = FaultPlan::once(1, fault.clone())).await;
        let mut connection = connect(&settings).await.unwrap();
        let end = loop {
            match connection.chunk().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert_eq!(
            matches!(end, Err(ReadError::Broken(_))),
            broken,
            "{fault:?}: {end:?}"
        );
    }
}

#[tokio::test]
async fn silence_on_an_open_stream_is_noticed() {
    let (_simulator, mut settings) =
        start(|world| world.faults = FaultPlan::once(1, Fault::Silence(None))).await;
    settings.deadlines.silence = Some(Duration::from_millis(300));
    let mut connection = connect(&settings).await.unwrap();
    let end = loop {
        if let Err(end) = connection.chunk().await {
            break end;
        }
    };
    assert_eq!(end, ReadError::Silence(Duration::from_millis(300)));
}

#[tokio::test]
async fn a_server_disconnect_on_a_socket_left_open_is_heard() {
    let fault = Fault::Disconnect(Disconnect::Upstream, Socket::LeftOpen);
    let (_simulator, settings) = start(|world| world.faults = FaultPlan::once(1, fault)).await;
    let mut connection = connect(&settings).await.unwrap();
    let mut all = Vec::new();
    let words = loop {
        all.extend_from_slice(&connection.chunk().await.unwrap().unwrap());
        let messages = all
            .split(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\r"));
        let splits = messages.map(|line| split(&Bytes::copy_from_slice(line.trim_ascii_end())));
        let verdict = splits
            .map(|split| split.verdict)
            .find(|verdict| *verdict != Verdict::Continue);
        if let Some(Verdict::Disconnect(said)) = verdict {
            break said.detail;
        }
    };
    assert!(words.starts_with("UpstreamOperationalDisconnect"), "{words}");
}

#[tokio::test]
async fn garbage_splits_into_unknown_or_dead_letters() {
    use Garbage as G;
    for garbage in Garbage::ALL {
        let split = split(&Bytes::from(garbage.line()));
        let expected = match garbage {
            G::InvalidUtf8 => ("invalid", Some(DeadLetterReason::NotUtf8)),
            G::NotJson | G::Truncated | G::Nul | G::Bom | G::TwoObjects | G::Blank => {
                ("invalid", Some(DeadLetterReason::NotJson))
            }
            G::Array | G::Number | G::Null => ("invalid", Some(DeadLetterReason::NotAnObject)),
            G::DuplicateKeys => ("invalid", Some(DeadLetterReason::DuplicateKey)),
            G::EmptyObject | G::UnknownObject | G::DeepNesting => ("unknown", None),
            G::LoneSurrogate | G::HugeId => ("post", None),
        };
        assert_eq!((split.kind, split.dead_letter), expected, "{garbage:?}");
    }
}

#[tokio::test]
async fn after_its_own_death_a_client_meets_its_ghost_first() {
    let (simulator, settings) = start(|world| {
        world.ghost_slot = Duration::from_secs(3);
        world.connect_limit = 1_000;
    })
    .await;
    let mut connection = connect(&settings).await.unwrap();
    messages(&mut *connection, 1).await;
    drop(connection);
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    let error = refusal(&settings).await;
    assert_eq!(error.class, ConnectErrorClass::TooManyConnections);
    let mut connection = loop {
        match connect(&settings).await {
            Ok(connection) => break connection,
            Err(error) => assert_eq!(error.class, ConnectErrorClass::TooManyConnections),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    messages(&mut *connection, 1).await;
}

#[tokio::test]
async fn the_sample_stream_has_no_rules() {
    let (_simulator, mut settings) = start(|world| world.posts = Some(20)).await;
    settings.endpoint = Endpoint::Sample;
    let mut connection = connect(&settings).await.unwrap();
    for message in messages(&mut *connection, 10).await {
        let split = split(&message);
        assert_eq!((split.kind, split.values[Lane::MatchingRules]), ("post", None));
    }
}

#[tokio::test]
async fn rules_are_added_listed_and_deleted() {
    let (simulator, settings) = start(|world| world.rules_required = true).await;
    let error = refusal(&settings).await;
    assert!(error.detail.contains("birdfeed rules add"), "{error}");
    let client = RulesClient::new(&settings).unwrap();
    assert_eq!(client.list().await.unwrap(), []);
    let rule = |value: &str, tag: Option<&str>| NewRule {
        value: value.to_owned(),
        tag: tag.map(str::to_owned),
    };
    let wanted = [rule("cats has:images", Some("cats")), rule("dogs", None)];
    let tried = client.add(&wanted, Mode::DryRun).await.unwrap();
    assert_eq!((tried.created.len(), simulator.rules().len()), (2, 0));
    let done = client.add(&wanted, Mode::Apply).await.unwrap();
    assert_eq!((done.created.len(), done.errors.len()), (2, 0));
    let again = client.add(&wanted[..1], Mode::Apply).await.unwrap();
    assert!(
        matches!(again.errors[0].problem, RuleProblem::Duplicate { id: Some(_) }),
        "{again:?}"
    );
    let mut listed = client.list().await.unwrap();
    listed.sort_by(|a, b| a.value.cmp(&b.value));
    let found: Vec<_> = listed
        .iter()
        .map(|rule| (rule.value.as_str(), rule.tag.as_deref()))
        .collect();
    assert_eq!(found, [("cats has:images", Some("cats")), ("dogs", None)]);
    connect(&settings).await.unwrap();
    let gone = client.delete(&[listed[0].id.clone()], Mode::Apply).await.unwrap();
    assert_eq!((gone.deleted, gone.not_deleted), (1, 0));
    assert_eq!(client.list().await.unwrap().len(), 1);
    assert_eq!(client.delete(&[], Mode::Apply).await.unwrap().deleted, 0);
}

#[tokio::test]
async fn a_refused_request_about_rules_has_its_class() {
    let (_simulator, mut settings) = start(|_| {}).await;
    settings.credentials = Token::from_value("another").into();
    let client = RulesClient::new(&settings).unwrap();
    match client.list().await.unwrap_err() {
        source_x::rules::RulesError::Request(error) => assert_eq!(error.class, ConnectErrorClass::Refused),
        error => panic!("{error}"),
    }
}
