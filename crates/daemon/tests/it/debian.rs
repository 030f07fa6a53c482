//! What `scripts/deb` packs: it is there, it is right, and it stands where the units look for it.

use std::path::Path;
use std::process::Command;

use crate::support::birdfeed;

const MANIFEST: &str = include_str!("../../Cargo.toml");
const SCRIPT: &str = include_str!("../../../../scripts/deb");

/// What is packed: from where, to where.
fn assets() -> Vec<(String, String)> {
    let manifest: toml::Table = MANIFEST.parse().unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"]
        .as_array()
        .unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    assets
        .iter()
        .map(|asset| (text(&asset[0]), text(&asset[1])))
        .collect()
}

fn here(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn everything_that_is_packed_is_there_or_is_made_before() {
    let assets = assets();
    assert!(assets.len() > 10, "{assets:?}");
    for (from, _) in &assets {
        let made = match from.strip_prefix("../../target/deb/") {
            Some("man/*.1") => SCRIPT.contains("man --dir target/deb/man"),
            Some(name) => {
                let shell = name.strip_prefix("birdfeed.").unwrap();
                let loops = SCRIPT.split_once("for shell in ").unwrap().1;
                loops
                    .split_once(';')
                    .unwrap()
                    .0
                    .split(' ')
                    .any(|made| made == shell)
            }
            None => from == "target/release/birdfeed",
        };
        assert!(made || here(from).is_file(), "{from}");
    }
    // Every unit is.
    for unit in std::fs::read_dir(here("../../deploy/systemd")).unwrap() {
        let name = unit.unwrap().file_name().into_string().unwrap();
        let packed = (
            format!("../../deploy/systemd/{name}"),
            "usr/lib/systemd/system/".to_owned(),
        );
        assert!(assets.contains(&packed), "{name}");
    }
}

#[test]
fn its_configuration_is_right_and_where_the_unit_reads_it() {
    let packed = ("../../deploy/debian/birdfeed.toml", "etc/birdfeed/birdfeed.toml");
    assert!(assets().iter().any(|(from, to)| (&**from, &**to) == packed));
    let text = std::fs::read_to_string(here(packed.0)).unwrap();
    // The sinks that are commented out, as an editor uncomments them.
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if key.starts_with("[[") || key.contains(" = ") => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_eq!(all.matches("\n[[sink]]").count(), 3);
    let dir = tempfile::tempdir().unwrap();
    for text in [text, all] {
        let file = dir.path().join("birdfeed.toml");
        std::fs::write(&file, text).unwrap();
        let checked = birdfeed()
            .args(["check", "--no-secrets", "--config"])
            .arg(file)
            .output()
            .unwrap();
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[test]
fn its_scripts_are_shell() {
    for name in ["postinst", "prerm", "postrm"] {
        let path = here("../../deploy/debian").join(name);
        let parsed = Command::new("sh").arg("-n").arg(&path).status().unwrap();
        assert!(parsed.success(), "{name}");
    }
}
