//! Connecting and reading, against servers written by hand: how a head, a body and a silence are taken.

use std::time::Duration;

use simulator::{Fault, FaultPlan, Simulator};
use source_x::{Query, RulesClient, SettingsError, Token, XSource};
use stream_core::source::{ConnectErrorClass, ReadError, Request, Source as _};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::{SECRET, STREAM, Server, against, authority, connect, drain, gone, refusal, settings};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_stream_is_asked_for_and_read_to_its_end() {
    let server = Server::saying(format!("{STREAM}3\r\nab\r\r\n4\r\n\ncd\n\r\n0\r\n\r\n")).await;
    let mut settings = settings(server.address);
    settings.query = Query {
        tweet_fields: vec!["created_at".to_owned()],
        backfill_minutes: Some(2),
        ..Query::default()
    };
    let mut connection = connect(&settings).await.unwrap();
    assert_eq!(drain(&mut *connection).await, b"ab\r\ncd\n");
    let head = &server.heads()[0];
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        head.starts_with(
            "GET /2/tweets/search/stream?tweet.fields=created_at&backfill_minutes=2 HTTP/1.1\r\n"
        )
    );
    for line in [
        format!("host: {}", server.address),
        format!("authorization: Bearer {SECRET}"),
        format!("user-agent: birdfeed/{version}"),
        "accept-encoding: gzip".to_owned(),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn every_answer_says_how_far_the_clocks_are_apart_a_refusal_too() {
    let answer = "HTTP/1.1 503 Service Unavailable\r\ndate: Tue, 25 Nov 2025 12:00:00 GMT\r\ncontent-length: 0\r\n\r\n";
    let server = Server::saying(answer).await;
    let source = XSource::new(&settings(server.address)).unwrap();
    assert_eq!(source.clock_skew(), None);
    assert!(source.account().usage(None).await.is_err());
    let past_that = source.clock_skew().unwrap();
    let since = std::time::UNIX_EPOCH + Duration::from_secs(1_764_072_000);
    let expected = since.elapsed().unwrap().as_secs_f64();
    assert!((past_that - expected).abs() < 30.0, "{past_that} {expected}");
    let (_simulator, right) = against(simulator::Settings::default()).await;
    let source = XSource::new(&right).unwrap();
    source.rules().list().await.unwrap();
    assert_eq!(source.clock_skew(), Some(0.0));
}

#[tokio::test]
async fn a_clean_end_and_a_broken_one_are_told_apart() {
    let whole = Server::saying(format!("{STREAM}2\r\nab\r\n0\r\n\r\n")).await;
    let mut connection = connect(&settings(whole.address)).await.unwrap();
    assert_eq!(connection.chunk().await.unwrap().unwrap(), "ab");
    assert_eq!(connection.chunk().await, Ok(None));
    for tail in ["", "5\r\nab", "zz\r\n"] {
        let broken = Server::saying(format!("{STREAM}2\r\nab\r\n{tail}")).await;
        let mut connection = connect(&settings(broken.address)).await.unwrap();
        let end = loop {
            match connection.chunk().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert!(matches!(end, Err(ReadError::Broken(_))), "{tail:?}: {end:?}");
    }
}

#[tokio::test]
async fn silence_ends_the_wait_even_if_every_call_is_cut_short() {
    let server = Server::saying_and_waiting(STREAM).await;
    let mut settings = settings(server.address);
    settings.deadlines.silence = Some(SHORT);
    let mut connection = connect(&settings).await.unwrap();
    let read = async {
        loop {
            if let Ok(end) = timeout(SHORT / 10, connection.chunk()).await {
                break end;
            }
        }
    };
    let end = timeout(Duration::from_secs(10), read).await.unwrap();
    assert_eq!(end, Err(ReadError::Silence(SHORT)));
}

#[tokio::test]
async fn a_dropped_call_loses_nothing() {
    let (go, wait) = mpsc::unbounded_channel::<()>();
    let wait = std::sync::Arc::new(tokio::sync::Mutex::new(wait));
    let server = Server::start(move |mut socket| {
        let wait = wait.clone();
        async move {
            socket.write_all(STREAM.as_bytes()).await.unwrap();
            let mut wait = wait.lock().await;
            while wait.recv().await.is_some() {
                socket.write_all(b"1\r\nx\r\n").await.unwrap();
            }
            socket.write_all(b"0\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let mut connection = connect(&settings(server.address)).await.unwrap();
    let mut read = 0;
    for _ in 0..200 {
        go.send(()).unwrap();
        tokio::select! {
            biased;
            bytes = connection.chunk() => read += bytes.unwrap().unwrap().len(),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(go);
    assert_eq!(read + drain(&mut *connection).await.len(), 200);
}

#[tokio::test]
async fn dropping_the_connection_closes_the_socket() {
    let (closed, mut told) = mpsc::unbounded_channel();
    let server = Server::start(move |mut socket| {
        let closed = closed.clone();
        async move {
            socket.write_all(STREAM.as_bytes()).await.unwrap();
            gone(&mut socket).await;
            closed.send(()).unwrap();
        }
    })
    .await;
    drop(connect(&settings(server.address)).await.unwrap());
    timeout(Duration::from_secs(10), told.recv())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_token_goes_nowhere_else() {
    let other = Server::saying(STREAM).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let location = format!("http://{}/2/tweets/search/stream", other.address);
        let server = Server::saying(format!(
            "HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let error = refusal(&settings(server.address)).await;
        assert_eq!(error.class, ConnectErrorClass::Refused);
        assert!(error.detail.contains("redirect refused"), "{error}");
    }
    assert!(other.heads().is_empty());
}

#[tokio::test]
async fn a_slow_head_runs_into_its_deadline() {
    for said in ["", "HTTP/1.1 200 OK\r\nx-slow"] {
        let server = Server::saying_and_waiting(said).await;
        let mut settings = settings(server.address);
        settings.deadlines.head = SHORT;
        let error = refusal(&settings).await;
        assert_eq!(error.class, ConnectErrorClass::Network);
        assert!(error.detail.contains("head of the answer"), "{error}");
    }
}

#[tokio::test]
async fn heads_that_make_no_sense_are_network_errors() {
    let long = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "a".repeat(1024 * 1024));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(10_000));
    for (said, class) in [
        ("", ConnectErrorClass::Network),
        ("SSH-2.0-x\r\n", ConnectErrorClass::Network),
        ("HTTP/1.1 99999 no\r\n\r\n", ConnectErrorClass::Network),
        // A head of X's is never that large, however often one asks.
        (&long, ConnectErrorClass::Refused),
        (&many, ConnectErrorClass::Refused),
    ] {
        let server = Server::saying(said).await;
        let error = refusal(&settings(server.address)).await;
        assert_eq!((error.class, error.request), (class, Request::Sent), "{error}");
        assert!(error.detail.len() < 300);
    }
}

#[tokio::test]
async fn a_page_in_the_place_of_a_stream_is_a_refusal_with_its_text() {
    let page = "<html>\n<head><title>Sign in</title></head>\n<body>\nto the network\n</body>\n</html>\n";
    let typed = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nretry-after: 9\r\ncontent-length: {}\r\n\r\n{page}",
        page.len()
    );
    let server = Server::saying(typed).await;
    let error = refusal(&settings(server.address)).await;
    assert_eq!(
        (error.class, error.status),
        (ConnectErrorClass::Refused, Some(200))
    );
    assert_eq!(error.retry_after, Some(Duration::from_secs(9)));
    assert!(error.detail.contains("Sign in to the network"), "{error}");
    // One that does not say what it is shows it with its first byte.
    let untyped = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{page}", page.len());
    let server = Server::saying(untyped).await;
    let mut connection = connect(&settings(server.address)).await.unwrap();
    let Err(ReadError::Refused(error)) = connection.chunk().await else {
        panic!("a page is no stream")
    };
    assert!(error.detail.contains("Sign in to the network"), "{error}");
    assert_eq!(connection.chunk().await, Ok(None));
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_runs_into_the_connect_deadline() {
    // An authority of our own, for a machine that has none; the handshake never gets so far.
    let simulator = Simulator::start(simulator::Settings {
        tls: true,
        faults: FaultPlan::once(1, Fault::TlsStall(None)),
        ..simulator::Settings::default()
    })
    .await
    .unwrap();
    let ca = authority(&simulator);
    let mut settings = settings(simulator.addr());
    settings.base_url = Some(simulator.base_url());
    settings.ca_file = Some(ca.path().to_owned());
    settings.deadlines.connect = SHORT;
    let error = refusal(&settings).await;
    assert_eq!(simulator.faults().fired_of("tls-stall"), 1);
    assert_eq!(
        (error.class, error.request),
        (ConnectErrorClass::Network, Request::NotSent)
    );
    assert!(
        error.detail.starts_with("connecting to ") && error.detail.contains(": nothing within"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_listening_is_a_network_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(listener.local_addr().unwrap());
    drop(listener);
    let error = refusal(&settings).await;
    assert_eq!(
        (error.class, error.request),
        (ConnectErrorClass::Network, Request::NotSent)
    );
}

#[tokio::test]
async fn a_server_that_repeats_the_token_does_not_bring_it_into_the_error() {
    let body = format!("bad credentials: Bearer {SECRET}");
    let answer = format!("HTTP/1.1 401 No\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let server = Server::saying(answer).await;
    let error = refusal(&settings(server.address)).await;
    assert_eq!(
        (error.class, error.status),
        (ConnectErrorClass::Refused, Some(401))
    );
    assert!(error.detail.contains("[redacted]"), "{error}");
}

#[tokio::test]
async fn an_error_without_an_end_is_understood_by_its_beginning() {
    let words = "x".repeat(100_000);
    let server = Server::saying_and_waiting(format!("HTTP/1.1 503 No\r\n\r\n{words}")).await;
    let error = refusal(&settings(server.address)).await;
    assert_eq!((error.class, error.status), (ConnectErrorClass::Http, Some(503)));
    assert!(error.detail.contains("xxx") && error.detail.len() < 400);
}

#[tokio::test]
async fn a_stream_in_an_unknown_coding_is_an_http_error() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\n").await;
    let error = refusal(&settings(server.address)).await;
    assert_eq!((error.class, error.status), (ConnectErrorClass::Http, Some(200)));
}

#[tokio::test]
async fn a_damaged_error_is_understood_by_its_status() {
    let head = "HTTP/1.1 429 No\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n";
    let server = Server::saying(format!("{head}\x1f\x08binary!")).await;
    let error = refusal(&settings(server.address)).await;
    assert_eq!(error.class, ConnectErrorClass::RateLimited { reset_in: None });
    assert_eq!(error.detail, "HTTP 429");
}

#[tokio::test]
async fn rules_that_repeat_the_token_do_not_bring_it_into_the_error() {
    let body = format!(r#"{{"meta":"{SECRET}"}}"#);
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let server = Server::saying(answer).await;
    let client = RulesClient::new(&settings(server.address)).unwrap();
    let error = client.list().await.unwrap_err().to_string();
    assert!(error.contains("[redacted]") && !error.contains(SECRET), "{error}");
}

#[tokio::test]
async fn the_token_file_is_read_for_each_connect() {
    let server = Server::saying(STREAM).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    let mut settings = settings(server.address);
    settings.credentials = Token::from_file(&path).into();
    let source = XSource::new(&settings).unwrap();
    let error = source.connect().await.err().unwrap();
    assert_eq!((error.class, error.status), (ConnectErrorClass::Refused, None));
    assert!(error.detail.contains(path.to_str().unwrap()));
    for token in ["first", "second"] {
        std::fs::write(&path, format!("{token}\n")).unwrap();
        source.connect().await.unwrap();
        let head = server.heads().pop().unwrap();
        assert!(head.contains(&format!("authorization: Bearer {token}\r\n")));
    }
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let good = settings("127.0.0.1:1".parse().unwrap());
    let with = |change: fn(&mut source_x::Settings)| {
        let mut settings = good.clone();
        change(&mut settings);
        assert!(!format!("{settings:?}").contains(SECRET));
        XSource::new(&settings).err().unwrap()
    };
    let error = with(|settings| settings.base_url = Some("http://example.com".to_owned()));
    assert!(matches!(error, SettingsError::BaseUrl(_)));
    let error = with(|settings| settings.user_agent = "a\nb".to_owned());
    assert!(matches!(error, SettingsError::UserAgent));
    let error = with(|settings| settings.query.media_fields = vec!["urll".to_owned(), "x".to_owned()]);
    assert!(matches!(&error, SettingsError::Query(errors) if errors.len() == 2));
    let error = with(|settings| {
        settings.base_url = Some("https://127.0.0.1:1".to_owned());
        settings.ca_file = Some("/nowhere/ca.pem".into());
    });
    assert!(
        error.to_string().starts_with("ca_file /nowhere/ca.pem: "),
        "{error}"
    );
}
