//! Every example as it stands, against the simulator.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use simulator::{At, Endpoint, Fault, FaultPlan, Moment, OAuthKeys, Simulator, Step};

use crate::support::{TOKEN, start};

/// The example as a process, which ends with the test.
struct Example(Child);

impl Example {
    fn run(name: &str, simulator: &Simulator) -> Self {
        let deps = std::env::current_exe().unwrap();
        let program: PathBuf = deps.ancestors().nth(2).unwrap().join("examples").join(name);
        assert!(
            program.exists(),
            "first `cargo build -p birdfeed --examples`: no {}",
            program.display()
        );
        let keys = OAuthKeys::default();
        let child = Command::new(program)
            .env("BIRDFEED_BASE_URL", simulator.base_url())
            .env("X_BEARER_TOKEN", TOKEN)
            .env("X_CONSUMER_KEY", keys.consumer_key)
            .env("X_CONSUMER_SECRET", keys.consumer_secret)
            .env("X_ACCESS_TOKEN", keys.access_token)
            .env("X_ACCESS_TOKEN_SECRET", keys.access_token_secret)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// The first lines that it prints.
    fn lines(&mut self, count: usize) -> Vec<String> {
        let output = BufReader::new(self.0.stdout.take().unwrap());
        output.lines().take(count).map(Result::unwrap).collect()
    }
}

impl Example {
    /// All that it prints until it ends by itself, in good order.
    fn output(mut self) -> Vec<String> {
        let lines = self.lines(usize::MAX);
        assert!(self.0.wait().unwrap().success());
        lines
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn id_printer() {
    let (simulator, _) = start(FaultPlan::default(), |_| {}).await;
    let lines = Example::run("id_printer", &simulator).lines(20);
    let posts = simulator.ledger().posts();
    assert!(lines.iter().eq(posts.iter().take(20).map(|post| &post.id)));
    assert_eq!(simulator.ledger().connections()[0].endpoint, Endpoint::Search);
}

#[tokio::test(flavor = "multi_thread")]
async fn id_printer_v1() {
    let (simulator, _) = start(FaultPlan::default(), |_| {}).await;
    let lines = Example::run("id_printer_v1", &simulator).lines(20);
    let posts = simulator.ledger().posts();
    assert!(lines.iter().eq(posts.iter().take(20).map(|post| &post.id)));
    assert_eq!(
        simulator.ledger().connections()[0].endpoint,
        Endpoint::StatusSample
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn first_connection_error() {
    let step = |number, fault| Step {
        at: At::connection(number),
        moment: Moment::AfterPosts(5),
        fault,
    };
    let faults = FaultPlan::new([step(1, Fault::CleanEnd), step(2, Fault::Reset)]);
    let (simulator, _) = start(faults, |_| {}).await;
    let lines = Example::run("first_connection_error", &simulator).output();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(simulator.ledger().connections().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules() {
    let (simulator, _) = start(FaultPlan::default(), |_| {}).await;
    let mut lines = Example::run("rules", &simulator).output();
    for line in &mut lines {
        let (id, _) = line.split_once(": ").unwrap();
        assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{line}");
        line.replace_range(..id.len() + 2, "");
    }
    lines.sort();
    assert_eq!(lines, ["cats has:images", "dogs"]);
    assert!(simulator.rules().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn background_thread() {
    let (simulator, _) = start(FaultPlan::default(), |_| {}).await;
    let lines = Example::run("background_thread", &simulator).output();
    let posts = simulator.ledger().posts();
    assert!(lines.len() > 100, "{} lines", lines.len());
    assert!(
        lines
            .iter()
            .eq(posts.iter().take(lines.len()).map(|post| &post.id))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn post_to_channel() {
    let (simulator, _) = start(FaultPlan::default(), |_| {}).await;
    let lines = Example::run("post_to_channel", &simulator).output();
    let text = lines.join("\n");
    let first = &simulator.ledger().posts()[0];
    let data: serde_json::Value = serde_json::from_slice(&first.data()).unwrap();
    assert!(text.starts_with(data["text"].as_str().unwrap()), "{text}");
    assert!(lines.len() >= 10);
}

#[test]
fn the_program_that_the_documentation_shows_is_the_one_that_runs() {
    let (page, example) = (
        include_str!("../../src/lib.rs"),
        include_str!("../../examples/id_printer.rs"),
    );
    let shown = page.split("```").nth(1).unwrap().lines().skip(1);
    let shown: Vec<_> = shown.filter_map(|line| line.strip_prefix("//! ")).collect();
    assert!(
        shown.len() > 5 && example.contains(&shown.join("\n")),
        "{shown:#?}"
    );
}

/// Lines that say something.
fn lines(program: &str, comment: &str) -> usize {
    let said = program
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(comment));
    said.filter(|line| line.contains(char::is_alphanumeric)).count()
}

#[test]
fn each_is_as_short_as_its_twin_and_the_page_says_how_short() {
    let page = include_str!("../../../../docs/from-tweepy.md");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut examples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    examples.retain(|path| path.extension().is_some_and(|end| end == "rs"));
    assert!(examples.len() >= 6);
    for path in examples {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let ours = lines(&std::fs::read_to_string(&path).unwrap(), "//");
        let twin = std::fs::read_to_string(format!("{folder}/tweepy/{name}.py")).unwrap();
        let theirs = lines(&twin, "#");
        assert!(ours <= theirs, "{name}: {ours} lines, tweepy {theirs}");
        let row = format!("| `{name}` | {ours} | {theirs} |");
        assert!(page.contains(&row), "docs/from-tweepy.md lacks: {row}");
    }
}
