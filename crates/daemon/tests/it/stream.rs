//! The stream's life, seen from outside: faults that the simulator fires, and what the daemon does about them.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use simulator::{Chunking, Fault, FaultPlan, Garbage, LineEnd, Settings, Simulator, Status};

use crate::support::{Daemon, PATIENCE, birdfeed, file_sink, lane_lines, stream};

async fn simulator(settings: Settings) -> Simulator {
    Simulator::start(settings).await.unwrap()
}

fn start(dir: &std::path::Path, simulator: &Simulator) -> Daemon {
    Daemon::start(dir, &[stream(simulator), file_sink(dir)].concat())
}

/// The posts of the ledger as the lane `tweets` should hold them.
fn tweets(simulator: &Simulator) -> Vec<Vec<u8>> {
    simulator
        .ledger()
        .posts()
        .iter()
        .map(|post| post.data().to_vec())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_noticed_within_thirty_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let faults = FaultPlan::once(1, Fault::Silence(None));
    let simulator = simulator(Settings {
        faults,
        ..Settings::default()
    })
    .await;
    let mut daemon = start(dir.path(), &simulator);
    daemon.wait_for("the first connection", PATIENCE, |daemon| {
        (daemon.status()["stream"]["connections"] == 1).then_some(())
    });
    let started = Instant::now();
    daemon.wait_for("the silence to be noticed", PATIENCE, |daemon| {
        (daemon.metric("birdfeed_stream_disconnects_total{reason=\"silence\"}") > 0.0).then_some(())
    });
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
    daemon.wait_for("the second connection", 2 * PATIENCE, |daemon| {
        (daemon.status()["stream"]["connections"] == 2).then_some(())
    });
    // A busy simulator may see us hang up only after we are back: that is a 429, which costs a minute, and the only excuse.
    let excused = daemon.metric("birdfeed_stream_connects_total{outcome=\"too_many_connections\"}") > 0.0;
    assert!(
        excused || started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
    assert!(daemon.metric("birdfeed_stream_gap_seconds_total{filled=\"false\"}") >= 20.0);
    assert!(simulator.faults().fired_of("silence") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_rate_limit_is_waited_out_until_its_reset() {
    let dir = tempfile::tempdir().unwrap();
    let reset = Duration::from_secs(6);
    let faults = FaultPlan::once(1, Fault::Status(Status::RateLimited { reset }));
    let simulator = simulator(Settings {
        faults,
        ..Settings::default()
    })
    .await;
    let started = Instant::now();
    let mut daemon = start(dir.path(), &simulator);
    daemon.wait_for("the refusal", PATIENCE, |daemon| {
        (daemon.metric("birdfeed_stream_connects_total{outcome=\"rate_limited\"}") > 0.0).then_some(())
    });
    assert!(daemon.metric("birdfeed_stream_http_errors_total{status=\"429\"}") > 0.0);
    assert_eq!(daemon.status()["stream"]["state"], "waiting");
    daemon.wait_for("the connection", PATIENCE, |daemon| {
        (daemon.status()["stream"]["state"] == "streaming").then_some(())
    });
    let waited = started.elapsed();
    assert!(waited >= Duration::from_secs(5), "only {waited:?}");
    assert!(
        waited < Duration::from_secs(40),
        "{waited:?} is the ladder, not the reset"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_spent_holds_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let faults = FaultPlan::flapping();
    let simulator = simulator(Settings {
        faults,
        ..Settings::default()
    })
    .await;
    // 38 connects in the last minutes, by an earlier process.
    let now = stream_core::model::Timestamp::now().micros();
    let spent: String = (0..38)
        .map(|n| format!("{}\n", now - (60 + n) * 1_000_000))
        .collect();
    std::fs::create_dir_all(dir.path().join("journal")).unwrap();
    std::fs::write(dir.path().join("journal/connects"), spent).unwrap();
    for _ in 0..2 {
        let mut daemon = start(dir.path(), &simulator);
        daemon.wait_for("an empty budget", PATIENCE, |daemon| {
            let waits = daemon.metric("birdfeed_stream_retries_total{class=\"budget\"}");
            let left = daemon.metric("birdfeed_stream_connect_budget_remaining");
            (waits > 0.0 && left == 0.0).then_some(())
        });
        daemon.kill();
    }
    assert_eq!(simulator.attempts(), 2, "38 were spent, 2 were left");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_lose_nothing_and_spend_no_more_than_ten_connects() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator(Settings {
        rate: 400.0,
        ..Settings::default()
    })
    .await;
    let mut journaled = Vec::new();
    for round in 1..=10_u32 {
        let mut daemon = start(dir.path(), &simulator);
        daemon.wait_for("fifty messages", PATIENCE, |daemon| {
            (daemon.status()["stream"]["messages"].as_u64()? > 50).then_some(())
        });
        journaled.push(usize::try_from(daemon.status()["stream"]["messages"].as_u64().unwrap()).unwrap());
        let budget = daemon.metric("birdfeed_stream_connect_budget_remaining");
        // At some kill the account is asked for backfill, once for all.
        let left = f64::from(40 - round);
        assert!(
            (left - 1.0..=left).contains(&budget),
            "round {round}: {budget} left"
        );
        daemon.kill();
    }
    simulator.pause();
    let mut daemon = start(dir.path(), &simulator);
    daemon.wait_delivered(0, PATIENCE);
    assert!(daemon.terminate().success());
    let found = lane_lines(dir.path(), "tweets");
    let mut seen = HashSet::new();
    let firsts: Vec<_> = found
        .into_iter()
        .filter(|line| seen.insert(line.clone()))
        .collect();
    // What a connection brought is a prefix of what was written to it, so that a hole shows whatever follows it.
    let mut expected = Vec::new();
    // The attempt that was refused backfill has a number too.
    let opened = simulator.ledger().connections();
    for (number, journaled) in opened.iter().map(|open| open.number).zip(journaled) {
        let posts = simulator.ledger().posts().into_iter();
        let written: Vec<_> = posts.filter(|post| post.connection == number).collect();
        let whole = written
            .iter()
            .take_while(|post| seen.contains(&*post.data()))
            .count();
        assert!(whole >= journaled, "connection {number}: {whole} of {journaled}");
        expected.extend(written[..whole].iter().map(|post| post.data().to_vec()));
    }
    assert_eq!(firsts.len(), expected.len());
    assert!(firsts == expected, "the same posts in another order");
}

/// Every good line arrives byte for byte, every bad one stands in `dead_letter` or `unknown`, the connection stays up.
async fn garbage_costs_itself_only(line_end: LineEnd) {
    let dir = tempfile::tempdir().unwrap();
    let mut faults: Vec<Fault> = Garbage::ALL.map(Fault::Garbage).into();
    faults.push(Fault::Oversize(1_500_000));
    faults.push(Fault::Oversize(9_000_000));
    let count = faults.len() as u64;
    let settings = Settings {
        rate: 500.0,
        chunking: Chunking::Random,
        line_end,
        ..Settings::default()
    };
    let simulator = simulator(settings).await;
    let mut daemon = start(dir.path(), &simulator);
    daemon.wait_for("the first posts", PATIENCE, |daemon| {
        (daemon.status()["stream"]["messages"].as_u64()? > 20).then_some(())
    });
    for fault in faults {
        simulator.inject(fault).unwrap();
    }
    simulator
        .ledger()
        .wait_for(|totals| totals.garbage + totals.oversize >= count)
        .await;
    let mark = simulator.ledger().totals().whole_posts + 100;
    simulator
        .ledger()
        .wait_for(|totals| totals.whole_posts >= mark)
        .await;
    simulator.pause();
    let sent = simulator.at_rest().await;
    daemon.wait_for("all that was sent", PATIENCE, |daemon| {
        let received = daemon.status()["stream"]["received"].as_u64()?;
        (received == sent.posts + sent.garbage + sent.oversize).then_some(())
    });
    daemon.wait_delivered(0, PATIENCE);
    let status = daemon.status();
    assert_eq!(
        status["stream"]["connections"], 1,
        "the connection must stay up: {}",
        status["stream"]
    );
    assert!(daemon.terminate().success());

    let found = lane_lines(dir.path(), "tweets");
    let posts = tweets(&simulator);
    let missing = posts.iter().filter(|post| !found.contains(post)).count();
    assert_eq!(missing, 0, "of {} posts", posts.len());
    let elsewhere = lane_lines(dir.path(), "dead_letter").len() + lane_lines(dir.path(), "unknown").len();
    let delivered_garbage = found.len() - posts.len();
    // Some of the kinds look bad and are good (lone surrogates, deep nesting): they are posts, and arrive as such.
    assert_eq!((elsewhere + delivered_garbage) as u64, count);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_costs_itself_only_with_crlf() {
    garbage_costs_itself_only(LineEnd::CrLf).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_costs_itself_only_with_lf_alone() {
    garbage_costs_itself_only(LineEnd::Lf).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_a_private_authority() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator(Settings {
        tls: true,
        rate: 200.0,
        ..Settings::default()
    })
    .await;
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, simulator.ca_pem().unwrap()).unwrap();
    let config = [
        stream(&simulator),
        format!("ca_file = {ca:?}\n"),
        file_sink(dir.path()),
    ]
    .concat();
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(100, PATIENCE);
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_pass_promtool() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator(Settings {
        rate: 200.0,
        ..Settings::default()
    })
    .await;
    let mut daemon = start(dir.path(), &simulator);
    daemon.wait_delivered(50, PATIENCE);
    let (status, metrics) = daemon.get("/metrics");
    assert_eq!(status, 200);
    let mut promtool = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("promtool (Debian's package prometheus) is installed by scripts/test");
    std::io::Write::write_all(&mut promtool.stdin.take().unwrap(), metrics.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
    for family in daemon::metrics::catalogue() {
        assert!(
            metrics.contains(&format!("# TYPE {} ", family.full_name())),
            "{} is not served",
            family.name
        );
    }
    // As Prometheus asks for it.
    let accept =
        "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3\r\n";
    let (head, open) = daemon.ask("/metrics", accept);
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    assert!(
        open.contains("# TYPE birdfeed_stream_connects counter\n"),
        "{open}"
    );
    assert!(open.ends_with("\n# EOF\n"), "{open}");
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_the_disk_and_the_clock_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator(Settings::default()).await;
    for starts in [1.0, 2.0] {
        let mut daemon = start(dir.path(), &simulator);
        daemon.wait_for("a look at the machine with X's answer", PATIENCE, |daemon| {
            daemon
                .metric("birdfeed_clock_skew_seconds")
                .is_finite()
                .then_some(())
        });
        for (series, expected) in [("clock_skew_seconds", 0.0), ("starts_total", starts)] {
            let found = daemon.metric(&format!("birdfeed_{series}"));
            assert!((found - expected).abs() < 1e-6, "{series}: {found}");
        }
        assert!(daemon.metric("birdfeed_journal_disk_free_bytes") > 0.0);
        daemon.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn matches_are_counted_by_rule() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator(Settings {
        posts: Some(300),
        rate: 500.0,
        rules_required: true,
        ..Settings::default()
    })
    .await;
    simulator.add_rule("bird", Some("birds"));
    simulator.add_rule("cat", None);
    let mut daemon = start(dir.path(), &simulator);
    daemon.wait_delivered(300, PATIENCE);
    // Whatever the simulator has matched them by: what was delivered is what was counted.
    let mut delivered = std::collections::BTreeMap::<_, u64>::new();
    for line in lane_lines(dir.path(), "matching_rules") {
        let record: serde_json::Value = serde_json::from_slice(&line).unwrap();
        for rule in record["matching_rules"].as_array().unwrap() {
            let tag = rule["tag"].as_str().filter(|tag| !tag.is_empty());
            // X has written ids as numbers, too.
            let id = rule["id"].to_string().trim_matches('"').to_owned();
            let rule = (id, tag.map(str::to_owned));
            *delivered.entry(rule).or_default() += 1;
        }
    }
    let told = daemon.status()["rules"].as_array().unwrap().clone();
    assert!(
        told.len() >= 2 && told.len() == delivered.len(),
        "{told:?} {delivered:?}"
    );
    for ((id, tag), matches) in delivered {
        let rule = serde_json::json!({ "id": id, "tag": tag, "matches": matches });
        assert!(told.contains(&rule), "{told:?} has no {rule}");
        let tag = tag.unwrap_or_default();
        let series = format!("birdfeed_rule_matches_total{{id=\"{id}\",tag=\"{tag}\"}}");
        assert!((daemon.metric(&series) - matches as f64).abs() < 0.5, "{series}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_pages_tell_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = simulator(Settings {
        rate: 200.0,
        ..Settings::default()
    })
    .await;
    let mut daemon = start(dir.path(), &simulator);
    daemon.wait_delivered(50, PATIENCE);
    assert_eq!(daemon.get("/livez").0, 200);
    assert_eq!(daemon.get("/readyz"), (200, "ok\n".to_owned()));
    assert_eq!(daemon.get("/nothing").0, 404);
    let admin = daemon.status();
    assert_eq!(admin["ready"], true);
    let address = daemon.admin().to_owned();
    let output = birdfeed()
        .args(["status", "--address", &address])
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && page.contains("connected for") && page.contains("tweets"),
        "{page}"
    );
    daemon.terminate();
    let output = birdfeed()
        .args(["status", "--address", &address])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
}
