//! Files in envelopes, read back.

use std::io::Write as _;
use std::path::Path;

use sink_file::{FileSink, Settings};
use stream_core::model::Lane;
use stream_core::sink::{Found, ReadBack, ReadBackError, Sink as _};

use crate::common::{deliver, files, record};

fn settings(dir: &Path) -> Settings {
    Settings {
        envelope: true,
        rotate_bytes: 300,
        ..Settings::new(dir)
    }
}

/// What is found, as text.
async fn found(files: &mut dyn ReadBack) -> Vec<String> {
    let mut all = Vec::new();
    let mut take = |found: Found<'_>| {
        all.push(match found {
            Found::Record { lane, header, value } => {
                format!("{lane} {header} {}", String::from_utf8_lossy(value))
            }
            other => format!("{other:?}"),
        });
    };
    files.read_on(&mut take).await.unwrap();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_read_back_once_over_all_files() {
    let dir = tempfile::tempdir().unwrap();
    let sink = FileSink::new(settings(dir.path())).unwrap();
    let mut publisher = sink.open(Lane::Tweets).await.unwrap();
    let mut reader = sink.read_back().await.unwrap();
    assert!(found(&mut *reader).await.is_empty());
    for seq in 1..=9 {
        deliver(&mut *publisher, record(seq, format!("{{\"seq\":{seq}}}")))
            .await
            .unwrap();
    }
    assert!(files(dir.path(), Lane::Tweets).len() > 2);
    let line = |seq: u64| format!("tweets 1:{seq}::tweets {{\"seq\":{seq}}}");
    assert_eq!(found(&mut *reader).await, (1..=9).map(line).collect::<Vec<_>>());

    deliver(&mut *publisher, record(10, "{\"seq\":10}"))
        .await
        .unwrap();
    let newest = files(dir.path(), Lane::Tweets).pop().unwrap();
    let mut file = std::fs::File::options().append(true).open(newest).unwrap();
    file.write_all(b"{\"no\":\"envelope\"}\n{\"birdfeed\":\"1:11:10:tweets\",\"key\":null,\"val")
        .unwrap();
    let foreign = format!("{:?}", Found::Foreign { lane: Lane::Tweets });
    assert_eq!(found(&mut *reader).await, [line(10), foreign]);
    file.write_all(b"ue\":{}}\n").unwrap();
    assert_eq!(found(&mut *reader).await, ["tweets 1:11:10:tweets {}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_envelopes_and_folders_that_are_not_there_are_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    let sink = FileSink::new(Settings::new(dir.path())).unwrap();
    let error = sink.read_back().await.err().unwrap();
    assert!(
        matches!(&error, ReadBackError::NotKept(why) if why.contains("envelope = true")),
        "{error}"
    );
    let sink = FileSink::new(settings(&dir.path().join("nowhere"))).unwrap();
    let error = sink.read_back().await.err().unwrap();
    assert!(matches!(&error, ReadBackError::Sink(_)), "{error}");
}
