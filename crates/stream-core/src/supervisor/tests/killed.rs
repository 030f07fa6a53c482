//! What is left behind by a process that ends without a farewell.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_connect_under_way_is_spent_also_for_the_next_process() {
    let mut rig = Rig::start(None);
    for life in 1..=3 {
        // No answer yet. The disk is not on the paused clock.
        let start = Instant::now();
        while MemoryFile::within(rig.dir.path()).load().connects.len() < life {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(
                start.elapsed() < Duration::from_secs(3_600),
                "life {life}: not noted"
            );
        }
        assert_eq!(rig.counts.of("connect accepted"), 0);
        assert_eq!(rig.status.get().connect_budget, (CONNECTS - life) as u64);
        rig.running.abort();
        assert!((&mut rig.running).await.unwrap_err().is_cancelled());
        let dir = rig.dir.clone();
        drop(rig);
        rig = Rig::start_in(dir, None);
    }
    rig.stop().await;
}
