//! An end that comes while the journal takes nothing: what waited in memory is lost, and counted.

use std::time::Duration;

use stream_core::model::Lane;

use crate::common::{Rig, check_chain, firsts, plain, send, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_journal_did_not_take_in_time_is_counted_as_lost() {
    let mut rig = Rig::new();
    rig.settings.journal.max_bytes = 1 << 20;
    rig.settings.journal.segment_bytes = 100_000;
    rig.settings.cache_bytes = 50_000;
    rig.memory.go_down();
    let run = rig.start();
    let wire = run.script.accept();
    // Twice what the journal holds, in chunks of which several wait behind the one that the writer has in hand.
    for chunk in 0..20 {
        send(&wire, (0..100).map(|n| plain(chunk * 100 + n, 1_000))).await;
    }
    until("all were read and the journal is full", || {
        let status = run.view.status().stream;
        status.received == 2_000 && status.journal_blocked.is_some()
    })
    .await;
    let rest = run.pipeline.drain(Duration::from_secs(1)).await;
    rest.journal.unwrap();
    let stream = rest.status.stream;
    assert!(stream.balances(), "{stream:#?}");
    assert_eq!((stream.received, stream.waiting, stream.oversize), (2_000, 0, 0));
    assert!(stream.messages > 0 && stream.dropped > 0, "{stream:#?}");
    assert_eq!(rig.counts.of("dropped journal_unavailable"), stream.dropped);
    drop(run.view);
    // What was counted as journaled is delivered by the next process.
    rig.memory.come_up();
    let run = rig.start();
    run.settled().await;
    let tweets = rig.memory.stored(Lane::Tweets);
    let journaled = usize::try_from(stream.messages).unwrap();
    assert_eq!(
        firsts(&tweets),
        (0..journaled).map(|n| plain(n, 1_000)).collect::<Vec<_>>()
    );
    check_chain(&tweets);
}
