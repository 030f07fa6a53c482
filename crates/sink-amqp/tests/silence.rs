//! Servers that do not answer. Alone in its program, because it counts threads.

#![allow(clippy::unwrap_used, clippy::too_many_lines, reason = "a test may panic")]

#[path = "it/common.rs"]
mod common;

use std::time::{Duration, Instant};

use stream_core::sink::{Sink as _, SinkError};
use tokio::net::TcpListener;

use crate::common::{open, settings, sink};

fn io_threads() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).ok())
        .filter(|name| name.trim_end() == "lapin-io-loop")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_costs_one_deadline_and_leaves_nothing_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut accepted = Vec::new();
    let sink = sink(&settings(&format!(
        "amqp://guest:guest@{address}/%2f?connection_timeout=1000"
    )));

    let began = Instant::now();
    let both = async {
        let lanes = [open(&sink), open(&sink), open(&sink)];
        futures_util::future::join_all(lanes).await
    };
    tokio::pin!(both);
    let results = loop {
        tokio::select! {
            results = &mut both => break results,
            socket = listener.accept() => accepted.push(socket.unwrap().0),
        }
    };
    for result in results {
        let error = result.err().unwrap();
        assert!(
            matches!(&error, SinkError::Unavailable(text)
            if text.contains(&address.to_string()) && text.contains("no answer")),
            "{error:?}"
        );
    }
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "three lanes share one attempt"
    );
    // The sockets are still open at the other end, and yet nothing of ours waits for them.
    let end = Instant::now() + Duration::from_secs(5);
    while io_threads() > 0 {
        assert!(Instant::now() < end, "{} threads are left", io_threads());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(accepted);
    drop(listener);
    let refused = sink.check().await.unwrap_err();
    assert!(
        matches!(&refused, SinkError::Unavailable(text) if text.contains("refused")),
        "{refused:?}"
    );
}
