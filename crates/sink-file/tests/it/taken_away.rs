//! Folders that are taken away under the sink.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sink_file::{FileSink, Settings};
use stream_core::model::Lane;
use stream_core::sink::Sink as _;

use crate::common::{deliver, files, record};

/// Takes the lane's folder away again and again; gives where to, and how many records were confirmed by then.
fn take_away(dir: &Path, taken: &Path, confirmed: &AtomicU64) -> Vec<(PathBuf, u64)> {
    let mut folders = Vec::new();
    for n in 0..200_u32 {
        let place = taken.join(n.to_string());
        fs::create_dir_all(&place).unwrap();
        if fs::rename(dir.join(Lane::Tweets.name()), place.join(Lane::Tweets.name())).is_ok() {
            // One more may have been seen in its place just before, and is told now.
            folders.push((place, confirmed.load(Ordering::SeqCst) + 1));
        }
        std::thread::sleep(Duration::from_micros(u64::from(n % 10) * 1_000));
    }
    folders
}

fn seqs(dir: &Path) -> Vec<u64> {
    let texts = files(dir, Lane::Tweets).into_iter().map(fs::read_to_string);
    texts
        .flat_map(|text| {
            let lines = text.unwrap();
            lines
                .lines()
                .map(|line| line.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn nothing_is_confirmed_into_a_folder_that_was_taken_away_before() {
    let root = tempfile::tempdir().unwrap();
    let (dir, taken) = (root.path().join("lanes"), root.path().join("taken"));
    let sink = FileSink::new(Settings::new(&dir)).unwrap();
    let confirmed = Arc::new(AtomicU64::new(0));
    let thief = {
        let (dir, confirmed) = (dir.clone(), Arc::clone(&confirmed));
        std::thread::spawn(move || take_away(&dir, &taken, &confirmed))
    };
    let (mut publisher, mut seq) = (None, 0);
    while !thief.is_finished() {
        let Some(writes) = publisher.as_mut() else {
            publisher = sink.open(Lane::Tweets).await.ok();
            continue;
        };
        // One that is robbed too often in a row gives up: a lane opens the next and replays.
        if deliver(&mut **writes, record(seq + 1, (seq + 1).to_string()))
            .await
            .is_ok()
        {
            seq += 1;
            confirmed.store(seq, Ordering::SeqCst);
        } else {
            publisher = None;
        }
    }
    let mut folders = thief.join().unwrap();
    assert!(folders.len() > 10, "hardly taken away: the test shows nothing");
    folders.push((dir, u64::MAX));

    // For each record the latest that a folder with it was taken away.
    let mut until = BTreeMap::new();
    for (folder, by_then) in folders {
        until.extend(seqs(&folder).into_iter().map(|seq| (seq, by_then)));
    }
    let missing = (1..=seq).find(|seq| until.get(seq) < Some(seq));
    assert_eq!(missing, None, "of {seq}: where nobody looks");
}
