//! Since when we are blind, as a gap tells it.

use super::*;
use crate::ingest::Item;

/// The gap that is told next, with what is told before it.
fn gap(rig: &Rig) -> serde_json::Value {
    let items = rig.queue.next(usize::MAX, Duration::ZERO).unwrap();
    rig.queue.done(IngestQueue::weight(&items));
    let events = items.iter().filter_map(|item| match item {
        Item::Event(json, _) => Some(serde_json::from_slice::<serde_json::Value>(json).unwrap()),
        _ => None,
    });
    let mut gaps = events.filter(|event| event["type"] == "gap");
    let gap = gaps.next().unwrap();
    assert_eq!(gaps.next(), None);
    gap
}

#[tokio::test(start_paused = true)]
async fn recoveries_take_their_connects_from_the_budget_and_leave_half_of_it() {
    let rig = Rig::start(None);
    for _ in 0..CONNECTS / 2 {
        rig.script.accept().end(Ok(())).await;
    }
    let live = rig.script.accept();
    rig.counted("gap", CONNECTS as u64 / 2).await;
    let start = Instant::now();
    let past = rig.script.recover();
    past.end(Ok(())).await;
    let next = rig.script.accept();
    live.end(Ok(())).await;
    rig.counted("gap", CONNECTS as u64 / 2 + 1).await;
    // Told once more when it has come.
    rig.counted("gap", CONNECTS as u64 / 2 + 2).await;
    assert!(
        start.elapsed() > Duration::from_secs(10 * 60),
        "{:?}",
        start.elapsed()
    );
    // By then the stream's own no longer count.
    tokio::time::sleep(Duration::from_secs(5 * 60)).await;
    assert_eq!(rig.status.get().connect_budget, CONNECTS as u64 - 1);
    // The next byte takes it into the notes.
    next.send(&b"\r\n"[..]).await;
    let noted = || MemoryFile::within(rig.dir.path()).load();
    while noted().seen.is_none() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(noted().connects.len(), 1);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_begins_with_the_last_byte_and_not_with_the_connect() {
    let rig = Rig::start(None);
    let wire = rig.script.accept();
    for _ in 0..10 {
        wire.send(&b"\r\n"[..]).await;
        tokio::time::sleep(Duration::from_secs(15)).await;
    }
    let last_byte = rig.status.get().last_byte.unwrap();
    let next = rig.script.accept();
    wire.end(Err(ReadError::Silence(Duration::from_secs(20)))).await;
    rig.counted("gap", 1).await;
    let told = gap(&rig);
    assert_eq!(
        (told["from"].as_str(), told["reason"].as_str()),
        (Some(&*last_byte.to_string()), Some("silence"))
    );
    let seconds = told["seconds"].as_f64().unwrap();
    assert!((15.0..20.0).contains(&seconds), "{told}");
    // The next one brings nothing: blind since it was opened, and not since the byte before.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let _wire = rig.script.accept();
    next.end(Ok(())).await;
    rig.counted("gap", 2).await;
    let seconds = gap(&rig)["seconds"].as_f64().unwrap();
    assert!((30.0..35.0).contains(&seconds), "{seconds}");
    rig.stop().await;
}
