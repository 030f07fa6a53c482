//! The ledger's other ways of keeping.

use std::time::Duration;

use simulator::{Keep, Settings, Simulator};

use crate::client::{SEARCH, get};

#[tokio::test]
async fn a_file_has_every_line_and_every_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.ndjson");
    let faults = "connection 1 after 3 posts: garbage bom\nconnection 1 after 6 posts: end"
        .parse()
        .unwrap();
    let keep = Keep::File(path.clone());
    let settings = Settings {
        rate: 5_000.0,
        faults,
        keep,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let lines = get(simulator.addr(), SEARCH).await.lines(7).await;
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    assert!(simulator.ledger().posts().is_empty(), "nothing is kept in memory");
    let text = std::fs::read_to_string(&path).unwrap();
    let entries: Vec<&str> = text.lines().collect();
    assert_eq!(entries.len(), 8);
    for (at, line) in lines.iter().enumerate().filter(|(at, _)| *at != 3) {
        let line = std::str::from_utf8(line).unwrap();
        assert_eq!(
            entries[at],
            format!(r#"{{"connection":1,"kind":"post","line":{line}}}"#)
        );
    }
    assert!(
        entries[3].starts_with(r#"{"connection":1,"kind":"garbage","fault":"garbage bom","hex":"efbbbf7b"#)
    );
    assert_eq!(entries[7], r#"{"connection":1,"end":"Clean","unwritten":0}"#);
}

#[tokio::test]
async fn counts_can_be_all_that_is_kept() {
    let settings = Settings {
        rate: 20_000.0,
        posts: Some(500),
        keep: Keep::Counts,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let mut stream = get(simulator.addr(), SEARCH).await;
    stream.lines(500).await;
    let totals = simulator
        .ledger()
        .wait_for(|totals| totals.whole_posts == 500)
        .await;
    assert_eq!(
        (totals.connections, totals.posts, totals.bytes),
        (1, 500, stream.body.len() as u64)
    );
    assert!(simulator.ledger().lines().is_empty());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    for settings in [
        Settings {
            rate: 1e9,
            ..Settings::default()
        },
        Settings {
            rate: f64::NAN,
            ..Settings::default()
        },
        Settings {
            rate: 1e-20,
            ..Settings::default()
        },
        Settings {
            ghost_slot: Duration::MAX,
            ..Settings::default()
        },
        Settings {
            start_id: Some(5),
            ..Settings::default()
        },
        Settings {
            token: String::new(),
            ..Settings::default()
        },
        Settings {
            keep: Keep::File("/nowhere/at/all".into()),
            ..Settings::default()
        },
    ] {
        assert!(Simulator::start(settings).await.is_err());
    }
}

#[tokio::test]
async fn a_long_ledger_can_be_read_in_parts() {
    let settings = Settings {
        rate: 20_000.0,
        posts: Some(100),
        ..Settings::default()
    };
    assert!(
        !format!("{settings:?}").contains(&settings.token),
        "the token is not shown"
    );
    let simulator = Simulator::start(settings).await.unwrap();
    let mut stream = get(simulator.addr(), SEARCH).await;
    stream.lines(100).await;
    let ledger = simulator.ledger();
    ledger.wait_for(|totals| totals.whole_posts == 100).await;
    let parts = [
        ledger.posts_in(0..30),
        ledger.posts_in(30..1000),
        ledger.posts_in(1000..2000),
    ]
    .concat();
    assert_eq!(parts, ledger.posts());
    assert_eq!(ledger.lines_in(99..100)[0].bytes, ledger.posts()[99].line);
}
