//! After a gap: what comes again goes nowhere, what was missed is asked for, and all of it is told.

use std::time::Duration;

use stream_core::model::{Lane, Record, Repair};
use stream_core::pipeline::Dedupe;
use stream_core::telemetry::GapStatus;

use crate::common::{Rig, Run, send, until};

fn rig(dedupe: Dedupe) -> Rig {
    let mut rig = Rig::new();
    rig.settings.dedupe = dedupe;
    rig
}

fn one(id: u64) -> String {
    format!(r#"{{"key":"{id}"}}"#)
}

fn ids(records: &[Record]) -> Vec<(u64, bool)> {
    let id = |record: &Record| {
        std::str::from_utf8(record.key.as_ref().unwrap())
            .unwrap()
            .parse()
            .unwrap()
    };
    records.iter().map(|record| (id(record), record.repeat)).collect()
}

/// The events of this type, as they are in the lane.
fn events(rig: &Rig, kind: &str) -> Vec<serde_json::Value> {
    let all = rig.memory.stored(Lane::Events);
    let all = all
        .iter()
        .map(|record| serde_json::from_slice::<serde_json::Value>(&record.value).unwrap());
    all.filter(|event| event["type"] == kind).collect()
}

fn gap(run: &Run) -> GapStatus {
    run.view.status().stream.gaps.last().unwrap().clone()
}

async fn seen(run: &Run, lines: u64) {
    until(&format!("{lines} are through"), || {
        let stream = run.view.status().stream;
        stream.messages + stream.repeats >= lines
    })
    .await;
    run.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_go_nowhere_over_kills_and_a_clean_end() {
    let rig = rig(Dedupe::Drop);
    for life in 0..6_u64 {
        let run = rig.start();
        let wire = run.script.accept();
        // All that came before comes again.
        send(&wire, (0..(life + 1) * 100).map(one)).await;
        seen(&run, (life + 1) * 100).await;
        let stream = run.view.status().stream;
        assert_eq!((stream.messages, stream.repeats), (100, life * 100));
        if life % 2 == 0 {
            rig.crash(run).await;
        } else {
            run.pipeline.drain(Duration::from_secs(60)).await.journal.unwrap();
        }
    }
    let all: Vec<_> = (0..600).map(|id| (id, false)).collect();
    assert_eq!(ids(&rig.memory.stored(Lane::Tweets)), all);
    assert_eq!(rig.counts.of("suppressed"), 1_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_lost_is_new_when_it_comes_again() {
    let rig = rig(Dedupe::Drop);
    // Nobody takes anything: what was delivered is not lost.
    let run = rig.start_with(&[]);
    let wire = run.script.accept();
    send(&wire, (0..10).map(one)).await;
    seen(&run, 10).await;
    rig.crash(run).await;
    // As after a power cut that took the journal's end, and not the window's.
    let segment = rig.segments().pop().unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    std::fs::write(&segment, &bytes[..last - 200]).unwrap();
    let run = rig.start();
    let end = run.view.status().journal.end;
    let wire = run.script.accept();
    send(&wire, (0..10).map(one)).await;
    seen(&run, 10).await;
    let stream = run.view.status().stream;
    assert!(stream.messages > 0 && stream.repeats < 10, "{stream:?} {end}");
    assert_eq!(stream.messages + stream.repeats, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_ones_say_so_on_their_records() {
    let rig = rig(Dedupe::Mark);
    let run = rig.start();
    let wire = run.script.accept();
    send(&wire, [1, 2, 1].map(one)).await;
    seen(&run, 3).await;
    assert_eq!(
        ids(&rig.memory.stored(Lane::Tweets)),
        [(1, false), (2, false), (1, true)]
    );
    rig.crash(run).await;
    // As read back from the journal, too.
    let run = rig.start_with(&[("another", &rig.memory)]);
    run.settled().await;
    assert_eq!(
        ids(&rig.memory.stored(Lane::Tweets))[3..],
        [(1, false), (2, false), (1, true)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_the_next_connection_brings_is_told_as_filled_with_its_edges() {
    let rig = rig(Dedupe::Drop);
    let run = rig.start();
    let wire = run.script.accept();
    let again = run.script.accept_with(Duration::from_secs(60));
    send(&wire, [1, 2].map(one)).await;
    seen(&run, 2).await;
    wire.end(Ok(())).await;
    send(&again, [2, 3, 4].map(one)).await;
    seen(&run, 5).await;
    until("it is told", || !events(&rig, "gap_resumed").is_empty()).await;
    let told = &events(&rig, "gap")[0];
    assert_eq!(
        (
            &told["filled"],
            &told["repair"],
            &told["last_post"],
            &told["remains_seconds"]
        ),
        (&true.into(), &"backfill".into(), &"2".into(), &0.0.into())
    );
    let resumed = &events(&rig, "gap_resumed")[0];
    assert_eq!((&resumed["from"], &resumed["to"]), (&told["from"], &told["to"]));
    let gap = gap(&run);
    assert_eq!((gap.repair, gap.reason.as_str()), (Repair::Backfill, "clean_end"));
    assert_eq!(
        (gap.last_post.as_deref(), gap.first_post),
        (Some("2"), Some("3".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_next_connection_does_not_bring_is_recovered_beside_it_and_over_a_restart() {
    let rig = rig(Dedupe::Drop);
    let run = rig.start();
    let wire = run.script.accept();
    let again = run.script.accept();
    let past = run.script.recover();
    send(&wire, [1].map(one)).await;
    seen(&run, 1).await;
    wire.end(Ok(())).await;
    send(&again, [4].map(one)).await;
    send(&past, [1, 2].map(one)).await;
    seen(&run, 4).await;
    assert_eq!(gap(&run).repair, Repair::Recovery);
    assert!(gap(&run).remains_seconds > 0.0);
    // The process dies before all has come.
    rig.crash(run).await;
    let run = rig.start();
    let past = run.script.recover();
    // The restart's own gap, if it is not asked for with the one before it.
    let third = run.script.recover();
    let live = run.script.accept();
    send(&live, [5].map(one)).await;
    send(&past, [1, 2, 3].map(one)).await;
    past.end(Ok(())).await;
    third.end(Ok(())).await;
    until("all is recovered", || {
        !events(&rig, "recovered").is_empty() && gap(&run).remains_seconds == 0.0
    })
    .await;
    assert!(gap(&run).last_post.is_some());
    let recovered = &events(&rig, "recovered")[0];
    assert_eq!(
        (&recovered["whole"], &recovered["messages"]),
        (&true.into(), &3.into())
    );
    run.settled().await;
    let mut all = ids(&rig.memory.stored(Lane::Tweets));
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4, 5].map(|id| (id, false)));
}
