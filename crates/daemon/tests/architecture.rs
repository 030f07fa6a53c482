//! The dependency graph of DESIGN: exactly these arrows between our crates, and no vendor where it may not be known.

#![allow(
    clippy::unwrap_used,
    clippy::unused_self,
    clippy::too_many_lines,
    clippy::redundant_closure_for_method_calls,
    reason = "a test may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each of our crates with those of ours that it uses (what only its tests use aside).
const ARROWS: &[(&str, &[&str])] = &[
    (
        "daemon",
        &[
            "journal",
            "simulator",
            "sink-amqp",
            "sink-file",
            "sink-kafka",
            "source-x",
            "stream-core",
        ],
    ),
    ("journal", &[]),
    ("simulator", &[]),
    ("sink-amqp", &["stream-core"]),
    ("sink-file", &["stream-core"]),
    ("sink-kafka", &["stream-core"]),
    ("source-x", &["stream-core"]),
    ("stream-core", &["journal"]),
    ("test-brokers", &[]),
];

/// A vendor, and the only crates of ours that may use it directly.
const VENDORS: &[(&str, &[&str])] = &[
    ("hyper", &["daemon", "source-x"]),
    ("rustls", &["daemon", "simulator", "sink-amqp", "source-x"]),
    ("rdkafka", &["sink-kafka", "test-brokers"]),
    ("lapin", &["sink-amqp"]),
    ("prometheus", &["daemon"]),
    ("clap", &["daemon", "simulator"]),
    ("toml", &["daemon"]),
];

/// What stream-core may not reach, however indirectly.
const UNKNOWN_TO_CORE: &[&str] = &[
    "hyper",
    "http",
    "rustls",
    "rdkafka",
    "lapin",
    "prometheus",
    "clap",
    "toml",
];

/// Of this platform only: a build has fetched these packages, and no others.
fn metadata() -> Value {
    let host = run(Command::new("rustc").args(["--print", "host-tuple"]));
    let host = String::from_utf8(host).unwrap();
    let metadata = run(Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", host.trim()])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ]));
    serde_json::from_slice(&metadata).unwrap()
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The normal (not dev, not build) dependencies of each package: by id, or by name for our own.
fn normal_dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let name_of: BTreeMap<_, _> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let uses = graph
            .entry(name_of[node["id"].as_str().unwrap()].to_owned())
            .or_default();
        for dependency in node["deps"].as_array().unwrap() {
            let normal = dependency["dep_kinds"]
                .as_array()
                .unwrap()
                .iter()
                .any(|kind| kind["kind"].is_null());
            if normal {
                uses.insert(name_of[dependency["pkg"].as_str().unwrap()].to_owned());
            }
        }
    }
    graph
}

#[test]
fn the_arrows_are_those_of_the_design() {
    let metadata = metadata();
    let graph = normal_dependencies(&metadata);
    let ours: BTreeSet<_> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let members: BTreeSet<_> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["source"].is_null())
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        members, ours,
        "a crate was added or removed: is it in DESIGN and in ARROWS?"
    );
    for (name, arrows) in ARROWS {
        let found: BTreeSet<_> = graph[*name].intersection(&ours).cloned().collect();
        let allowed: BTreeSet<_> = arrows.iter().map(|arrow| (*arrow).to_owned()).collect();
        assert_eq!(found, allowed, "arrows from {name}");
    }
}

#[test]
fn vendors_stay_in_their_crates() {
    let graph = normal_dependencies(&metadata());
    for (name, _) in ARROWS {
        for (vendor, allowed) in VENDORS {
            let uses = graph[*name].contains(*vendor);
            assert!(
                !uses || allowed.contains(name),
                "{name} uses {vendor}, which only {allowed:?} may"
            );
        }
    }
}

#[test]
fn the_waist_reaches_no_vendor() {
    let graph = normal_dependencies(&metadata());
    let (mut reached, mut next) = (BTreeSet::new(), vec!["stream-core".to_owned()]);
    while let Some(name) = next.pop() {
        if reached.insert(name.clone()) {
            next.extend(graph.get(&name).into_iter().flatten().cloned());
        }
    }
    for vendor in UNKNOWN_TO_CORE {
        assert!(!reached.contains(*vendor), "stream-core reaches {vendor}");
    }
}
