//! What keeps lanes from delivering, as its status tells it.

use std::time::Duration;

use stream_core::model::Lane;
use stream_core::pipeline::{Bound, OnStuck};
use stream_core::sink::SinkError;
use stream_core::testing::memory::Fault;

use crate::common::{Rig, Run, firsts, plain, post, send, until};

fn refused() -> SinkError {
    SinkError::Unavailable("k:9092: Connection refused".to_owned())
}

fn few_replicas() -> SinkError {
    SinkError::Operator("x.tweets: 1 replica in sync, min.insync.replicas is 2".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_with_nothing_under_way_follows_its_broker_s_health() {
    let rig = Rig::with_lanes([Lane::Tweets]);
    let run = rig.start();
    send(&run.script.accept(), [post(0)]).await;
    run.journaled(1).await;
    run.settled().await;
    until("connected", || run.lane(Lane::Tweets).connected).await;
    rig.memory.ail(Some(refused()));
    until("not connected", || !run.lane(Lane::Tweets).connected).await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!(lane.last_error, Some(refused().to_string()));
    assert!(lane.last_error_at.is_some());
    assert_eq!((lane.errors_unavailable, lane.errors_operator), (1, 0));
    // The same again is no change.
    rig.memory.ail(Some(refused()));
    rig.memory.ail(Some(few_replicas()));
    until("another cause", || run.lane(Lane::Tweets).errors_operator == 1).await;
    assert_eq!(run.lane(Lane::Tweets).errors_unavailable, 1);
    rig.memory.ail(None);
    until("connected again", || run.lane(Lane::Tweets).connected).await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!((lane.last_error, lane.last_error_at), (None, None));
    assert_eq!(rig.memory.opened(Lane::Tweets), 1, "the publisher stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_lane_whose_publisher_has_ended_opens_another() {
    let rig = Rig::with_lanes([Lane::Tweets]);
    let run = rig.start();
    send(&run.script.accept(), [post(0)]).await;
    run.journaled(1).await;
    run.settled().await;
    until("connected", || run.lane(Lane::Tweets).connected).await;
    rig.memory.go_down();
    until("not connected", || !run.lane(Lane::Tweets).connected).await;
    rig.memory.come_up();
    until("connected again", || run.lane(Lane::Tweets).connected).await;
    assert!(rig.memory.opened(Lane::Tweets) > 1);
    until("over", || run.lane(Lane::Tweets).last_error.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_whose_records_wait_asks_why_and_says_it() {
    let rig = Rig::with_lanes([Lane::Tweets]);
    let run = rig.start();
    let wire = run.script.accept();
    rig.memory.answer(Some(few_replicas()));
    rig.memory.hold(Lane::Tweets);
    send(&wire, [post(0)]).await;
    until("the answer", || {
        run.lane(Lane::Tweets).last_error == Some(few_replicas().to_string())
    })
    .await;
    let lane = run.lane(Lane::Tweets);
    assert!(lane.connected && lane.errors_operator > 0, "{lane:?}");
    until("asked again", || rig.memory.inquiries() > 1).await;
    rig.memory.release(Lane::Tweets);
    run.settled().await;
    until("over", || run.lane(Lane::Tweets).last_error.is_none()).await;
    assert_eq!(run.lane(Lane::Tweets).resets, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_at_opening_is_over_when_a_publisher_opens_and_nothing_waits() {
    let rig = Rig::with_lanes([Lane::Tweets]);
    rig.memory.fault_open(Fault::Fails(refused()));
    rig.memory.fault_open(Fault::Fails(refused()));
    let run = rig.start();
    send(&run.script.accept(), [post(0)]).await;
    until("opened", || run.lane(Lane::Tweets).connected).await;
    run.journaled(1).await;
    run.settled().await;
    until("over", || run.lane(Lane::Tweets).last_error.is_none()).await;
    assert_eq!(run.lane(Lane::Tweets).errors_unavailable, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_its_topic_refuses_is_cut_to_what_it_takes() {
    for (limit, fate) in [(20_000, (1, 0)), (100, (0, 1))] {
        let rig = Rig::with_lanes([Lane::Tweets, Lane::DeadLetter]);
        rig.memory.limit(Lane::Tweets, 20_000);
        rig.memory.limit(Lane::DeadLetter, limit);
        let run = rig.start();
        let wire = run.script.accept();
        let big = plain(0, 60_000);
        send(&wire, [post(1), big.clone(), post(2)]).await;
        run.journaled(3).await;
        run.settled().await;
        until("the letter's fate", || {
            let lane = run.lane(Lane::DeadLetter);
            (lane.delivered, lane.dropped) == fate
        })
        .await;
        let tweets = run.lane(Lane::Tweets);
        assert_eq!((tweets.delivered, tweets.dead_lettered), (2, 1));
        for letter in rig.memory.stored(Lane::DeadLetter) {
            let letter = String::from_utf8(letter.value.to_vec()).unwrap();
            assert!(letter.contains(&format!("\"length\":{},", big.len())), "{letter}");
            assert!(letter.contains("refused by the script") && letter.len() > 10_000);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_has_its_own_records_before_it_and_not_everybody_s() {
    let rig = Rig::with_lanes([Lane::Tweets, Lane::Errors]);
    rig.memory.go_down();
    let pending = |run: &Run| {
        let of = |lane| run.lane(lane).pending;
        (of(Lane::Tweets), of(Lane::Errors))
    };
    for life in 1..=3 {
        let run = rig.start();
        let wire = run.script.accept();
        let before = (life - 1) * 1_000;
        until("what stands is counted", || pending(&run) == (before, 0)).await;
        send(&wire, (0..1_000).map(|n| plain(n, 50))).await;
        run.journaled(1_000).await;
        assert_eq!(pending(&run), (before + 1_000, 0));
        rig.crash(run).await;
    }
    rig.memory.come_up();
    let run = rig.start();
    run.settled().await;
    assert_eq!(rig.memory.stored(Lane::Tweets).len(), 3_000);
    let wire = run.script.accept();
    rig.memory.hold(Lane::Tweets);
    send(&wire, (0..100).map(|n| plain(n, 50))).await;
    run.journaled(100).await;
    assert_eq!(pending(&run), (100, 0));
    rig.memory.release(Lane::Tweets);
    run.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_may_drop_keeps_what_its_bound_says_and_tells_the_rest() {
    for bound in [Bound::Age(Duration::from_secs(1)), Bound::Bytes(50_000)] {
        let mut rig = Rig::with_lanes([Lane::Tweets, Lane::Includes, Lane::Events]);
        rig.settings.on_stuck[Lane::Tweets] = OnStuck::DropOldest(bound);
        rig.memory.go_down();
        let run = rig.start();
        let wire = run.script.accept();
        send(&wire, (0..500).map(post)).await;
        run.journaled(500).await;
        until("dropped", || run.lane(Lane::Tweets).dropped > 100).await;
        rig.memory.come_up();
        send(&wire, [post(500)]).await;
        run.journaled(501).await;
        run.settled().await;
        let lane = run.lane(Lane::Tweets);
        assert_eq!((lane.received, lane.delivered), (501, 501 - lane.dropped));
        assert_eq!(rig.counts.of("dropped stuck"), lane.dropped);
        assert_eq!(
            lane.published, lane.delivered,
            "what is dropped is not handed over"
        );
        assert_eq!(run.lane(Lane::Includes).dropped, 0, "it holds");
        let kept: Vec<_> = (lane.dropped as usize..501).map(post).collect();
        assert_eq!(firsts(&rig.memory.stored(Lane::Tweets)), kept);
        let told = || -> u64 {
            let events = firsts(&rig.memory.stored(Lane::Events));
            let events = events.iter().map(|event| serde_json::from_slice(event).unwrap());
            let dropped = events.filter(|event: &serde_json::Value| event["type"] == "dropped");
            dropped.map(|event| event["records"].as_u64().unwrap()).sum()
        };
        until("told", || told() == lane.dropped).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_holds_drops_nothing_however_often_it_starts_again() {
    let rig = Rig::with_lanes([Lane::Tweets]);
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..200).map(post)).await;
    for _ in 0..5 {
        rig.memory.go_down();
        until("not connected", || !run.lane(Lane::Tweets).connected).await;
        send(&wire, (0..20).map(post)).await;
        rig.memory.come_up();
        until("connected", || run.lane(Lane::Tweets).connected).await;
    }
    run.journaled(300).await;
    run.settled().await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!((lane.received, lane.delivered, lane.dropped), (300, 300, 0));
}
