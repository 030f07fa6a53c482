//! `docs/` as a book: nothing is left out, no link leads nowhere, and the commands of its first page work as they stand there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use simulator::{Settings, Simulator};

use crate::support::{birdfeed, end_of};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .canonicalize()
        .unwrap()
}

/// Every page below `dir`.
fn pages(dir: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.extension() {
            None if path.is_dir() => pages(&path),
            Some(extension) if extension == "md" => [path].into(),
            _ => BTreeSet::new(),
        })
        .collect()
}

/// What the links of `text` name that lead to no other site, code left out.
fn links(text: &str) -> Vec<String> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|prose| prose.split("](").skip(1));
    targets
        .filter_map(|behind| behind.split_once(')').map(|(target, _)| target.to_owned()))
        .filter(|target| !target.contains("://"))
        .collect()
}

/// What a heading is called in links.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_page_is_in_the_summary() {
    let docs = docs();
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let named: BTreeSet<PathBuf> = links(&summary).iter().map(|link| docs.join(link)).collect();
    let mut there = pages(&docs);
    there.remove(&docs.join("SUMMARY.md"));
    assert_eq!(named, there);
}

#[test]
fn no_link_leads_nowhere() {
    let mut seen = 0;
    for page in pages(&docs()) {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            seen += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() {
                page.clone()
            } else {
                page.with_file_name(path)
            };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let there = anchors(&std::fs::read_to_string(&target).unwrap());
                assert!(there.contains(anchor), "{}: {link}: {there:?}", page.display());
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// The command lines of `birdfeed` on a page, in their order.
fn commands(page: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(docs().join(page)).unwrap();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("birdfeed "));
    lines
        .map(|line| {
            // Quotes keep a word together.
            let parts = line.split('"').enumerate();
            let words = parts.flat_map(|(number, part)| match number % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            });
            words.skip(1).collect()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_works_as_it_stands_there() {
    let settings = Settings {
        rules_required: true,
        rate: 100.0,
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let command = |arguments: &[String]| {
        let mut command = birdfeed();
        command.args(arguments).current_dir(dir.path());
        command.env("X_BEARER_TOKEN", "simulator-token");
        command.env("BIRDFEED__STREAM__BASE_URL", simulator.base_url());
        command.env("BIRDFEED__ADMIN__LISTEN", &free);
        command
    };
    let posts = || {
        let files = std::fs::read_dir(dir.path().join("birdfeed-data/lanes/tweets"))
            .into_iter()
            .flatten();
        files
            .filter(|file| file.as_ref().unwrap().metadata().unwrap().len() > 0)
            .count()
    };
    let (mut daemon, mut ran) = (None, 0);
    for arguments in commands("getting-started.md") {
        ran += 1;
        if arguments == ["run"] {
            let quiet = command(&arguments).stderr(Stdio::null()).spawn().unwrap();
            daemon = Some(quiet);
            let began = Instant::now();
            while posts() == 0 {
                assert!(began.elapsed() < Duration::from_secs(60), "no post came");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            continue;
        }
        let output = command(&arguments).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }
    assert_eq!(ran, 5);
    let mut daemon = daemon.unwrap();
    daemon.kill().unwrap();
    end_of(&mut daemon);
}
