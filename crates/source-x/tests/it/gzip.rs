//! gzip, against servers written by hand: each message at once, and what is wrong with a body said once and in words.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use source_x::{Compression, RulesClient};
use stream_core::source::{ConnectErrorClass, ReadError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::{Server, connect, drain, gone, refusal, settings};

const PATIENCE: Duration = Duration::from_secs(10);
const GZIPPED: &str = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
const LAST: &[u8] = b"0\r\n\r\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// Bytes of a gzip answer's body, then as `after` says.
async fn stream(bytes: Vec<u8>, waits: bool) -> Server {
    Server::start(move |mut socket: TcpStream| {
        let bytes = bytes.clone();
        async move {
            // The client may have seen enough.
            let _ = socket.write_all(GZIPPED.as_bytes()).await;
            let _ = socket.write_all(&bytes).await;
            if waits {
                gone(&mut socket).await;
            }
        }
    })
    .await
}

/// What came, and the end.
async fn read(server: &Server) -> (Vec<u8>, Result<(), ReadError>) {
    let mut connection = connect(&settings(server.address)).await.unwrap();
    let mut all = Vec::new();
    loop {
        match timeout(PATIENCE, connection.chunk()).await.unwrap() {
            Ok(Some(bytes)) => all.extend_from_slice(&bytes),
            Ok(None) => return (all, Ok(())),
            Err(error) => return (all, Err(error)),
        }
    }
}

#[tokio::test]
async fn each_message_is_out_before_the_next_is_written() {
    let (go, wait) = mpsc::unbounded_channel::<&str>();
    let wait = Arc::new(tokio::sync::Mutex::new(wait));
    let server = Server::start(move |mut socket| {
        let wait = wait.clone();
        async move {
            socket.write_all(GZIPPED.as_bytes()).await.unwrap();
            let mut encoder = GzEncoder::new(Vec::new(), Level::default());
            while let Some(message) = wait.lock().await.recv().await {
                encoder.write_all(message.as_bytes()).unwrap();
                encoder.flush().unwrap();
                let flushed = std::mem::take(encoder.get_mut());
                socket.write_all(&chunk(&flushed)).await.unwrap();
            }
            socket
                .write_all(&chunk(&encoder.finish().unwrap()))
                .await
                .unwrap();
            socket.write_all(LAST).await.unwrap();
        }
    })
    .await;
    let mut connection = connect(&settings(server.address)).await.unwrap();
    for message in [
        "{\"data\":{\"id\":\"1\"}}\r\n",
        "\r\n",
        "{\"data\":{\"id\":\"2\"}}\r\n",
    ] {
        // As on a quiet stream: seconds apart, and nothing else to push it out.
        tokio::time::sleep(Duration::from_secs(2)).await;
        go.send(message).unwrap();
        let came = timeout(Duration::from_secs(1), connection.chunk()).await;
        assert_eq!(came.unwrap().unwrap().unwrap(), message);
    }
    drop(go);
    assert_eq!(connection.chunk().await, Ok(None));
    assert!(server.heads()[0].contains("\r\naccept-encoding: gzip\r\n"));
}

#[tokio::test]
async fn what_the_head_says_of_a_body_is_believed_whatever_was_asked_for() {
    let body = [chunk(&gzip(b"one\r\n")), chunk(&gzip(b"two\r\n")), LAST.to_vec()].concat();
    let server = stream(body, false).await;
    let mut unasked = settings(server.address);
    unasked.compression = Compression::Off;
    let mut connection = connect(&unasked).await.unwrap();
    assert_eq!(drain(&mut *connection).await, b"one\r\ntwo\r\n");
    assert!(server.heads()[0].contains("\r\naccept-encoding: identity\r\n"));

    let plain = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\none\r\n").await;
    assert_eq!(read(&plain).await, (b"one\r\n".to_vec(), Ok(())));
}

#[tokio::test]
async fn a_damaged_body_is_a_broken_stream_after_all_that_was_whole() {
    let whole = gzip(b"one\r\n");
    let garbage = [&whole[..], b"no gzip"].concat();
    let cut = &whole[..whole.len() - 3];
    for (body, out, words) in [
        (
            &garbage[..],
            &b"one\r\n"[..],
            "the body is no gzip, or a damaged one: it does not begin as gzip does",
        ),
        (cut, b"one\r\n", "the body ended in the middle of its gzip"),
        (
            b"{\"data\":1}\r\n",
            b"",
            "the body is no gzip, or a damaged one: it does not begin as gzip does",
        ),
    ] {
        let server = stream([chunk(body), LAST.to_vec()].concat(), false).await;
        let broken = ReadError::Broken(words.to_owned());
        assert_eq!(read(&server).await, (out.to_vec(), Err(broken)));
    }
    // HTTP's own end comes first: the truth is that the connection broke.
    let server = stream(chunk(cut), false).await;
    let (out, end) = read(&server).await;
    assert_eq!(out, b"one\r\n");
    let Err(ReadError::Broken(words)) = end else {
        panic!("{end:?}")
    };
    assert!(!words.contains("gzip"), "{words}");
}

#[tokio::test]
async fn a_bomb_holds_nobody_up_and_ends_in_words() {
    let server = stream(chunk(&gzip(&vec![b' '; 256 << 20])), true).await;
    let mut connection = connect(&settings(server.address)).await.unwrap();
    // A neighbour on the same thread, as the watchdog of a reader.
    let beats = Arc::new(AtomicU32::new(0));
    let beating = beats.clone();
    let neighbour = tokio::spawn(async move {
        loop {
            beating.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let (mut out, mut before) = (0, None);
    let end = loop {
        match connection.chunk().await {
            Ok(Some(bytes)) => {
                assert!(bytes.len() <= 64 * 1024);
                out += bytes.len();
                before.get_or_insert_with(|| beats.load(Ordering::Relaxed));
            }
            end => break end,
        }
    };
    neighbour.abort();
    let Err(ReadError::Broken(words)) = end else {
        panic!("{end:?}")
    };
    assert!(words.contains("500 times its size"), "{words}");
    assert!((8 << 20..9 << 20).contains(&out), "{out}");
    let beaten = beats.load(Ordering::Relaxed);
    assert!(
        before.is_some_and(|before| before < beaten),
        "{before:?} {beaten}"
    );
}

#[tokio::test]
async fn silence_counts_what_comes_over_the_wire_but_not_for_ever() {
    const SILENCE: Duration = Duration::from_millis(300);
    let server = Server::start(|mut socket: TcpStream| async move {
        socket.write_all(GZIPPED.as_bytes()).await.unwrap();
        let mut encoder = GzEncoder::new(Vec::new(), Level::default());
        encoder.flush().unwrap();
        let head = std::mem::take(encoder.get_mut());
        socket.write_all(&chunk(&head)).await.unwrap();
        // Empty blocks, which other encoders write when they flush nothing, for ever.
        loop {
            let flushed = [0, 0, 0, 0xff, 0xff];
            if socket.write_all(&chunk(&flushed)).await.is_err() {
                return;
            }
            tokio::time::sleep(SILENCE / 6).await;
        }
    })
    .await;
    let mut settings = settings(server.address);
    settings.deadlines.silence = Some(SILENCE);
    let mut connection = connect(&settings).await.unwrap();
    let began = std::time::Instant::now();
    let end = timeout(PATIENCE, connection.chunk()).await.unwrap();
    assert!(began.elapsed() > 2 * SILENCE, "{:?}", began.elapsed());
    let words = "compressed bytes come, and nothing has come out of them for 600ms";
    assert_eq!(end, Err(ReadError::Broken(words.to_owned())));
}

#[tokio::test]
async fn errors_and_rules_are_read_in_whatever_form_they_come() {
    let problem =
        br#"{"title":"ConnectionException","connection_issue":"TooManyConnections","detail":"taken"}"#;
    let answer = |status: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    for body in [&gzip(problem)[..], problem] {
        let server = raw(answer("429 No", body)).await;
        let error = refusal(&settings(server.address)).await;
        assert_eq!(error.class, ConnectErrorClass::TooManyConnections, "{error}");
    }
    // A bomb of an error is read as far as it explains.
    let bomb = gzip(&[b"overload ".repeat(1000), vec![b'x'; 64 << 20]].concat());
    let server = raw(answer("503 No", &bomb)).await;
    let error = timeout(PATIENCE, refusal(&settings(server.address)))
        .await
        .unwrap();
    assert!(
        error.detail.starts_with("HTTP 503: overload") && error.detail.len() < 400,
        "{error}"
    );

    let rules = br#"{"data":[{"id":"1","value":"cats"}],"meta":{"sent":"2026-01-01T00:00:00Z"}}"#;
    let server = raw(answer("200 OK", &gzip(rules))).await;
    let client = RulesClient::new(&settings(server.address)).unwrap();
    assert_eq!(client.list().await.unwrap()[0].value, "cats");
}

async fn raw(bytes: Vec<u8>) -> Server {
    Server::start(move |mut socket: TcpStream| {
        let bytes = bytes.clone();
        async move { drop(socket.write_all(&bytes).await) }
    })
    .await
}
