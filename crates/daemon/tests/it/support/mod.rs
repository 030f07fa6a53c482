//! What the end-to-end tests share: the real program as a process, and consumers that know nothing of our code.

pub mod amqp;
pub mod browser;
pub mod kafka;
pub mod oracle;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::Simulator;
use test_brokers::unique;

/// How long to wait for what takes a moment.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A `birdfeed run` in a folder of its own.
pub struct Daemon {
    child: Child,
    log: PathBuf,
    admin: String,
}

impl Daemon {
    /// Starts it in `dir` with this configuration (the admin server and the journal are added), and waits until its admin
    /// server answers. It may be started again in the same folder.
    pub fn start(dir: &Path, config: &str) -> Self {
        Self::spawn(dir, &mut Self::command(dir, config))
    }

    /// The same with more of its environment.
    pub fn start_with(dir: &Path, config: &str, environment: &[(&str, &str)]) -> Self {
        Self::spawn(dir, Self::command(dir, config).envs(environment.iter().copied()))
    }

    /// What [`start`](Self::start) starts.
    pub fn command(dir: &Path, config: &str) -> Command {
        let file = dir.join("birdfeed.toml");
        let journal = dir.join("journal");
        let extra = format!(
            "[admin]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\n[journal]\ndir = {journal:?}\n"
        );
        std::fs::write(&file, format!("{config}\n{extra}")).unwrap();
        let mut command = birdfeed();
        command.args(["run", "--config"]).arg(&file);
        command.env("X_BEARER_TOKEN", "simulator-token");
        command
    }

    /// Starts `command`, a `run` that logs JSON and whose admin server is on, and waits until that answers. Its log goes to
    /// `dir`.
    pub fn spawn(dir: &Path, command: &mut Command) -> Self {
        let log = dir.join(unique("log"));
        let child = command
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut daemon = Self {
            child,
            log,
            admin: String::new(),
        };
        daemon.admin = daemon.wait_for("the admin address", Duration::from_secs(20), |daemon| {
            let log = daemon.log();
            let line = log.lines().find(|line| line.contains("admin server: "))?;
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line["address"].as_str()?.to_owned())
        });
        daemon
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The body of an admin page, whatever its status, with the status before it.
    pub fn get(&self, path: &str) -> (u16, String) {
        let (head, body) = self.ask(path, "");
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
    }

    /// The head and the body of the answer to a request with these headers, each with its line end.
    pub fn ask(&self, path: &str, headers: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n{headers}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// The lines of a page that does not end, as they come.
    pub fn listen(&self, path: &str) -> impl Iterator<Item = String> + use<> {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        BufReader::new(stream).lines().map_while(Result::ok)
    }

    /// `/status`.
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status").1).unwrap()
    }

    /// The value of one series, as `/metrics` writes its name and labels.
    pub fn metric(&self, series: &str) -> f64 {
        let (_, text) = self.get("/metrics");
        let line = text
            .lines()
            .find(|line| line.rsplit_once(' ').is_some_and(|(name, _)| name == series));
        let line = line.unwrap_or_else(|| panic!("no series {series} in\n{text}"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    }

    /// Waits until `look` finds something.
    pub fn wait_for<T>(&mut self, what: &str, patience: Duration, look: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("birdfeed ended ({status}) before {what}:\n{}", self.log());
            }
            assert!(
                Instant::now() < deadline,
                "no {what} within {patience:?}:\n{}\n{}",
                self.log(),
                self.get("/status").1
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until so many messages were journaled and every lane has passed them all.
    pub fn wait_delivered(&mut self, messages: u64, patience: Duration) {
        self.wait_for(&format!("delivery of {messages} messages"), patience, |daemon| {
            let status = daemon.status();
            let lanes = status["lanes"].as_array()?;
            let done = lanes
                .iter()
                .all(|lane| lane["pending"] == 0 && lane["in_flight"] == 0);
            (status["stream"]["messages"].as_u64()? >= messages && done).then_some(())
        });
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit status.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        assert!(signal(&self.child, name));
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> ExitStatus {
        end_of(&mut self.child).unwrap_or_else(|| panic!("birdfeed does not end:\n{}", self.log()))
    }

    /// Where its admin server listens.
    pub fn admin(&self) -> &str {
        &self.admin
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end of `child`; one that does not end is killed.
pub fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    None
}

/// Sends a signal by its name, and says whether that worked.
pub fn signal(child: &Child, name: &str) -> bool {
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status();
    sent.unwrap().success()
}

/// The program, without anything of this environment that it would read.
pub fn birdfeed() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_birdfeed"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let read = [
            "BIRDFEED_",
            "X_",
            "OTEL_",
            "NOTIFY_SOCKET",
            "WATCHDOG_",
            "JOURNAL_STREAM",
        ];
        if read.iter().any(|begin| name.starts_with(begin)) {
            command.env_remove(name);
        }
    }
    command
}

/// The stream's part of a configuration that reads from `simulator`.
pub fn stream(simulator: &Simulator) -> String {
    format!("[stream]\nbase_url = \"{}\"\n", simulator.base_url())
}

/// A file sink in `dir`.
pub fn file_sink(dir: &Path) -> String {
    format!("[[sink]]\ntype = \"file\"\ndir = {:?}\n", dir.join("lanes"))
}

/// The lines of all files of a lane, in order.
pub fn lane_lines(dir: &Path, lane: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(dir.join("lanes").join(lane)) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let bytes: Vec<u8> = paths
        .iter()
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(
        bytes.is_empty() || bytes.ends_with(b"\n"),
        "half a line at the end of {lane}"
    );
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}
