//! Streams that go well.

use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use simulator::{
    Arrival, Chunking, Compression, End, Fault, LineEnd, Origin, Post, Settings, Simulator, SizeProfile,
    Unasked,
};
use tokio_rustls::TlsConnector;

use crate::client::{Ending, RULES, SAMPLE, SEARCH, TOKEN, connect, get, post_json, send};

fn fast(posts: u64) -> Settings {
    Settings {
        rate: 20_000.0,
        posts: Some(posts),
        ..Settings::default()
    }
}

#[tokio::test]
async fn what_arrives_is_what_the_ledger_has() {
    for chunking in [Chunking::Random, Chunking::WholeBatches] {
        let simulator = Simulator::start(Settings {
            chunking,
            ..fast(300)
        })
        .await
        .unwrap();
        let mut stream = get(simulator.addr(), SEARCH).await;
        assert_eq!(stream.status, 200);
        assert_eq!(stream.header("transfer-encoding"), Some("chunked"));
        assert_eq!(stream.header("x-rate-limit-remaining"), Some("49"));
        let lines = stream.lines(300).await;
        simulator
            .ledger()
            .wait_for(|totals| totals.whole_posts == 300)
            .await;
        let posts = simulator.ledger().posts();
        assert_eq!(
            lines,
            posts.iter().map(|post| post.line.to_vec()).collect::<Vec<_>>()
        );
        assert_eq!(stream.body, simulator.ledger().body(1));
        for post in &posts {
            assert_eq!(
                (post.connection, post.origin, post.arrival),
                (1, Origin::Live, Arrival::Written)
            );
            let whole: serde_json::Value = serde_json::from_slice(&post.line).unwrap();
            let data: serde_json::Value = serde_json::from_slice(&post.data()).unwrap();
            assert_eq!(whole["data"], data);
            assert_eq!(data["id"], post.id.as_str());
            let rules: serde_json::Value = serde_json::from_slice(&post.matching_rules().unwrap()).unwrap();
            assert_eq!(whole["matching_rules"], rules);
        }
        assert!(posts.windows(2).all(|two| two[0].id < two[1].id), "ids rise");
        let ledger = simulator.ledger().clone();
        simulator.shutdown().await;
        assert_ne!(stream.end().await, Ending::Clean);
        let perhaps = |post: &Post| post.arrival == Arrival::Perhaps;
        assert!(
            ledger.posts().iter().all(perhaps),
            "the simulator went away itself"
        );
    }
}

#[tokio::test]
async fn random_chunks_cut_characters_and_line_ends() {
    let settings = Settings {
        chunking: Chunking::Random,
        ..fast(400)
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let mut stream = get(simulator.addr(), SEARCH).await;
    stream.lines(400).await;
    let inside_character = |at: &usize| stream.body.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let inside_line_end =
        |at: &usize| *at > 0 && stream.body[*at - 1] == b'\r' && stream.body.get(*at) == Some(&b'\n');
    assert!(stream.borders.iter().any(inside_character));
    assert!(stream.borders.iter().any(inside_line_end));
}

#[tokio::test]
async fn lines_end_as_asked() {
    let simulator = Simulator::start(Settings {
        line_end: LineEnd::Lf,
        ..fast(5)
    })
    .await
    .unwrap();
    let mut stream = get(simulator.addr(), SEARCH).await;
    stream.lines(5).await;
    assert!(!stream.body.contains(&b'\r'));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let mut bodies = Vec::new();
    for seed in [7, 7, 8] {
        let start_id = Some(1_900_000_000_000_000_000);
        let simulator = Simulator::start(Settings {
            seed,
            start_id,
            ..fast(50)
        })
        .await
        .unwrap();
        let mut stream = get(simulator.addr(), SEARCH).await;
        stream.lines(50).await;
        bodies.push(stream.body.clone());
    }
    assert!(bodies[0] == bodies[1]);
    assert!(bodies[0] != bodies[2]);
    assert!(String::from_utf8_lossy(&bodies[0]).contains("\"1900000000000000000\""));
}

#[tokio::test]
async fn the_sample_has_no_matching_rules() {
    let simulator = Simulator::start(Settings {
        rules_required: true,
        ..fast(20)
    })
    .await
    .unwrap();
    let mut stream = get(simulator.addr(), SAMPLE).await;
    assert_eq!(stream.status, 200, "the sample needs no rules");
    stream.lines(20).await;
    assert!(!String::from_utf8_lossy(&stream.body).contains("matching_rules"));
}

#[tokio::test]
async fn posts_match_the_rules_that_are_stored() {
    let simulator = Simulator::start(Settings {
        rules_required: true,
        ..fast(30)
    })
    .await
    .unwrap();
    let id = simulator.add_rule("harbour", Some("boats"));
    let mut stream = get(simulator.addr(), SEARCH).await;
    for line in stream.lines(30).await {
        let whole: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let rules = whole["matching_rules"].as_array().unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0]["id"].to_string().trim_matches('"'), id);
        assert_eq!(rules[0]["tag"], "boats");
    }
}

#[tokio::test]
async fn without_rules_an_open_stream_falls_silent_until_there_is_one() {
    let simulator = Simulator::start(Settings {
        rules_required: true,
        rate: 20.0,
        keep_alive: Duration::from_millis(20),
        ..Settings::default()
    })
    .await
    .unwrap();
    simulator.add_rule("harbour", None);
    let mut stream = get(simulator.addr(), SEARCH).await;
    stream.lines(5).await;
    post_json(simulator.addr(), &format!("{RULES}?delete_all=true"), "").await;
    let ledger = simulator.ledger();
    let so_far = ledger.totals().keep_alives;
    // A post that was made before may still be on its way.
    let silent = ledger.wait_for(|totals| totals.keep_alives >= so_far + 2).await;
    let still = ledger.wait_for(|totals| totals.keep_alives >= so_far + 10).await;
    assert_eq!(still.posts, silent.posts);
    simulator.add_rule("boats", None);
    ledger.wait_for(|totals| totals.posts > still.posts).await;
}

#[tokio::test]
async fn keep_alives_come_when_it_is_idle() {
    let settings = Settings {
        rate: 0.0,
        keep_alive: Duration::from_millis(20),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let mut stream = get(simulator.addr(), SEARCH).await;
    assert_eq!(stream.lines(3).await, vec![Vec::<u8>::new(); 3]);
    assert_eq!(stream.body[..6], *b"\r\n\r\n\r\n");
    assert!(simulator.ledger().totals().keep_alives >= 3);
}

#[tokio::test]
async fn the_rate_is_kept_and_can_change() {
    let settings = Settings {
        rate: 2_000.0,
        size: SizeProfile::Small,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    // Before the stream begins: what the client is late by must not make the rate look higher.
    let start = Instant::now();
    let mut stream = get(simulator.addr(), SEARCH).await;
    stream.lines(1_000).await;
    let span = start.elapsed();
    assert!(span > Duration::from_millis(400), "too fast: {span:?}");
    assert!(span < Duration::from_secs(10), "too slow: {span:?}");
    simulator.pause();
    simulator.set_rate(5_000.0).unwrap();
    stream.lines(500).await;
    assert!(simulator.set_rate(-1.0).is_err());
}

#[tokio::test]
async fn backfill_repeats_the_last_posts_older_first() {
    let simulator = Simulator::start(Settings {
        backfill_allowed: true,
        ..fast(40)
    })
    .await
    .unwrap();
    let first = {
        let mut stream = get(simulator.addr(), SEARCH).await;
        stream.lines(40).await
    };
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    let mut stream = get(simulator.addr(), &format!("{SEARCH}?backfill_minutes=2")).await;
    assert_eq!(stream.lines(40).await, first);
    let again = simulator
        .ledger()
        .posts()
        .into_iter()
        .filter(|post| post.origin == Origin::Backfill);
    assert_eq!(again.count(), 40);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let settings = Settings {
        rate: 50_000.0,
        slow_reader: Duration::from_millis(200),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let stream = get(simulator.addr(), SEARCH).await;
    simulator.ledger().wait_for(|totals| totals.ended == 1).await;
    let connection = simulator.ledger().connections()[0];
    assert_eq!(connection.end, Some(End::SlowReader));
    assert!(connection.written < connection.entered);
    let last = simulator.ledger().posts().pop().unwrap();
    assert_eq!(last.arrival, Arrival::NotWritten);
    simulator.pause();
    let rest = tokio::time::timeout(Duration::from_secs(10), simulator.at_rest()).await;
    let rest = rest.expect("nobody waits for what was cut off");
    assert!(rest.cut_posts > 0);
    assert_eq!(rest.whole_posts + rest.cut_posts, rest.posts);
    drop(stream);
}

/// A client that trusts this authority.
fn trusting(pem: &str) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn tls_works_for_those_who_trust_the_authority() {
    let simulator = Simulator::start(Settings {
        tls: true,
        ..fast(50)
    })
    .await
    .unwrap();
    assert!(simulator.base_url().starts_with("https://127.0.0.1:"));
    let connector = trusting(simulator.ca_pem().unwrap());
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let socket = connector
        .connect(name, connect(simulator.addr()).await)
        .await
        .unwrap();
    let mut stream = send(socket, "GET", SEARCH, TOKEN, "").await.unwrap();
    stream.lines(50).await;
    simulator
        .ledger()
        .wait_for(|totals| totals.whole_posts == 50)
        .await;
    assert_eq!(stream.body, simulator.ledger().body(1));
}

#[tokio::test]
async fn an_authority_that_is_kept_is_trusted_at_the_next_start_under_every_name() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        Simulator::start(Settings {
            tls: true,
            tls_names: vec!["x.test".to_owned()],
            ca_key: Some(folder.path().join("ca.key")),
            ..fast(1)
        })
    };
    let first = start().await.unwrap();
    let connector = trusting(first.ca_pem().unwrap());
    first.shutdown().await;
    let second = start().await.unwrap();
    for name in ["x.test", "localhost"] {
        let name = ServerName::try_from(name).unwrap();
        connector
            .connect(name, connect(second.addr()).await)
            .await
            .unwrap();
    }
    let stranger = ServerName::try_from("y.test").unwrap();
    let refused = connector.connect(stranger, connect(second.addr()).await).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_stream_in_parts_gives_each_part_its_own_posts_and_its_own_slot() {
    const FIREHOSE: &str = "/2/tweets/firehose/stream/lang/ja?backfill_minutes=1&partition=";
    let simulator = Simulator::start(Settings {
        backfill_allowed: true,
        ..fast(60)
    })
    .await
    .unwrap();
    let mut ids = Vec::new();
    for partition in [1, 2] {
        let mut stream = get(simulator.addr(), &format!("{FIREHOSE}{partition}")).await;
        assert_eq!(stream.status, 200);
        let again = get(simulator.addr(), &format!("{FIREHOSE}{partition}")).await;
        assert_eq!(again.status, 429, "a part has one slot");
        simulator.inject(Fault::CleanEnd).unwrap();
        stream.end().await;
        for line in String::from_utf8(stream.body.clone()).unwrap().lines() {
            let whole: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(whole["data"]["lang"], "ja");
            assert!(whole.get("matching_rules").is_none());
            ids.push((
                partition,
                whole["data"]["id"].as_str().unwrap().parse::<u64>().unwrap(),
            ));
        }
    }
    assert!(!ids.is_empty());
    assert!(
        ids.iter().all(|(partition, id)| id % 2 == partition - 1),
        "{ids:?}"
    );
    let missing = get(simulator.addr(), "/2/tweets/firehose/stream/lang/ja").await;
    assert_eq!(missing.status, 400);
}

#[tokio::test]
async fn fields_and_expansions_are_honoured() {
    let asked = "tweet.fields=lang,public_metrics&user.fields=verified";
    let simulator = Simulator::start(Settings {
        unasked: Unasked::Defaults,
        slots: 4,
        rate: 5_000.0,
        ..Settings::default()
    })
    .await
    .unwrap();
    for (query, post, user) in [
        ("", "edit_history_tweet_ids,id,text", None),
        (asked, "edit_history_tweet_ids,id,lang,public_metrics,text", None),
        (
            "expansions=author_id",
            "author_id,edit_history_tweet_ids,id,text",
            Some("id,name,username"),
        ),
        (
            "expansions=author_id&user.fields=verified",
            "author_id,edit_history_tweet_ids,id,text",
            Some("id,name,username,verified"),
        ),
    ] {
        let mut stream = get(simulator.addr(), &format!("{SAMPLE}?{query}")).await;
        for line in stream.lines(300).await {
            let whole: serde_json::Value = serde_json::from_slice(&line).unwrap();
            assert_eq!(names(&whole["data"]), post, "{query}");
            let users = whole["includes"]["users"].as_array();
            let shown = users.map(|users| (names(&users[0]), users[0]["id"].clone()));
            if let Some((shown, id)) = &shown {
                assert_eq!(Some(shown.as_str()), user, "{query}");
                assert_eq!(*id, whole["data"]["author_id"]);
                assert_eq!(names(&whole["includes"]), "users");
            }
            assert!(shown.is_some() || user.is_none() || whole.get("includes").is_none());
            assert!(whole.get("errors").is_none());
        }
    }
    let posts = simulator.ledger().posts();
    assert!(posts.iter().any(|post| post.includes().is_some()));
    assert_eq!(
        simulator.ledger().body(2).len() as u64,
        simulator.ledger().connections()[1].written
    );
}

#[tokio::test]
async fn references_media_places_and_polls_come_with_their_expansions() {
    let expansions = "referenced_tweets.id,attachments.media_keys,geo.place_id,attachments.poll_ids";
    let simulator = Simulator::start(fast(3_000)).await.unwrap();
    let query = format!("{SAMPLE}?expansions={expansions}&poll.fields=duration_minutes&media.fields=url");
    let mut stream = get(simulator.addr(), &query).await;
    let mut seen = std::collections::BTreeSet::new();
    for line in stream.lines(3_000).await {
        let whole: serde_json::Value = serde_json::from_slice(&line).unwrap();
        seen.extend(whole["errors"].is_array().then(|| "errors".to_owned()));
        for (list, items) in whole["includes"].as_object().into_iter().flatten() {
            let names = names(&items[0]);
            let fields: &[&str] = match list.as_str() {
                "tweets" => &["edit_history_tweet_ids,id,text"],
                "media" => &["media_key,type,url", "media_key,type"],
                "places" => &["full_name,id"],
                "polls" => &["duration_minutes,id,options"],
                other => panic!("{other} was not asked for"),
            };
            assert!(fields.contains(&names.as_str()), "{list}: {names}");
            seen.insert(list.clone());
        }
    }
    let all = ["errors", "media", "places", "polls", "tweets"];
    assert_eq!(seen, all.map(str::to_owned).into());
}

fn names(object: &serde_json::Value) -> String {
    let mut names: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    names.sort_unstable();
    names.join(",")
}

#[tokio::test]
async fn a_client_that_takes_gzip_reads_each_message_at_once() {
    for chunking in [Chunking::Random, Chunking::WholeBatches] {
        let simulator = Simulator::start(Settings {
            rate: 50.0,
            posts: Some(30),
            compression: Compression::Gzip,
            chunking,
            ..Settings::default()
        })
        .await
        .unwrap();
        let plain = get(simulator.addr(), SAMPLE).await;
        assert_eq!(plain.header("content-encoding"), None);
        let token = format!("{TOKEN}\r\nAccept-Encoding: deflate, gzip");
        let mut stream = send(connect(simulator.addr()).await, "GET", SEARCH, &token, "")
            .await
            .unwrap();
        assert_eq!(stream.header("content-encoding"), Some("gzip"));
        let ledger = simulator.ledger().clone();
        ledger.wait_for(|totals| totals.whole_posts == 30).await;
        simulator.inject(Fault::CleanEnd).unwrap();
        simulator.inject(Fault::CleanEnd).unwrap();
        assert_eq!(stream.end().await, Ending::Clean);
        let mut body = Vec::new();
        GzDecoder::new(&stream.body[..]).read_to_end(&mut body).unwrap();
        assert!(body == ledger.body(2));
        assert!(stream.body.len() < body.len());
    }
}
