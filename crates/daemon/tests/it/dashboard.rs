//! `deploy/grafana/birdfeed.json`: every question that a panel, an annotation or a variable asks is answered by a real Prometheus, which
//! looks at a real daemon in trouble.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::support::{Daemon, file_sink, stream};

const DASHBOARD: &str = include_str!("../../../../deploy/grafana/birdfeed.json");
const RULES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/prometheus/recording.yml"
);
/// Of what is to be seen in a second, a minute is the longest that a machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the simulator does to the stream, so that there is something to see.
const FAULTS: &str = "connection 1 after 60 posts: garbage truncated\n\
                      connection 1 after 2000 posts: end\n\
                      connection 2: status 503\n";

struct Prometheus {
    child: Child,
    port: u16,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// One that looks at `target` every second, by our rules.
    fn start(dir: &Path, target: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        // As they are, but looked at more often: whoever runs a test does not wait for a quarter of a minute.
        let rules = std::fs::read_to_string(RULES)
            .unwrap()
            .replace("interval: 15s", "interval: 1s");
        std::fs::write(dir.join("recording.yml"), rules).unwrap();
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [recording.yml]\n\
             scrape_configs: [{{ job_name: birdfeed, static_configs: [{{ targets: [\"{target}\"] }}] }}]\n"
        );
        std::fs::write(dir.join("prometheus.yml"), config).unwrap();
        let child = Command::new("prometheus")
            .current_dir(dir)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=tsdb")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus (Debian's package) is installed by scripts/test");
        Self { child, port }
    }

    /// The answer to a query, if there is one yet.
    fn ask(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream
            .write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())
            .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    /// What it finds; an error is said, for no waiting cures a wrong question.
    fn finds(&self, expr: &str) -> Vec<Value> {
        let Some(answer) = self.ask(&format!("/api/v1/query?query={}", encoded(expr))) else {
            return Vec::new();
        };
        assert_eq!(answer["status"], "success", "{expr}: {answer}");
        let found = answer["data"]["result"].as_array().unwrap().clone();
        found.into_iter().filter(|one| one["value"][1] != "NaN").collect()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// With everything chosen, as the dashboard opens.
fn chosen(expr: &str) -> String {
    let expr = expr.replace("$instance", ".*").replace("$sink", ".*");
    let expr = expr.replace("$__rate_interval", "20s");
    assert!(!expr.contains('$'), "{expr}");
    expr
}

/// Every question of the dashboard, with who asks it.
fn questions() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut questions = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = text(&panel["title"]);
        for target in panel["targets"].as_array().into_iter().flatten() {
            questions.push((title.clone(), chosen(&text(&target["expr"]))));
        }
    }
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        questions.push((text(&annotation["name"]), chosen(&text(&annotation["expr"]))));
    }
    questions
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_has_something_to_show() {
    let simulator = Simulator::start(Settings {
        rate: 100.0,
        rules_required: true,
        backfill_allowed: true,
        faults: FAULTS.parse().unwrap(),
        ..Settings::default()
    });
    let simulator = simulator.await.unwrap();
    simulator.add_rule("bird", Some("birds"));
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules.toml");
    std::fs::write(&rules, "[[rule]]\nvalue = \"bird\"\n").unwrap();
    let config = format!(
        "{}usage_every = \"20s\"\n{}[rules]\nfile = {rules:?}\nmode = \"check\"\nevery = \"3s\"\n",
        stream(&simulator),
        file_sink(dir.path())
    );
    // Else the disk may never be waited for.
    let strict = [("BIRDFEED__JOURNAL__DURABILITY", "strict")];
    let mut daemon = Daemon::start_with(dir.path(), &config, &strict);
    let prometheus = Prometheus::start(dir.path(), daemon.admin());
    let deadline = Instant::now() + PATIENCE;
    let mut empty = questions();
    assert!(empty.len() > 35, "{}", empty.len());
    while !empty.is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        empty.retain(|(_, expr)| prometheus.finds(expr).is_empty());
        assert!(
            Instant::now() < deadline,
            "nothing to show: {empty:#?}\n{}",
            daemon.log()
        );
    }
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let query = variable["query"].as_str().unwrap();
        if let Some((family, label)) = query
            .strip_prefix("label_values(")
            .and_then(|rest| rest.strip_suffix(')')?.split_once(", "))
        {
            let found = prometheus.finds(family);
            assert!(found[0]["metric"][label].is_string(), "{query}: {found:?}");
        }
    }
    daemon.wait_for("an end of the stream", PATIENCE, |daemon| {
        (daemon.metric("birdfeed_stream_disconnects_total{reason=\"clean_end\"}") >= 1.0).then_some(())
    });
    assert!(daemon.terminate().success());
}
