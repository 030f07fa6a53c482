//! From the wire to the sinks: what arrives, what a refusal does, and what lanes do to each other.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use stream_core::model::{Lane, Record};
use stream_core::pipeline::{Failure, Limits, NamedSink, Pipeline};
use stream_core::sink::{Health, Outcome, Publisher, Settled, Sink, SinkError, always_well};
use stream_core::telemetry::{LaneStatus, Observer};
use stream_core::testing::memory::{Fault, MemorySink, Reach, Settling};
use stream_core::testing::scripted::{beside, scripted};

use crate::common::{PATIENCE, Rig, check_chain, firsts, plain, post, send, until};

#[tokio::test(flavor = "multi_thread")]
async fn every_lane_gets_its_bytes() {
    let rig = Rig::new();
    let run = rig.start();
    let wire = run.script.accept();
    // In portions that respect no boundary.
    let bytes: Vec<u8> = (0..500)
        .flat_map(|n| [post(n).as_bytes(), b"\r\n"].concat())
        .collect();
    for chunk in bytes.chunks(1_237) {
        assert!(wire.send(chunk.to_vec()).await);
    }
    run.journaled(500).await;
    run.settled().await;
    let rest = run.pipeline.drain(PATIENCE).await;
    rest.journal.unwrap();
    assert_eq!(rest.status.stream.messages, 500);
    let tweets = rig.memory.stored(Lane::Tweets);
    let sent: Vec<_> = (0..500).map(post).collect();
    assert_eq!(firsts(&tweets), sent);
    for lane in [Lane::Includes, Lane::MatchingRules] {
        let expected: Vec<_> = sent.iter().map(|line| beside(lane, line.as_bytes())).collect();
        assert_eq!(firsts(&rig.memory.stored(lane)), expected);
    }
    for lane in Lane::ALL {
        check_chain(&rig.memory.stored(lane));
    }
    let record = &tweets[9];
    assert_eq!(record.key.as_deref(), Some(&b"k2"[..]));
    assert_eq!(record.lanes.to_string(), "tweets,includes,matching_rules");
    let events: Vec<_> = firsts(&rig.memory.stored(Lane::Events));
    assert!(events[0].starts_with(br#"{"type":"connected","stream":"main""#));
    assert!(events[1].starts_with(br#"{"type":"disconnected","stream":"main""#));
    assert_eq!(
        rig.memory.stored(Lane::Events)[0].key.as_deref(),
        Some(&b"main"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_a_dead_letter_and_the_next_line_is_good() {
    let mut rig = Rig::new();
    rig.settings.max_line = 10_000;
    let run = rig.start();
    let wire = run.script.accept();
    let lines = [
        post(0),
        "garbage".to_owned(),
        plain(1, 20_000),
        post(2),
        r#"{"only":"unknown"}"#.to_owned(),
    ];
    send(&wire, lines).await;
    send(&wire, [post(3)]).await;
    run.journaled(5).await;
    run.settled().await;
    assert_eq!(
        firsts(&rig.memory.stored(Lane::Tweets)),
        [post(0), post(2), post(3)]
    );
    let letters = firsts(&rig.memory.stored(Lane::DeadLetter));
    assert!(letters[0].starts_with(br#"{"reason":"not_json""#));
    assert!(letters[1].starts_with(br#"{"reason":"oversize""#));
    assert_eq!(letters.len(), 2);
    assert_eq!(firsts(&rig.memory.stored(Lane::Unknown)).len(), 1);
    assert_eq!(
        (
            rig.counts.of("dead letter not_json"),
            rig.counts.of("dead letter oversize")
        ),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_a_dead_letter_and_its_mates_are_delivered() {
    for reach in [Reach::Alone, Reach::BatchMates] {
        let rig = Rig::new();
        for n in [100, 101, 250] {
            rig.memory.refuse(post(n).into(), reach);
        }
        let run = rig.start();
        let wire = run.script.accept();
        send(&wire, (0..400).map(post)).await;
        run.journaled(400).await;
        run.settled().await;
        let lane = run.lane(Lane::Tweets);
        assert_eq!(
            (lane.delivered, lane.dead_lettered, lane.dropped),
            (397, 3, 0),
            "{reach:?}"
        );
        run.pipeline.drain(PATIENCE).await;
        let good: Vec<_> = (0..400)
            .filter(|n| ![100, 101, 250].contains(n))
            .map(post)
            .collect();
        assert_eq!(firsts(&rig.memory.stored(Lane::Tweets)), good);
        let letters = firsts(&rig.memory.stored(Lane::DeadLetter));
        assert_eq!(letters.len(), 3);
        for letter in letters {
            assert!(letter.starts_with(br#"{"reason":"refused""#));
        }
        assert_eq!(rig.counts.of("dead letter refused"), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_dead_letters_the_refused_and_the_unreadable_are_counted_as_dropped() {
    let mut rig = Rig::with_lanes([Lane::Tweets, Lane::Includes]);
    rig.settings.max_line = 10_000;
    rig.memory.refuse(post(5).into(), Reach::Alone);
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..10).map(post)).await;
    send(&wire, ["garbage".to_owned(), plain(10, 20_000)]).await;
    send(&wire, [post(11)]).await;
    run.journaled(12).await;
    run.settled().await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!((lane.delivered, lane.dead_lettered, lane.dropped), (10, 0, 1));
    for reason in ["refused", "not_json", "oversize"] {
        assert_eq!(rig.counts.of(&format!("dropped {reason}")), 1, "{reason}");
        assert_eq!(rig.counts.of(&format!("dead letter {reason}")), 0, "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_dead_letter_makes_no_dead_letter() {
    let rig = Rig::new();
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, ["garbage 1".to_owned()]).await;
    rig.memory.holds(Lane::DeadLetter, 1).await;
    let letter = rig.memory.stored(Lane::DeadLetter)[0].value.clone();
    drop(run);
    // The same letter comes again only if it is refused where it comes from: take a journal of its own.
    let rig = Rig::new();
    rig.memory.refuse(letter, Reach::Alone);
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, [r#"{"only":"dead_letter","n":"1"}"#.to_owned()]).await;
    rig.memory
        .refuse(r#"{"only":"dead_letter","n":"2"}"#.into(), Reach::Alone);
    send(&wire, [r#"{"only":"dead_letter","n":"2"}"#.to_owned()]).await;
    run.journaled(2).await;
    run.settled().await;
    let lane = run.lane(Lane::DeadLetter);
    assert_eq!((lane.delivered, lane.dead_lettered, lane.dropped), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_fell_out_of_memory_reads_the_journal_and_holds_up_no_other() {
    let mut rig = Rig::new();
    rig.settings.cache_bytes = 20_000;
    rig.settings.journal.segment_bytes = 64 << 10;
    rig.settings.limits = Limits {
        records: 10,
        bytes: 1 << 20,
    };
    let second = MemorySink::new();
    rig.memory.hold(Lane::Tweets);
    let run = rig.start_with(&[("memory", &rig.memory), ("second", &second)]);
    let wire = run.script.accept();
    for portion in 0..30 {
        send(&wire, (portion * 100..portion * 100 + 100).map(post)).await;
        run.journaled(portion as u64 * 100 + 100).await;
    }
    second.holds(Lane::Tweets, 3_000).await;
    rig.memory.holds(Lane::Includes, 3_000).await;
    until("others are done", || {
        run.lane_of("second", Lane::Tweets).pending == 0 && run.lane(Lane::Includes).pending == 0
    })
    .await;
    assert_eq!(run.lane(Lane::Tweets).delivered, 0);
    assert!(rig.segments().len() > 5, "nothing is trimmed before the slowest");
    rig.memory.release(Lane::Tweets);
    run.settled().await;
    let tweets = rig.memory.stored(Lane::Tweets);
    assert_eq!(firsts(&tweets), (0..3_000).map(post).collect::<Vec<_>>());
    check_chain(&tweets);
    until("the journal is trimmed", || rig.segments().len() <= 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_read_stops_its_lane_until_it_can() {
    let mut rig = Rig::with_lanes([Lane::Tweets]);
    rig.settings.cache_bytes = 10_000;
    rig.settings.journal.segment_bytes = 64 << 10;
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    for portion in 0..50 {
        send(&wire, (portion * 100..portion * 100 + 100).map(post)).await;
        run.journaled(portion as u64 * 100 + 100).await;
    }
    // A link to a folder in the place of a file that nobody has read yet: opening works, reading does not. Put there and
    // taken away in one step: a moment without the file would be a loss.
    let segment = rig.segments().remove(12);
    let (aside, folder) = (segment.with_extension("aside"), segment.with_extension("folder"));
    std::fs::hard_link(&segment, &aside).unwrap();
    std::os::unix::fs::symlink(segment.parent().unwrap(), &folder).unwrap();
    std::fs::rename(&folder, &segment).unwrap();
    rig.memory.come_up();
    until("a complaint", || {
        let error = run.lane(Lane::Tweets).last_error;
        error.is_some_and(|error| error.contains("the journal cannot be read"))
    })
    .await;
    assert!(run.lane(Lane::Tweets).errors_operator > 0);
    std::fs::rename(&aside, &segment).unwrap();
    run.settled().await;
    assert_eq!(
        firsts(&rig.memory.stored(Lane::Tweets)),
        (0..5_000).map(post).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_broker_shows_in_the_age_of_what_waits() {
    let rig = Rig::with_lanes([Lane::Tweets]);
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, [post(0)]).await;
    until("something waits", || {
        run.lane(Lane::Tweets).oldest_pending.is_some()
    })
    .await;
    assert_eq!(run.lane(Lane::Tweets).published, 0, "nothing was handed over");
    rig.memory.come_up();
    run.settled().await;
    assert_eq!(run.lane(Lane::Tweets).oldest_pending, None);
}

/// Says of every record that another was delivered.
struct Liar;

struct Lie(Vec<Settled>);

impl Sink for Liar {
    fn kind(&self) -> &'static str {
        "liar"
    }

    fn address(&self) -> String {
        "nowhere".to_owned()
    }

    fn open(&self, _lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>> {
        Box::pin(async { Ok(Box::new(Lie(Vec::new())) as Box<dyn Publisher>) })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, SinkError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Publisher for Lie {
    fn publish<'p>(&'p mut self, records: &'p [Record]) -> BoxFuture<'p, Result<(), SinkError>> {
        self.0.extend(records.iter().map(|record| Settled {
            seq: record.place.seq + 1_000,
            outcome: Outcome::Delivered,
        }));
        Box::pin(async { Ok(()) })
    }

    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>> {
        into.append(&mut self.0);
        Box::pin(async {
            if into.is_empty() {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }

    fn health(&self) -> Health {
        always_well()
    }

    fn close(self: Box<Self>, _budget: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_count_stops_everything_loudly() {
    let rig = Rig::with_lanes([Lane::Tweets]);
    let (source, script) = scripted();
    let sinks = [NamedSink {
        name: "liar".to_owned(),
        sink: Arc::new(Liar),
    }];
    let observer: Arc<dyn Observer> = rig.counts.clone();
    let mut pipeline = Pipeline::start(&rig.settings, source, &sinks, &observer).unwrap();
    send(&script.accept(), [post(0)]).await;
    let failure = tokio::time::timeout(PATIENCE, pipeline.failed()).await.unwrap();
    assert!(
        matches!(&failure, Failure::Broken(broken) if broken.to_string().contains("not in flight")),
        "{failure}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_balance_whatever_happens() {
    let mut rig = Rig::new();
    rig.settings.cache_bytes = 50_000;
    rig.settings.limits = Limits {
        records: 64,
        bytes: 1 << 20,
    };
    let run = rig.start();
    let wire = run.script.accept();
    let trouble = tokio::spawn(trouble(rig.memory.clone()));
    let view = run.view.clone();
    let watch = tokio::spawn(async move {
        let mut looks = 0_u32;
        loop {
            let status = view.status();
            assert!(status.lanes.iter().all(LaneStatus::balances), "{status:#?}");
            looks += 1;
            if trouble.is_finished() {
                return looks;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    });
    for n in 0..3_000 {
        send(&wire, [post(n)]).await;
        if n % 25 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    run.journaled(3_000).await;
    assert!(watch.await.unwrap() > 100);
    run.settled().await;
    let lane = run.lane(Lane::Tweets);
    assert_eq!(lane.delivered + lane.dead_lettered, 3_000);
    assert!(lane.resets > 5 && lane.dead_lettered > 0, "{lane:?}");
    assert_eq!((lane.in_flight, lane.dropped), (0, 0));
    let (tweets, letters) = (lane.delivered as usize, lane.dead_lettered as usize);
    run.pipeline.drain(PATIENCE).await;
    let stored = firsts(&rig.memory.stored(Lane::Tweets));
    assert!(stored.len() >= tweets && stored.len() + letters >= 3_000);
    check_chain_of_delivered(&rig);
}

/// Faults of every kind, spread over two seconds.
async fn trouble(memory: MemorySink) {
    for n in 0..24_usize {
        memory.settle(if n % 3 == 0 {
            Settling::Shuffled
        } else {
            Settling::InOrder
        });
        match n % 4 {
            0 => memory.die_after(30),
            1 => memory.fault_publish(Fault::Fails(SinkError::Unavailable("a fault".to_owned()))),
            2 => memory.refuse(post(n * 120).into(), Reach::BatchMates),
            _ => {
                memory.fault_open(Fault::Fails(SinkError::Unavailable("shut".to_owned())));
                memory.go_down();
                tokio::time::sleep(Duration::from_millis(10)).await;
                memory.come_up();
            }
        }
        tokio::time::sleep(Duration::from_millis(90)).await;
    }
    memory.settle(Settling::InOrder);
}

/// Order alone: refused records break the chain on purpose.
fn check_chain_of_delivered(rig: &Rig) {
    let mut seen = std::collections::HashSet::new();
    let mut newest = None;
    for record in rig.memory.stored(Lane::Includes) {
        if seen.insert(record.place) {
            assert!(newest < Some(record.place.seq), "out of order: {record:?}");
            newest = Some(record.place.seq);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_whose_topic_is_missing_holds_up_nothing_while_it_gets_nothing() {
    let missing = Fault::Fails(SinkError::Operator("no such topic".to_owned()));
    for fault in [missing, Fault::Hangs] {
        let mut rig = Rig::with_lanes([Lane::Tweets, Lane::Compliance]);
        rig.settings.journal.segment_bytes = 64 << 10;
        let run = rig.start();
        let wire = run.script.accept();
        // One record, so that a publisher was open; then the topic goes.
        send(&wire, [r#"{"only":"compliance","n":"1"}"#.to_owned()]).await;
        run.journaled(1).await;
        run.settled().await;
        rig.memory.shut(Lane::Compliance, fault);
        rig.memory.go_down();
        rig.memory.come_up();
        let compliance = || run.lane(Lane::Compliance);
        until("in trouble", || compliance().last_error.is_some()).await;
        for portion in 0..20 {
            send(&wire, (portion * 100..portion * 100 + 100).map(post)).await;
            run.journaled(portion as u64 * 100 + 101).await;
        }
        run.settled().await;
        assert!(!compliance().connected && compliance().pending == 0);
        assert_eq!(run.lane(Lane::Tweets).delivered, 2_000, "the stream lives");
        until("the journal is trimmed", || rig.segments().len() <= 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_is_opened_at_the_first_record() {
    let rig = Rig::with_lanes([Lane::Tweets, Lane::Compliance]);
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, (0..10).map(post)).await;
    run.journaled(10).await;
    run.settled().await;
    assert_eq!(
        (
            rig.memory.opened(Lane::Tweets),
            rig.memory.opened(Lane::Compliance)
        ),
        (1, 0)
    );
    let rest = run.pipeline.drain(PATIENCE).await;
    assert!(rest.failure.is_none() && rest.status.lanes.iter().all(|lane| lane.pending == 0));
}
