//! The unit says what the program does, and what systemd makes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SERVICE: &str = include_str!("../../../../../deploy/systemd/birdfeed.service");
const RESTART: &str = include_str!("../../../../../deploy/systemd/birdfeed-restart.service");
const WATCHER: &str = include_str!("../../../../../deploy/systemd/birdfeed-restart.path");
/// What must pass before a start.
const CHECK: &str = "birdfeed check --config /etc/birdfeed/birdfeed.toml";
/// The worst that the sandbox may be rated, in tenths.
const EXPOSURE: u32 = 15;

/// A unit's settings, those of several lines by their first word.
fn settings(unit: &'static str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut settings = BTreeMap::<_, Vec<_>>::new();
    for line in unit.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, value)) = line.split_once('=') {
            settings.entry(name).or_default().push(value);
        }
    }
    settings
}

/// The units in a folder, with the program that was built, and what `systemd-analyze` says with `arguments` before their paths.
fn analyze(dir: &Path, arguments: &[&str], units: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_birdfeed");
    for (name, unit) in [
        ("birdfeed.service", SERVICE),
        ("birdfeed-restart.service", RESTART),
        ("birdfeed-restart.path", WATCHER),
    ] {
        let unit = unit
            .replace("=birdfeed ", &format!("={program} "))
            .replace("exec birdfeed ", &format!("exec {program} "));
        std::fs::write(dir.join(name), unit).unwrap();
    }
    let paths: Vec<PathBuf> = units.iter().map(|name| dir.join(name)).collect();
    let analyzed = Command::new("systemd-analyze")
        .args(arguments)
        .args(paths)
        .output();
    analyzed.expect("systemd-analyze (Debian's package systemd) is installed by scripts/test")
}

#[test]
fn systemd_finds_nothing_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let units = [
        "birdfeed.service",
        "birdfeed-restart.service",
        "birdfeed-restart.path",
    ];
    let verified = analyze(
        dir.path(),
        &["verify", "--man=no", "--recursive-errors=no"],
        &units,
    );
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(String::from_utf8(verified.stderr).unwrap(), "");
}

#[test]
fn the_sandbox_is_tight() {
    let dir = tempfile::tempdir().unwrap();
    let threshold = format!("--threshold={EXPOSURE}");
    let arguments = ["security", "--offline=true", "--no-pager", &threshold];
    let rated = analyze(dir.path(), &arguments, &["birdfeed.service"]);
    assert!(rated.status.success(), "{rated:?}");
}

#[test]
fn a_broken_configuration_is_refused_before_the_start() {
    let unit = settings(SERVICE);
    assert_eq!(unit["ExecStartPre"], [CHECK]);
    assert_eq!(unit["ExecStart"], [CHECK.replace("check", "run")]);
    assert_eq!(unit["ExecReload"], [CHECK.replace("check", "reload")]);
}

#[test]
fn what_a_restart_does_not_cure_is_not_restarted() {
    let unit = settings(SERVICE);
    // Not by its exit code: a check that fails has one too, and would be repeated for ever.
    assert_eq!(unit["Restart"], ["on-abnormal"]);
    let codes: Vec<_> = unit["RestartForceExitStatus"][0].split(' ').collect();
    // An end that nobody here asked for, a port or a disk that may be there again, a panic; not the configuration (64),
    // `max_retries` (69) or a broken invariant (70).
    assert_eq!(codes, ["0", "74", "101"]);
}

#[test]
fn the_watchdog_waits_longer_than_a_loop_may_stand_still() {
    let unit = settings(SERVICE);
    assert_eq!((unit["Type"][0], unit["WatchdogSec"][0]), ("notify", "30"));
}

#[test]
fn every_secret_may_be_missing_and_is_watched() {
    let unit = settings(SERVICE);
    let secrets: Vec<_> = unit["LoadCredential"]
        .iter()
        .map(|one| one.split_once(':').unwrap())
        .collect();
    assert_eq!(secrets[0].0, "x-token");
    let [folder] = settings(WATCHER)["PathChanged"][..] else {
        panic!("{WATCHER}")
    };
    for (name, path) in &secrets {
        assert_eq!(*path, format!("{folder}/{name}"));
        assert!(
            unit["SetCredential"].contains(&format!("{name}:\\n").as_str()),
            "{name}"
        );
    }
    assert_eq!(unit["SetCredential"].len(), secrets.len());
    // The check before a restart sees the new ones where the service will.
    let bound = format!("mount --bind {folder} /run/credentials/birdfeed.service && exec {CHECK}");
    assert!(settings(RESTART)["ExecStartPre"][1].contains(&bound));
}
