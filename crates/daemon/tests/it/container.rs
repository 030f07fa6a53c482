//! `Dockerfile`, `.dockerignore` and the compose files agree with the program, with each other and with what they mount.

use std::path::{Path, PathBuf};

use crate::support::birdfeed;

const DOCKERFILE: &str = include_str!("../../../../Dockerfile");
const CONTEXT: &str = include_str!("../../../../.dockerignore");
const COMPOSE: &str = include_str!("../../../../docker-compose.yml");
const SIMULATED: &str = include_str!("../../../../docker-compose.override.yml");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands behind `key` in the lines of `text`.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.trim().strip_prefix(key))
}

/// The lines of one service.
fn service(text: &str, name: &str) -> String {
    let (_, rest) = text.split_once(&format!("\n  {name}:\n")).unwrap();
    let lines = rest
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Whether an image has a version of three numbers.
fn is_pinned(image: &str) -> bool {
    let version = image.rsplit_once(':').map_or("", |(_, tag)| tag);
    let version = version.trim_start_matches('v').split('-').next().unwrap();
    let numbers = version.split('.');
    numbers.clone().count() == 3 && numbers.into_iter().all(|number| number.parse::<u16>().is_ok())
}

#[test]
fn every_image_is_pinned_and_the_compiler_is_the_one_of_the_repository() {
    let rust: toml::Table = read("rust-toolchain.toml").parse().unwrap();
    let compiler = format!("rust:{}-", rust["toolchain"]["channel"].as_str().unwrap());
    let bases: Vec<_> = values(DOCKERFILE, "FROM ").collect();
    let (last, builders) = bases.split_last().unwrap();
    assert!(
        builders.iter().all(|base| base.starts_with(&compiler)),
        "{bases:?}"
    );
    assert_eq!(*last, "scratch");
    let images: Vec<_> = values(COMPOSE, "image: ").collect();
    assert_eq!(images.len(), 4);
    assert!(
        images.iter().chain(builders).all(|image| is_pinned(image)),
        "{images:?}"
    );
}

#[test]
fn the_image_has_no_shell_is_not_root_and_asks_itself_how_it_is() {
    let (_, image) = DOCKERFILE.split_once("\nFROM scratch\n").unwrap();
    assert!(!image.contains("\nRUN "), "there is nothing that could run it");
    assert!(image.contains("\nUSER 65532:65532\n"));
    // Without a shell, each must be a list.
    for run in ["ENTRYPOINT [\"birdfeed\"]", "CMD [\"run\"]"] {
        assert!(image.contains(&format!("\n{run}\n")), "{run}");
    }
    assert!(image.contains(" CMD [\"birdfeed\", \"status\"]\n"));
    for key in [
        "title",
        "description",
        "licenses",
        "version",
        "revision",
        "source",
    ] {
        assert!(
            image.contains(&format!("org.opencontainers.image.{key}=")),
            "{key}"
        );
    }
}

#[test]
fn the_context_has_everything_that_is_compiled_in_and_no_secret() {
    assert!(values(CONTEXT, "").any(|line| line == "*"));
    for needed in ["Cargo.toml", "Cargo.lock", "crates", "config/birdfeed.toml"] {
        assert!(values(CONTEXT, "!/").any(|line| line == needed), "{needed}");
    }
    let mut outside = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "tests" && name != "examples" {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).unwrap();
                let files = text.split("include_str!(\"").skip(1);
                let files = files.filter_map(|rest| rest.split_once("../../../../"));
                outside.extend(files.map(|(_, rest)| rest.split('"').next().unwrap().to_owned()));
            }
        }
    }
    assert_eq!(
        outside,
        ["config/birdfeed.toml"],
        "these must be in .dockerignore"
    );
}

/// The variables of birdfeed's service.
fn environment(text: &str) -> Vec<(String, String)> {
    let service = service(text, "birdfeed");
    let variables = service.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(": ")?;
        name.starts_with("BIRDFEED__")
            .then(|| (name.to_owned(), value.trim_matches('"').to_owned()))
    });
    variables.collect()
}

#[test]
fn what_compose_configures_is_right_with_either_x() {
    let real = environment(COMPOSE);
    let simulated = [real.clone(), environment(SIMULATED)].concat();
    assert!(real.len() > 3 && simulated.len() == real.len() + 3);
    for variables in [real, simulated] {
        let dir = tempfile::tempdir().unwrap();
        let mut check = birdfeed();
        check.current_dir(dir.path()).args(["check", "--no-secrets"]);
        let ended = check.envs(variables).output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
}

#[test]
fn nothing_is_reached_from_outside_this_machine() {
    let ports: Vec<_> = values(COMPOSE, "ports: ")
        .chain(values(SIMULATED, "ports: "))
        .collect();
    let ports = ports.join(",");
    let ports: Vec<_> = ports.split('"').filter(|part| part.contains(':')).collect();
    assert_eq!(ports.len(), 6);
    let (head, _) = COMPOSE.split_once("\nservices:\n").unwrap();
    for port in ports {
        let own = port
            .strip_prefix("127.0.0.1:")
            .unwrap_or_else(|| panic!("{port}"));
        let address = format!("127.0.0.1:{}", own.split(':').next().unwrap());
        assert!(head.contains(&address), "the head says nothing of {address}");
    }
}

#[test]
fn what_is_mounted_is_there_and_is_looked_for_where_it_is() {
    for text in [COMPOSE, SIMULATED] {
        for mount in values(text, "- ./") {
            let path = mount.split(':').next().unwrap();
            assert!(root().join(path).exists(), "{path}");
        }
    }
    let token = read("deploy/simulator/x-token");
    assert_eq!(token.trim(), simulator::Settings::default().token);
    assert!(SIMULATED.contains("\n    file: ./deploy/simulator/x-token\n"));

    let provider = read("deploy/grafana/provisioning/dashboards/birdfeed.yml");
    let folder = values(&provider, "path: ").next().unwrap();
    assert!(service(COMPOSE, "grafana").contains(&format!("birdfeed.json:{folder}/birdfeed.json:ro")));
    let source = read("deploy/grafana/provisioning/datasources/prometheus.yml");
    assert_eq!(values(&source, "url: ").next(), Some("http://prometheus:9090"));
    let scraped = read("deploy/prometheus/prometheus.yml");
    let (_, port) = DOCKERFILE.split_once("\nEXPOSE ").unwrap();
    let port = port.lines().next().unwrap();
    assert!(scraped.contains(&format!("\"birdfeed:{port}\"")));
}
