//! The files of `deploy/` agree with what the program does.

use crate::support::birdfeed;

const KUBERNETES: &str = include_str!("../../../../deploy/kubernetes/birdfeed.yaml");

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
