//! The files of `deploy/` agree with what the program does.

use std::collections::BTreeMap;

use crate::support::birdfeed;

const UNIT: &str = include_str!("../../../../deploy/birdfeed.service");
const KUBERNETES: &str = include_str!("../../../../deploy/kubernetes.yaml");

/// The unit's settings, those of several lines by their first word.
fn unit() -> BTreeMap<String, Vec<String>> {
    let mut settings = BTreeMap::<_, Vec<_>>::new();
    for line in UNIT.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, value)) = line.split_once('=') {
            settings
                .entry(name.to_owned())
                .or_default()
                .push(value.to_owned());
        }
    }
    settings
}

#[test]
fn the_unit_does_not_restart_what_a_restart_does_not_cure() {
    let ends = &unit()["RestartPreventExitStatus"];
    let mut codes: Vec<_> = ends[0].split(' ').collect();
    codes.sort_unstable();
    // Configuration, `max_retries`, a broken invariant; a port or a disk (74) may be there again.
    assert_eq!(codes, ["64", "69", "70"]);
    assert_eq!(unit()["Restart"], ["always"]);
}

#[test]
fn the_unit_s_token_is_a_file_that_can_be_replaced() {
    let unit = unit();
    for copied in [
        "LoadCredential",
        "LoadCredentialEncrypted",
        "SetCredential",
        "ImportCredential",
    ] {
        assert!(!unit.contains_key(copied), "{copied} is a copy made at the start");
    }
    let named = "BIRDFEED__STREAM__BEARER_TOKEN_FILE=";
    let path = unit["Environment"]
        .iter()
        .find_map(|set| set.strip_prefix(named))
        .unwrap();
    assert!(path.starts_with("/etc/birdfeed/"), "{path}");
    // The head says how it gets there, readable by the service's group alone.
    let group = &unit["SupplementaryGroups"][0];
    assert!(UNIT.contains(&format!("groupadd --system {group}")));
    assert!(UNIT.contains(&format!("install -m 640 -g {group} x-token {path}")));
}

#[test]
fn the_configuration_for_kubernetes_is_right_and_its_token_can_be_replaced() {
    assert!(
        !KUBERNETES.lines().any(|line| line.contains("subPath:")),
        "such a file is never replaced"
    );
    let (_, toml) = KUBERNETES.split_once("birdfeed.toml: |\n").unwrap();
    let toml: String = toml
        .lines()
        .take_while(|line| *line != "---")
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    let (_, mount) = KUBERNETES.split_once("{ name: x-token, mountPath: ").unwrap();
    let mount = mount.split(',').next().unwrap();
    assert!(
        toml.contains(&format!("bearer_token_file = \"{mount}/x-token\"")),
        "{toml}"
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("birdfeed.toml");
    std::fs::write(&file, toml).unwrap();
    let mut check = birdfeed();
    let ended = check
        .args(["check", "--no-secrets", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
}
