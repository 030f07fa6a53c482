//! Every fault within a stream, seen from the client.

use std::time::Duration;

use simulator::{Arrival, End, Fault, FaultPlan, Garbage, LineKind, Origin, Settings, Simulator, Status};

use crate::client::{Ending, Reply, SEARCH, TOKEN, connect, get, send};

/// A simulator of 20 posts with a fault script.
async fn scripted(script: &str) -> Simulator {
    let faults = script.parse::<FaultPlan>().unwrap();
    Simulator::start(Settings {
        rate: 5_000.0,
        posts: Some(20),
        faults,
        ..Settings::default()
    })
    .await
    .unwrap()
}

async fn open(simulator: &Simulator) -> Reply {
    let stream = get(simulator.addr(), SEARCH).await;
    assert_eq!(stream.status, 200);
    stream
}

async fn ended(simulator: &Simulator) -> End {
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    simulator.ledger().connections()[0].end.unwrap()
}

#[tokio::test]
async fn refuse_closes_at_accept() {
    let simulator = scripted("connection 1: refuse").await;
    assert!(
        send(connect(simulator.addr()).await, "GET", SEARCH, TOKEN, "")
            .await
            .is_none()
    );
    assert_eq!(simulator.faults().fired_of("refuse"), 1);
    assert_eq!(open(&simulator).await.lines(20).await.len(), 20);
    assert_eq!(simulator.attempts(), 2);
}

#[tokio::test]
async fn stalls_say_nothing() {
    let simulator =
        scripted("connection 1: tls-stall 50ms\nconnection 2: head-stall 50ms\nconnection 3: head-stall")
            .await;
    for _ in 0..2 {
        assert!(
            send(connect(simulator.addr()).await, "GET", SEARCH, TOKEN, "")
                .await
                .is_none()
        );
    }
    let asking = send(connect(simulator.addr()).await, "GET", SEARCH, TOKEN, "");
    assert!(
        tokio::time::timeout(Duration::from_millis(200), asking)
            .await
            .is_err()
    );
    assert_eq!(simulator.faults().fired_of("head-stall"), 2);
}

#[tokio::test]
async fn a_clean_end_after_some_posts() {
    let simulator = scripted("connection 1 after 5 posts: end").await;
    let mut stream = open(&simulator).await;
    assert_eq!(stream.end().await, Ending::Clean);
    assert_eq!(stream.body, simulator.ledger().body(1));
    assert_eq!(simulator.ledger().posts().len(), 5);
    assert_eq!(ended(&simulator).await, End::Clean);
    assert!(
        simulator
            .ledger()
            .posts()
            .iter()
            .all(|post| post.arrival == Arrival::Written)
    );
}

#[tokio::test]
async fn flapping_ends_every_connection() {
    let settings = Settings {
        faults: FaultPlan::flapping(),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    for _ in 1..=3 {
        let mut stream = open(&simulator).await;
        assert_eq!(stream.end().await, Ending::Clean);
        assert!(stream.body.is_empty());
    }
    assert_eq!(simulator.faults().fired_of("end"), 3);
}

#[tokio::test]
async fn a_reset_is_a_reset_and_its_lines_are_uncertain() {
    let simulator = scripted("connection 1 after 5 posts: reset").await;
    let mut stream = open(&simulator).await;
    assert_eq!(stream.end().await, Ending::Reset);
    assert_eq!(ended(&simulator).await, End::Reset);
    assert!(
        simulator
            .ledger()
            .posts()
            .iter()
            .all(|post| post.arrival == Arrival::Perhaps)
    );
    assert!(simulator.ledger().body(1).starts_with(&stream.body));
}

#[tokio::test]
async fn cuts_fall_where_they_should() {
    for (place, ending) in [
        ("line", Ending::Eof),
        ("utf8", Ending::Eof),
        ("chunk", Ending::Eof),
        ("ended", Ending::Clean),
    ] {
        let simulator = scripted(&format!("connection 1 after 3 posts: cut {place}")).await;
        let mut stream = open(&simulator).await;
        assert_eq!(stream.end().await, ending, "{place}");
        ended(&simulator).await;
        let posts = simulator.ledger().posts();
        let arrivals: Vec<Arrival> = posts.iter().map(|post| post.arrival).collect();
        let written = Arrival::Written;
        assert_eq!(
            arrivals,
            [written, written, written, Arrival::NotWritten],
            "{place}"
        );
        let mut received = stream.body.clone();
        if place == "chunk" {
            let left = stream.left_over();
            let data = left.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
            received.extend_from_slice(&left[data..]);
        }
        assert_eq!(received, simulator.ledger().body(1), "{place}");
        assert!(!received.ends_with(b"\n"));
        if place == "utf8" {
            assert!(std::str::from_utf8(&received).is_err());
        }
    }
}

#[tokio::test]
async fn disconnect_messages_with_and_without_a_close() {
    let simulator = scripted(
        "connection 1 after 2 posts: disconnect operational\nconnection 2: disconnect upstream open",
    )
    .await;
    let mut stream = open(&simulator).await;
    let lines = stream.lines(3).await;
    let message: serde_json::Value = serde_json::from_slice(&lines[2]).unwrap();
    assert_eq!(message["errors"][0]["disconnect_type"], "OperationalDisconnect");
    assert_eq!(message["errors"][0]["title"], "operational-disconnect");
    assert_eq!(stream.end().await, Ending::Clean);
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;

    let mut mute = open(&simulator).await;
    let line = mute.line().await.unwrap();
    assert!(
        String::from_utf8(line)
            .unwrap()
            .contains("\"UpstreamOperationalDisconnect\"")
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(200), mute.line())
            .await
            .is_err(),
        "it is open and mute"
    );
    assert_eq!(
        open(&simulator).await.lines(18).await.len(),
        18,
        "the slot is free"
    );
    assert_eq!(simulator.ledger().totals().controls, 2);
}

#[tokio::test]
async fn every_garbage_arrives_as_it_is_and_the_stream_goes_on() {
    let script: String = Garbage::ALL
        .iter()
        .map(|kind| format!("connection 1 after 4 posts: garbage {}\n", kind.name()))
        .collect();
    let simulator = scripted(&script).await;
    let lines = open(&simulator).await.lines(20 + Garbage::ALL.len()).await;
    for (at, kind) in Garbage::ALL.iter().enumerate() {
        assert_eq!(lines[4 + at], kind.line(), "{}", kind.name());
    }
    let entered = simulator.ledger().lines();
    let faults: Vec<_> = entered.iter().filter_map(|line| line.fault.clone()).collect();
    assert_eq!(faults.len(), Garbage::ALL.len());
    assert_eq!(faults[0], "garbage invalid-utf8");
    assert_eq!(simulator.ledger().totals().garbage as usize, Garbage::ALL.len());
    let all: Vec<Vec<u8>> = entered.iter().map(|line| line.bytes.to_vec()).collect();
    assert_eq!(lines, all);
}

#[tokio::test]
async fn an_oversize_line_has_exactly_that_size_and_is_valid() {
    let simulator = scripted("connection 1 after 1 post: oversize 1500000").await;
    let lines = open(&simulator).await.lines(3).await;
    assert_eq!(lines[1].len(), 1_500_000);
    assert!(serde_json::from_slice::<serde_json::Value>(&lines[1]).is_ok());
    assert_eq!(simulator.ledger().lines()[1].kind, LineKind::Oversize);
}

#[tokio::test]
async fn a_trickle_arrives_in_pieces_and_whole() {
    let simulator = scripted("connection 1 after 1 post: trickle 100 1ms").await;
    let mut stream = open(&simulator).await;
    let lines = stream.lines(20).await;
    assert_eq!(
        lines,
        simulator
            .ledger()
            .posts()
            .iter()
            .map(|post| post.line.to_vec())
            .collect::<Vec<_>>()
    );
    let pieces = stream
        .borders
        .windows(2)
        .filter(|two| two[1] - two[0] == 100)
        .count();
    assert!(pieces >= 5, "{pieces} pieces");
}

#[tokio::test]
async fn duplicates_and_posts_out_of_order() {
    let simulator =
        scripted("connection 1 after 3 posts: duplicate 2\nconnection 1 after 6 posts: out-of-order 4").await;
    let lines = open(&simulator).await.lines(22).await;
    let posts = simulator.ledger().posts();
    assert_eq!(
        lines,
        posts.iter().map(|post| post.line.to_vec()).collect::<Vec<_>>()
    );
    assert_eq!((&lines[3], &lines[4]), (&lines[1], &lines[2]));
    assert_eq!(
        (posts[3].origin, posts[2].origin),
        (Origin::Duplicate, Origin::Live)
    );
    let ids: Vec<&str> = posts[8..12].iter().map(|post| post.id.as_str()).collect();
    assert!(ids.windows(2).all(|two| two[0] > two[1]), "newest first: {ids:?}");
    assert!(posts[12].id > posts[8].id);
}

#[tokio::test]
async fn silence_ends_or_lasts() {
    let simulator =
        scripted("connection 1 after 2 posts: silence 50ms\nconnection 1 after 4 posts: silence").await;
    let mut stream = open(&simulator).await;
    stream.lines(4).await;
    assert!(
        tokio::time::timeout(Duration::from_millis(200), stream.line())
            .await
            .is_err()
    );
    assert_eq!(simulator.faults().fired_of("silence"), 2);
    assert_eq!(
        simulator.ledger().connections()[0].end,
        None,
        "the socket is open"
    );
    drop(stream);
    assert_eq!(ended(&simulator).await, End::ClientGone);
}

#[tokio::test]
async fn faults_repeat_and_follow_keep_alives() {
    let simulator = scripted("every connection every 5 posts: garbage number").await;
    let lines = open(&simulator).await.lines(24).await;
    for at in [5, 11, 17, 23] {
        assert_eq!(lines[at], Garbage::Number.line());
    }
    let faults = "connection 1 after 2 keep-alives: end".parse().unwrap();
    let keep_alive = Duration::from_millis(10);
    let settings = Settings {
        rate: 0.0,
        keep_alive,
        faults,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let mut stream = open(&simulator).await;
    assert_eq!(stream.end().await, Ending::Clean);
    assert_eq!(stream.body, b"\r\n\r\n");
}

#[tokio::test]
async fn a_fault_can_be_injected_into_the_open_stream() {
    let simulator = Simulator::start(Settings {
        rate: 0.0,
        ..Settings::default()
    })
    .await
    .unwrap();
    let mut stream = open(&simulator).await;
    simulator.inject(Fault::Garbage(Garbage::Array)).unwrap();
    assert_eq!(stream.line().await.unwrap(), Garbage::Array.line());
    simulator.inject(Fault::Reset).unwrap();
    assert_eq!(stream.end().await, Ending::Reset);
    let fired = ["garbage", "reset", "end"].map(|name| simulator.faults().fired_of(name));
    assert_eq!(fired, [1, 1, 0]);
    for early in [
        Fault::Refuse,
        Fault::TlsStall(None),
        Fault::HeadStall(None),
        Fault::Status(Status::Html),
    ] {
        assert!(simulator.inject(early).is_err());
    }
}

#[tokio::test]
async fn a_fault_that_finds_no_post_to_strike_does_not_count() {
    let simulator = scripted(
        "connection 1 after 20 posts: cut line\nconnection 1 after 20 posts: trickle 9 1ms\n\
         connection 1 after 20 posts: out-of-order\nconnection 1 after 20 posts: garbage null\n\
         connection 1 after 20 posts: duplicate\nconnection 1 after 20 posts: end",
    )
    .await;
    let mut stream = open(&simulator).await;
    assert_eq!(stream.lines(22).await[20], Garbage::Null.line());
    assert_eq!(stream.end().await, Ending::Clean);
    let fired: Vec<u64> = simulator.faults().fired().iter().map(|(_, n)| *n).collect();
    assert_eq!(fired, [0, 0, 0, 1, 1, 1]);
}
