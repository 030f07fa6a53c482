//! What becomes of a stream, event by event.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use birdfeed::{
    ConnectOutcome, Deadlines, DisconnectReason, Error, Event, Exit, MessageKind, Stream, WaitClass,
};
use simulator::{At, Chunking, Disconnect, Fault, FaultPlan, Garbage, Moment, Socket, Status, Step};

use crate::support::{TOKEN, first, next, start};

#[tokio::test]
async fn posts_are_those_of_the_ledger_byte_for_byte() {
    let (simulator, builder) = start(FaultPlan::default(), |world| {
        world.posts = Some(300);
        world.chunking = Chunking::Random;
        world.keep_alive = Duration::from_millis(50);
    })
    .await;
    let mut stream = builder.build().unwrap();
    assert!(matches!(
        next(&mut stream).await,
        Some(Event::Connected { connection: 1 })
    ));
    let mut posts = Vec::new();
    loop {
        match next(&mut stream).await.unwrap() {
            Event::Post(post) => posts.push(post),
            Event::KeepAlive if posts.len() == 300 => break,
            Event::KeepAlive => {}
            other => panic!("{other:?}"),
        }
    }
    let ledger = simulator.ledger().posts();
    assert_eq!(posts.len(), ledger.len());
    for (post, written) in posts.iter().zip(&ledger) {
        assert_eq!(post.message().raw(), &written.line);
        assert_eq!(post.raw(), &written.data());
        assert_eq!(post.id(), written.id.as_str());
    }
    assert!(posts.iter().any(|post| post.author().is_some()));
    assert!(posts.iter().any(|post| !post.matching_rules().is_empty()));
}

#[tokio::test]
async fn a_refusal_is_told_whole_and_the_wait_after_it_ends_at_once_when_asked() {
    let fault = Fault::Status(Status::TooManyConnections);
    let (_simulator, builder) = start(FaultPlan::once(1, fault), |_| {}).await;
    let mut stream = builder.build().unwrap();
    let Some(Event::RequestError(error)) = next(&mut stream).await else {
        panic!("no refusal");
    };
    assert_eq!(
        (error.status, error.outcome),
        (429, ConnectOutcome::TooManyConnections)
    );
    let body = String::from_utf8_lossy(&error.body);
    assert!(body.contains("TooManyConnections"), "{body}");
    assert_ne!(error.headers["x-rate-limit-remaining"], "0");
    let Some(Event::Waiting(waiting)) = next(&mut stream).await else {
        panic!("no wait");
    };
    assert_eq!(waiting.class, WaitClass::RateLimited);
    assert!(waiting.wait > Duration::from_secs(30), "{waiting:?}");
    let handle = stream.handle();
    let asked = Instant::now();
    handle.disconnect();
    assert!(handle.is_disconnected());
    let Some(Event::Disconnected(end)) = next(&mut stream).await else {
        panic!("no end");
    };
    assert_eq!((end.exit, end.discarded), (Exit::Asked, 0));
    assert!(asked.elapsed() < Duration::from_secs(2));
    assert!(next(&mut stream).await.is_none() && next(&mut stream).await.is_none());
}

#[tokio::test]
async fn one_failure_is_too_many_for_who_wants_no_retry() {
    let faults = FaultPlan::once(1, Fault::Status(Status::Unavailable));
    let (_simulator, builder) = start(faults, |_| {}).await;
    let mut stream = builder.max_retries(0).build().unwrap();
    let Some(Event::RequestError(error)) = next(&mut stream).await else {
        panic!("no refusal");
    };
    assert_eq!((error.status, error.outcome), (503, ConnectOutcome::Http));
    let Some(Event::Disconnected(end)) = next(&mut stream).await else {
        panic!("no end");
    };
    assert_eq!(end.exit, Exit::RetriesExhausted);
}

#[tokio::test]
async fn nobody_there_is_an_error_of_the_connection_each_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let builder = Stream::builder(TOKEN).base_url(format!("http://{address}"));
    let mut stream = builder.max_retries(2).build().unwrap();
    let mut failures = 0;
    let end = loop {
        match next(&mut stream).await.unwrap() {
            Event::ConnectionError(error) => {
                assert_eq!(error.reason, None);
                assert!(error.detail.contains("connecting to"), "{error:?}");
                failures += 1;
            }
            Event::Waiting(waiting) => assert_eq!(waiting.class, WaitClass::Network),
            Event::Disconnected(end) => break end,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((failures, end.exit), (3, Exit::RetriesExhausted));
}

#[tokio::test]
async fn a_goodbye_on_a_socket_left_open_closes_and_the_stream_comes_back() {
    let fault = Fault::Disconnect(Disconnect::Upstream, Socket::LeftOpen);
    let (_simulator, builder) = start(FaultPlan::once(1, fault), |_| {}).await;
    let mut stream = builder.build().unwrap();
    let message = first(&mut stream, |event| match event {
        Event::Other(message) => Some(message),
        _ => None,
    })
    .await;
    assert_eq!(message.kind(), MessageKind::Error);
    let title = message.errors()[0].text("title").map(Cow::into_owned);
    assert_eq!(title.as_deref(), Some("operational-disconnect"));
    let closed = first(&mut stream, |event| match event {
        Event::Closed(closed) => Some(closed),
        _ => None,
    })
    .await;
    assert_eq!(closed.reason, DisconnectReason::Goodbye);
    let again = first(&mut stream, |event| match event {
        Event::Connected { connection } => Some(connection),
        _ => None,
    });
    assert_eq!(again.await, 2);
}

#[tokio::test]
async fn silence_breaks_and_garbage_does_not() {
    let step = |posts, fault| Step {
        at: At::connection(1),
        moment: Moment::AfterPosts(posts),
        fault,
    };
    let garbage = step(3, Fault::Garbage(Garbage::NotJson));
    let faults = FaultPlan::new([garbage, step(6, Fault::Silence(None))]);
    let (_simulator, builder) = start(faults, |_| {}).await;
    let silence = Duration::from_millis(500);
    let deadlines = Deadlines {
        silence: Some(silence),
        ..Deadlines::default()
    };
    let mut stream = builder.deadlines(deadlines).build().unwrap();
    let garbage = first(&mut stream, |event| match event {
        Event::Other(message) => Some(message.kind()),
        _ => None,
    });
    assert_eq!(garbage.await, MessageKind::Invalid);
    let reason = first(&mut stream, |event| match event {
        Event::ConnectionError(error) => Some(error.reason),
        _ => None,
    });
    assert_eq!(reason.await, Some(DisconnectReason::Silence));
}

#[tokio::test]
async fn who_takes_too_slowly_has_the_stream_closed_and_opened_again() {
    let (_simulator, builder) = start(FaultPlan::default(), |_| {}).await;
    let mut stream = builder.buffer(100_000).build().unwrap();
    assert!(matches!(next(&mut stream).await, Some(Event::Connected { .. })));
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (mut posts, mut bytes) = (0, 0);
    let closed = loop {
        match next(&mut stream).await.unwrap() {
            Event::Post(post) => {
                posts += 1;
                bytes += post.message().raw().len();
            }
            Event::Closed(closed) => break closed,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(closed.reason, DisconnectReason::JournalFull);
    assert!(closed.detail.contains("too slowly"), "{closed:?}");
    // What the reader read at once may be above the bound.
    assert!(posts > 0 && bytes < 400_000, "{posts} posts of {bytes} bytes");
    let again = first(&mut stream, |event| match event {
        Event::Connected { connection } => Some(connection),
        _ => None,
    });
    assert_eq!(again.await, 2);
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_closed() {
    let (simulator, builder) = start(FaultPlan::default(), |_| {}).await;
    let mut stream = builder.build().unwrap();
    assert!(matches!(next(&mut stream).await, Some(Event::Connected { .. })));
    drop(stream);
    let closed = async {
        while simulator
            .ledger()
            .connections()
            .iter()
            .any(|one| one.end.is_none())
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .unwrap();
}

#[test]
fn what_cannot_work_is_said_before_anything_connects() {
    let Err(error) = Stream::filter(" ") else {
        panic!("an empty token")
    };
    assert!(matches!(error, Error::Token(_)));
    assert_eq!(format!("{error:?}"), "the bearer token is empty");
    let builder = Stream::builder(TOKEN)
        .tweet_fields(["athor_id"])
        .backfill_minutes(6);
    let Err(error) = builder.build() else {
        panic!("a wrong name")
    };
    let expected =
        "tweet.fields: X knows no \"athor_id\"; did you mean \"author_id\"?; backfill_minutes: 0 to 5, not 6";
    assert_eq!(error.to_string(), expected);
    let Err(error) = Stream::builder(TOKEN).base_url("http://example.org").build() else {
        panic!("the token in the clear")
    };
    assert!(error.to_string().starts_with("base_url"), "{error}");
}

#[tokio::test]
async fn one_that_is_disconnected_before_its_first_event_ends_with_it() {
    let (simulator, builder) = start(FaultPlan::default(), |_| {}).await;
    let mut stream = builder.build().unwrap();
    stream.disconnect();
    let Some(Event::Disconnected(end)) = next(&mut stream).await else {
        panic!("not the end");
    };
    assert_eq!(end.exit, Exit::Asked);
    assert!(next(&mut stream).await.is_none());
    assert_eq!(simulator.ledger().totals().posts, 0);
}

#[tokio::test]
async fn what_is_read_and_not_taken_is_counted_when_it_is_discarded() {
    let (simulator, builder) = start(FaultPlan::default(), |world| world.posts = Some(50)).await;
    let mut stream = builder.build().unwrap();
    assert!(matches!(next(&mut stream).await, Some(Event::Connected { .. })));
    simulator
        .ledger()
        .wait_for(|totals| totals.whole_posts == 50)
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream.disconnect();
    let Some(Event::Disconnected(end)) = next(&mut stream).await else {
        panic!("not the end");
    };
    assert_eq!((end.exit, end.discarded), (Exit::Asked, 50));
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_way() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (simulator, builder) = start(FaultPlan::default(), |world| world.tls = true).await;
    let url = format!("http://user:secret@{}", proxy.local_addr().unwrap());
    let mut stream = builder.proxy(url).max_retries(0).build().unwrap();
    let asked = async {
        let (socket, _) = proxy.accept().await.unwrap();
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line).await.unwrap();
        line
    };
    let (asked, event) = tokio::join!(asked, next(&mut stream));
    let address = simulator.base_url().replace("https://", "");
    assert_eq!(asked, format!("CONNECT {address} HTTP/1.1\r\n"));
    let Some(Event::ConnectionError(error)) = event else {
        panic!("{event:?}");
    };
    assert!(
        error.detail.contains("through http://127.0.0.1") && !error.detail.contains("secret"),
        "{error:?}"
    );
    let Err(error) = Stream::builder(TOKEN).proxy("ftp://user:secret@host").build() else {
        panic!("a proxy of ftp");
    };
    assert_eq!(
        error.to_string(),
        "proxy: the scheme must be http, https, socks5 or socks5h"
    );
}

#[tokio::test]
async fn a_server_is_trusted_whose_authority_is_in_the_file() {
    let (simulator, builder) = start(FaultPlan::default(), |world| world.tls = true).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), simulator.ca_pem().unwrap()).unwrap();
    let mut stream = builder.ca_file(file.path()).build().unwrap();
    let post = first(&mut stream, |event| match event {
        Event::Post(post) => Some(post),
        _ => None,
    });
    assert!(!post.await.id().is_empty());
    let builder = Stream::builder(TOKEN).base_url(simulator.base_url());
    let mut stream = builder.max_retries(0).build().unwrap();
    let Some(Event::ConnectionError(error)) = next(&mut stream).await else {
        panic!("it is trusted without");
    };
    assert!(error.detail.contains("ca_file"), "{error:?}");
}

#[tokio::test]
async fn a_page_in_the_place_of_a_stream_is_told_whole() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let builder = Stream::builder(TOKEN).base_url(format!("http://{}", listener.local_addr().unwrap()));
    let mut stream = builder.max_retries(0).build().unwrap();
    let portal = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = socket.read(&mut request).await.unwrap();
        let page = "<html>Log in, simulator-token</html>";
        let length_of_page = page.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length_of_page}\r\n\r\n{page}"
        );
        socket.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    };
    let (request, event) = tokio::join!(portal, next(&mut stream));
    assert!(
        request.starts_with("GET /2/tweets/search/stream HTTP/1.1\r\n"),
        "{request}"
    );
    let Some(Event::RequestError(error)) = event else {
        panic!("{event:?}");
    };
    assert_eq!((error.status, error.outcome), (200, ConnectOutcome::Refused));
    assert_eq!(error.headers["content-type"], "text/html");
    // The token does not come back to those who print what they got.
    assert_eq!(error.body, "<html>Log in, [redacted]</html>");
}

#[tokio::test]
async fn a_gap_is_filled_where_the_account_has_it_and_told_in_any_case() {
    for allowed in [true, false] {
        let end = Step {
            at: At::connection(1),
            moment: Moment::AfterPosts(20),
            fault: Fault::Reset,
        };
        let faults = FaultPlan::new([end]);
        let (_simulator, builder) = start(faults, |world| world.backfill_allowed = allowed).await;
        let mut stream = builder.backfill_as_needed().build().unwrap();
        let (mut ids, mut filled) = (Vec::new(), None);
        while ids.len() < 60 {
            match next(&mut stream).await.unwrap() {
                Event::Post(post) => ids.push(post.id().into_owned()),
                Event::Gap(gap) => {
                    assert!(gap.from <= gap.to);
                    filled = Some(gap.filled);
                }
                Event::RequestError(error) => assert_eq!((error.status, allowed), (400, false)),
                _ => {}
            }
        }
        assert_eq!(filled, Some(allowed));
        let different: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(
            different.len() < ids.len(),
            allowed,
            "{} of {}",
            different.len(),
            ids.len()
        );
    }
}
