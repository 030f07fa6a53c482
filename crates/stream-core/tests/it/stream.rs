//! The stream's side: a journal that is full, connections that end, and coming to rest.

use std::time::{Duration, Instant};

use stream_core::model::{Lane, StreamState};
use stream_core::pipeline::{Failure, WhenFull};
use stream_core::source::{ConnectErrorClass, ReadError};
use stream_core::testing::memory::{Fault, Settling};

use crate::common::{PATIENCE, Rig, check_chain, firsts, plain, post, send, until};

/// A journal that is full after about 1 MB, with 100 KB of memory in front of it.
fn small(when_full: WhenFull) -> Rig {
    let mut rig = Rig::new();
    rig.settings.journal.max_bytes = 1 << 20;
    rig.settings.journal.segment_bytes = 100_000;
    rig.settings.queue_bytes = 100_000;
    rig.settings.cache_bytes = 50_000;
    rig.settings.when_full = when_full;
    rig
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_journal_closes_the_stream_and_loses_nothing() {
    let mut rig = small(WhenFull::Pause);
    rig.settings.limits.records = 10;
    rig.memory.settle(Settling::Late(Duration::from_millis(10)));
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    let again = run.script.accept();
    let mut sent = 0;
    while wire.lines([plain(sent, 1_000)]).await {
        sent += 1;
        tokio::time::sleep(Duration::from_micros(200)).await;
        assert!(sent < 10_000, "nobody closed the stream");
    }
    until("paused", || run.view.status().stream.state == StreamState::Paused).await;
    let status = run.view.status();
    assert!(status.stream.journal_blocked.is_some());
    assert_eq!(rig.counts.of("disconnected journal_full"), 1);
    rig.memory.come_up();
    until("streaming again", || run.view.status().stream.connections == 2).await;
    // Sooner, it would be full again at once.
    let held = run.view.status().journal.bytes;
    assert!(held <= rig.settings.journal.max_bytes / 4 * 3, "{held} bytes");
    send(&again, [plain(100_000, 1_000)]).await;
    until("the last is there", || {
        let stored = rig.memory.stored(Lane::Tweets);
        stored
            .last()
            .is_some_and(|record| record.value == plain(100_000, 1_000))
    })
    .await;
    run.settled().await;
    let tweets = firsts(&rig.memory.stored(Lane::Tweets));
    // What was still on the wire when the stream was closed was never read.
    let read = tweets.len() - 1;
    assert!(read + 20 >= sent && read <= sent, "{read} of {sent}");
    assert_eq!(
        tweets[..read],
        (0..read).map(|n| plain(n, 1_000)).collect::<Vec<_>>()
    );
    assert_eq!(run.view.status().stream.dropped, 0);
    let events = firsts(&rig.memory.stored(Lane::Events));
    let gap = events
        .iter()
        .find(|event| event.starts_with(br#"{"type":"gap""#))
        .unwrap();
    assert!(String::from_utf8_lossy(gap).contains("journal_full"));
    check_chain(&rig.memory.stored(Lane::Tweets));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_journal_drops_the_newest_if_told_so() {
    let rig = small(WhenFull::DropNewest);
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    for n in 0..2_000 {
        send(&wire, [plain(n, 1_000)]).await;
    }
    until("all were read", || {
        let dropped = run.view.status().stream.dropped;
        dropped > 0 && dropped == rig.counts.of("dropped journal_full")
    })
    .await;
    rig.memory.come_up();
    until("everything is accounted for", || {
        let status = run.view.status().stream;
        status.messages + status.dropped == 2_000
    })
    .await;
    run.settled().await;
    let status = run.view.status().stream;
    let tweets = rig.memory.stored(Lane::Tweets);
    assert_eq!(firsts(&tweets).len() as u64, status.messages);
    assert_eq!(status.connections, 1);
    check_chain(&tweets);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_refused_while_the_journal_is_full_does_not_block_for_ever() {
    let rig = small(WhenFull::Pause);
    rig.memory.go_down();
    rig.memory
        .refuse(plain(0, 1_000).into(), stream_core::testing::memory::Reach::Alone);
    let run = rig.start();
    let wire = run.script.accept();
    let mut sent = 0;
    while wire.lines([plain(sent, 1_000)]).await {
        sent += 1;
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    until("paused", || run.view.status().stream.state == StreamState::Paused).await;
    rig.memory.come_up();
    run.settled().await;
    assert_eq!(run.lane(Lane::Tweets).dead_lettered, 1);
    assert_eq!(firsts(&rig.memory.stored(Lane::DeadLetter)).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_ends_its_own_connection_only() {
    let rig = Rig::new();
    let run = rig.start();
    let first = run.script.accept();
    let second = run.script.accept();
    send(
        &first,
        [post(0), r#"{"only":"errors","goodbye":"so long"}"#.to_owned()],
    )
    .await;
    first.hung_up().await;
    until("connected again", || run.view.status().stream.connections == 2).await;
    send(&second, (1..50).map(post)).await;
    run.journaled(51).await;
    assert_eq!(rig.counts.of("disconnected goodbye"), 1);
    assert_eq!(run.view.status().stream.connections, 2);
    run.settled().await;
    assert_eq!(firsts(&rig.memory.stored(Lane::Errors)).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_is_seen_before_the_end_that_follows_it() {
    let rig = Rig::new();
    let run = rig.start();
    for n in 1..=8 {
        let wire = run.script.accept();
        send(
            &wire,
            [r#"{"only":"errors","goodbye":"OperationalDisconnect"}"#.to_owned()],
        )
        .await;
        wire.end(if n % 2 == 0 {
            Ok(())
        } else {
            Err(ReadError::Broken("reset".to_owned()))
        })
        .await;
        until("told", || rig.counts.of("disconnected goodbye") == n).await;
    }
    run.journaled(8).await;
    run.settled().await;
    let events = rig.memory.stored(Lane::Events);
    let said = |record: &&stream_core::model::Record| {
        let text = String::from_utf8_lossy(&record.value);
        text.contains(r#""reason":"goodbye","detail":"OperationalDisconnect""#)
    };
    assert_eq!(events.iter().filter(said).count(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_that_comes_late_ends_no_later_connection() {
    let rig = Rig::new();
    let run = rig.start();
    for n in 0..4 {
        let wire = run.script.accept();
        // The connection has ended by the time that the writer finds the goodbye.
        send(
            &wire,
            [post(n), r#"{"only":"errors","goodbye":"late"}"#.to_owned()],
        )
        .await;
        wire.end(Ok(())).await;
    }
    let last = run.script.accept();
    send(&last, (4..50).map(post)).await;
    run.journaled(54).await;
    run.settled().await;
    assert_eq!(run.view.status().stream.connections, 5);
    assert_eq!(run.view.status().stream.state, StreamState::Streaming);
    assert_eq!(
        firsts(&rig.memory.stored(Lane::Tweets)),
        (0..50).map(post).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_a_connection_is_told_and_survived() {
    let rig = Rig::new();
    let run = rig.start();
    run.script.refuse(ConnectErrorClass::Network);
    let ends = [
        Ok(()),
        Err(ReadError::Silence(Duration::from_secs(20))),
        Err(ReadError::Broken("reset".to_owned())),
    ];
    for (n, end) in ends.into_iter().enumerate() {
        let wire = run.script.accept();
        send(&wire, [post(n)]).await;
        assert!(wire.send(&b"half"[..]).await);
        wire.end(end).await;
        until("ended", || rig.counts.of("half line") == 4 * (n as u64 + 1)).await;
    }
    let wire = run.script.accept();
    send(&wire, [post(3)]).await;
    run.journaled(4).await;
    run.settled().await;
    for reason in ["clean_end", "silence", "broken"] {
        assert_eq!(rig.counts.of(&format!("disconnected {reason}")), 1, "{reason}");
    }
    assert_eq!((rig.counts.of("connect network"), rig.counts.of("gap")), (1, 3));
    let events = rig.memory.stored(Lane::Events);
    let refused = br#"{"type":"connect_failed","stream":"#;
    assert_eq!(
        events
            .iter()
            .filter(|event| event.value.starts_with(refused))
            .count(),
        1
    );
    assert!(wire.send(&b"half"[..]).await);
    until("read", || run.view.status().stream.last_byte.is_some()).await;
    assert_eq!(
        firsts(&rig.memory.stored(Lane::Tweets)),
        (0..4).map(post).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_what_was_read() {
    let rig = Rig::new();
    rig.memory.hold(Lane::Tweets);
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..2_000).map(post)).await;
    run.journaled(2_000).await;
    let memory = rig.memory.clone();
    let release = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        memory.release(Lane::Tweets);
    });
    let rest = run.pipeline.drain(PATIENCE).await;
    release.await.unwrap();
    rest.journal.unwrap();
    assert!(
        rest.status
            .lanes
            .iter()
            .all(|lane| lane.pending == 0 && lane.in_flight == 0)
    );
    assert_eq!(rig.memory.stored(Lane::Tweets).len(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_with_a_dead_or_hanging_sink_ends_within_its_budget() {
    for hang in [false, true] {
        let rig = Rig::new();
        if hang {
            // One for each lane that gets something.
            (0..4).for_each(|_| rig.memory.fault_open(Fault::Hangs));
        } else {
            rig.memory.go_down();
        }
        let run = rig.start();
        let wire = run.script.accept();
        send(&wire, (0..100).map(post)).await;
        run.journaled(100).await;
        let start = Instant::now();
        let rest = run.pipeline.drain(Duration::from_secs(2)).await;
        assert!(start.elapsed() < Duration::from_secs(8));
        rest.journal.unwrap();
        assert_eq!(
            rest.status.journal.end, 102,
            "two events and all messages are kept"
        );
        drop(run.view);
        let run = {
            rig.memory.come_up();
            rig.start()
        };
        run.settled().await;
        assert_eq!(firsts(&rig.memory.stored(Lane::Tweets)).len(), 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_is_a_failure_after_which_a_drain_still_works() {
    let mut rig = Rig::new();
    rig.settings.max_retries = Some(1);
    let mut run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..10).map(post)).await;
    // The end of a stream is no failure; two refusals in a row are one too many.
    wire.end(Ok(())).await;
    for _ in 0..2 {
        run.script.refuse(ConnectErrorClass::Network);
    }
    let failure = tokio::time::timeout(PATIENCE, run.pipeline.failed())
        .await
        .unwrap();
    assert!(matches!(failure, Failure::RetriesExhausted), "{failure}");
    let rest = run.pipeline.drain(PATIENCE).await;
    rest.journal.unwrap();
    assert_eq!(rig.memory.stored(Lane::Tweets).len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_at_once_for_a_small_journal_goes_in_portions() {
    let mut rig = small(WhenFull::Pause);
    rig.settings.queue_bytes = 16 << 20;
    let run = rig.start();
    let wire = run.script.accept();
    // One chunk of more than the journal holds, and in it a line that would never fit.
    let mut lines: Vec<_> = (0..12).map(|n| plain(n, 100_000)).collect();
    lines.insert(4, plain(100, 400_000));
    send(&wire, lines).await;
    run.journaled(12).await;
    run.settled().await;
    let tweets = firsts(&rig.memory.stored(Lane::Tweets));
    assert_eq!(tweets, (0..12).map(|n| plain(n, 100_000)).collect::<Vec<_>>());
    assert_eq!(rig.counts.of("dead letter oversize"), 1);
    assert_eq!(rig.memory.stored(Lane::DeadLetter).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_several_messages_is_as_many_and_the_books_balance() {
    let rig = Rig::new();
    let run = rig.start();
    let wire = run.script.accept();
    send(
        &wire,
        [
            plain(0, 10),
            format!("|{}|{}|garbage", plain(1, 10), plain(2, 10)),
            plain(3, 10),
        ],
    )
    .await;
    run.journaled(5).await;
    run.settled().await;
    let expected: Vec<_> = (0..4).map(|n| plain(n, 10)).collect();
    assert_eq!(firsts(&rig.memory.stored(Lane::Tweets)), expected);
    let status = run.view.status().stream;
    assert_eq!((status.received, status.messages, status.waiting), (5, 5, 0));
    assert_eq!(rig.counts.of("dead letter not_json"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_back_is_counted_once_though_it_is_told_as_a_sum() {
    let rig = Rig::new();
    let run = rig.start();
    let told = |sum: u32| format!(r#"{{"undelivered":"{sum}"}}"#);
    let wire = run.script.accept();
    let again = run.script.accept();
    // A sum that falls is no sum: what was counted stays.
    send(&wire, [told(10), told(15), told(3), told(16)]).await;
    run.journaled(4).await;
    wire.end(Ok(())).await;
    send(&again, [told(5)]).await;
    run.journaled(5).await;
    assert_eq!(rig.counts.of("undelivered"), 16 + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_complete_is_not_asked_for_again() {
    let rig = Rig::new();
    let mut run = rig.start();
    let wire = run.script.accept();
    let again = run.script.accept();
    send(&wire, [plain(0, 10), r#"{"finished":"all of it"}"#.to_owned()]).await;
    let failure = tokio::time::timeout(PATIENCE, run.pipeline.failed())
        .await
        .unwrap();
    assert!(matches!(failure, Failure::Finished), "{failure}");
    assert_eq!(rig.counts.of("disconnected finished"), 1);
    let rest = run.pipeline.drain(Duration::from_secs(20)).await;
    assert!(rest.failure.is_none() && rest.status.lanes.iter().all(|lane| lane.pending == 0));
    assert!(!again.send("x").await, "nobody connects a second time");
    assert_eq!(firsts(&rig.memory.stored(Lane::Tweets)).len(), 2);
}
