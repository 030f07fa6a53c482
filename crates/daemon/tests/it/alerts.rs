//! The files of `deploy/prometheus/`: what promtool says of them, and that alerts, runbook, cases and metrics belong together.

use std::collections::BTreeSet;
use std::process::Command;

use daemon::metrics::{Family, FamilyKind, catalogue};
use simulator::{Settings, Simulator};

use crate::support::{Daemon, file_sink, stream};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/prometheus");
const ALERTS: &str = include_str!("../../../../deploy/prometheus/alerts.yml");
const RECORDING: &str = include_str!("../../../../deploy/prometheus/recording.yml");
const CASES: &str = include_str!("../../../../deploy/prometheus/alerts_test.yml");
const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

#[track_caller]
fn promtool(args: &[&str]) {
    let output = Command::new("promtool").current_dir(FOLDER).args(args).output();
    let output = output.expect("promtool (Debian's package prometheus) is installed by scripts/test");
    assert!(output.status.success(), "promtool {args:?}: {output:?}");
}

#[test]
fn promtool_takes_the_files_and_every_case_holds() {
    // The configuration names the files of rules, which are checked with it.
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["test", "rules", "alerts_test.yml"]);
}

/// The blocks of `text` that begin with a line of `start`, by what stands behind that.
fn blocks<'t>(text: &'t str, start: &str) -> Vec<(&'t str, &'t str)> {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split(start)
        .map(|block| block.split_once('\n').unwrap())
        .collect()
}

fn alerts() -> Vec<(&'static str, &'static str)> {
    blocks(ALERTS, "- alert: ")
}

fn names<'t>(blocks: &[(&'t str, &'t str)]) -> BTreeSet<&'t str> {
    blocks.iter().map(|(name, _)| *name).collect()
}

#[test]
fn every_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on() {
    for (name, alert) in alerts() {
        let critical = alert.contains("labels: { severity: critical }\n");
        assert!(
            critical || alert.contains("labels: { severity: warning }\n"),
            "{name}"
        );
        assert!(alert.contains("          summary: \""), "{name}");
        let anchor = format!("runbook_url: docs/runbook.md#{}\n", name.to_lowercase());
        assert!(alert.contains(&anchor), "{name}: {anchor}");
        let severity = if critical {
            "*critical* · "
        } else {
            "*warning* · "
        };
        let (_, chapter) = *blocks(RUNBOOK, "\n## ")
            .iter()
            .find(|(heading, _)| *heading == name)
            .unwrap_or_else(|| panic!("docs/runbook.md has no heading {name}"));
        for part in [severity, "\n- First look: ", "\n- Fix: "] {
            assert!(chapter.contains(part), "docs/runbook.md, {name}: no {part:?}");
        }
    }
    assert_eq!(names(&alerts()), names(&blocks(RUNBOOK, "\n## ")));
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() {
    let cases = blocks(CASES, "alertname: ");
    let with = |expected: &str| {
        let found = cases.iter().filter(|(_, case)| {
            let expects = case.trim_start().lines().next();
            expects == Some(expected)
        });
        found.map(|(name, _)| *name).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&alerts()), with("exp_alerts:"), "fires");
    assert_eq!(names(&alerts()), with("exp_alerts: []"), "does not fire");
}

/// The words of the files that are names of metrics, comments aside.
fn metrics(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')));
    let ours = words.filter(|word| {
        ["birdfeed_", "birdfeed:", "process_"]
            .iter()
            .any(|start| word.starts_with(start))
    });
    ours.map(str::to_owned).collect()
}

/// Every name that a family's series have.
fn served(family: &Family) -> Vec<String> {
    let name = family.full_name();
    match family.kind {
        FamilyKind::Counter | FamilyKind::Gauge => vec![name],
        FamilyKind::Histogram => ["bucket", "sum", "count"]
            .map(|part| format!("{name}_{part}"))
            .into(),
    }
}

#[test]
fn every_metric_is_one_that_is_served_or_recorded() {
    let served: BTreeSet<_> = catalogue().iter().flat_map(served).collect();
    let recorded: BTreeSet<_> = blocks(RECORDING, "- record: ")
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    for text in [ALERTS, RECORDING, CASES] {
        let unknown: Vec<_> = metrics(text)
            .into_iter()
            .filter(|name| !served.contains(name) && !recorded.contains(name))
            .collect();
        assert!(unknown.is_empty(), "nobody serves {unknown:?}");
    }
}

/// The values that are asked for: `label`, and each alternative.
fn matchers(text: &str) -> BTreeSet<(&str, &str)> {
    let mut found = BTreeSet::new();
    for matcher in text.split(['{', ',']).filter_map(|rest| rest.split_once('"')) {
        let (label, rest) = matcher;
        let label = label.trim().trim_end_matches(['=', '!', '~']);
        let Some((values, _)) = rest.split_once('"') else {
            continue;
        };
        if !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase()) {
            found.extend(values.split('|').map(|value| (label, value)));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_of_a_label_that_is_asked_for_is_one_that_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let config = [stream(&simulator), file_sink(dir.path())].concat();
    let daemon = Daemon::start(dir.path(), &config);
    let (_, page) = daemon.get("/metrics");
    let asked: BTreeSet<_> = [ALERTS, RECORDING].into_iter().flat_map(matchers).collect();
    assert!(
        asked.contains(&("state", "streaming")) && asked.contains(&("outcome", "certificate")),
        "{asked:?}"
    );
    // Prometheus gives the job.
    for (label, value) in asked.into_iter().filter(|(label, _)| *label != "job") {
        assert!(
            page.contains(&format!("{label}=\"{value}\"")),
            "no series has {label}=\"{value}\""
        );
    }
}
