//! Every example as it stands, against the simulator.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use simulator::{Endpoint, FaultPlan, Simulator};

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
        let child = Command::new(program)
            .env("BIRDFEED_BASE_URL", simulator.base_url())
            .env("X_BEARER_TOKEN", TOKEN)
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
