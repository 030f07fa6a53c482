//! Brokers as processes, through `scripts/brokers`, each in a temporary folder of its own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::found::{Found, Hold, Origin, Way};
use crate::names::{AMQP_VARIABLE, KAFKA_VARIABLE, unique};
use crate::reaper::Reaper;

/// A broker of one test's own: it may be killed, started again, restarted. Stopped and deleted when dropped.
///
/// Every method blocks for seconds and panics with the script's words when it fails. In async code that
/// must go on meanwhile, call it from `tokio::task::spawn_blocking` (share it in an `Arc`).
#[derive(Debug)]
pub struct Broker {
    name: &'static str,
    address: String,
    secure: Option<Secure>,
    dir: PathBuf,
    reaper: Reaper,
}

/// A listener with TLS. Kafka's is `SASL_SSL`: user `bird`, password `feed`, by PLAIN or SCRAM-SHA-512.
#[derive(Debug, Clone)]
pub struct Secure {
    /// Bootstrap servers, or an `amqps` URL.
    pub address: String,
    /// The certificate (PEM) of the authority that signed the listener's.
    pub ca: PathBuf,
    /// A certificate (PEM) of the same authority for a client, `bird`.
    pub cert: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

/// A Kafka of the caller's own. Panics if it does not start.
pub fn own_kafka() -> Broker {
    own("kafka", KAFKA_VARIABLE, &[])
}

/// A RabbitMQ of the caller's own. Panics if it does not start.
pub fn own_amqp() -> Broker {
    own("rabbitmq", AMQP_VARIABLE, &[])
}

/// Like [`own_kafka`], with a [`Secure`] listener beside the plain one.
pub fn secure_kafka() -> Broker {
    own("kafka", KAFKA_VARIABLE, &["--secure"])
}

/// Like [`own_amqp`], with a [`Secure`] listener beside the plain one.
pub fn secure_amqp() -> Broker {
    own("rabbitmq", AMQP_VARIABLE, &["--secure"])
}

fn own(name: &'static str, variable: &str, options: &[&str]) -> Broker {
    start(name, variable, options).unwrap_or_else(|why| panic!("no {name} of its own for this test: {why}"))
}

/// The last rung of the ladder.
pub(crate) fn shared(name: &'static str, variable: &str) -> Result<Found, String> {
    let broker = start(name, variable, &[])?;
    let version = broker.version()?;
    let Broker { address, reaper, .. } = broker;
    Ok(Found {
        address,
        origin: Origin {
            way: Way::Native,
            version,
        },
        hold: Hold::Processes { _reaper: reaper },
    })
}

fn start(name: &'static str, variable: &str, options: &[&str]) -> Result<Broker, String> {
    let dir = std::env::temp_dir().join(unique("birdfeed-brokers"));
    let script = script();
    let stop = [
        script.as_os_str(),
        OsStr::new("stop"),
        OsStr::new("--remove"),
        dir.as_os_str(),
    ];
    // Before the start: whatever that leaves behind, complete or not, is then cleared away.
    let reaper = Reaper::new(&stop)?;
    let mut words = vec![OsStr::new("start"), OsStr::new("--only"), OsStr::new(name)];
    words.extend(options.iter().map(OsStr::new));
    words.push(dir.as_os_str());
    let printed = run(&words)?;
    let mut values: HashMap<&str, &str> = printed.lines().filter_map(|line| line.split_once('=')).collect();
    let mut take = |key: &str| values.remove(key).map(str::to_owned);
    let address = take(variable).ok_or_else(|| format!("no {variable} in what scripts/brokers printed"))?;
    let secure = take(&format!("{variable}_SECURE")).map(|address| Secure {
        address,
        ca: dir.join("tls").join("ca.pem"),
        cert: dir.join("tls").join("client.pem"),
        key: dir.join("tls").join("client.key"),
    });
    Ok(Broker {
        name,
        address,
        secure,
        dir,
        reaper,
    })
}

impl Broker {
    /// Kafka's bootstrap servers, or RabbitMQ's URL; the same after every restart.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The listener with TLS, if it was started with one.
    pub fn secure(&self) -> Option<&Secure> {
        self.secure.as_ref()
    }

    /// `kill -9`; returns when the process is gone. RabbitMQ is given the half second that it needs to keep new quorum queues.
    pub fn kill(&self) {
        self.must(&["kill", self.name]);
    }

    /// Starts it again with its data, on the same ports; returns when it serves.
    pub fn up(&self) {
        self.must(&["up", self.name]);
    }

    /// An orderly stop and a start; returns when it serves again.
    pub fn restart(&self) {
        self.must(&["restart", "--only", self.name]);
    }

    /// `rabbitmqctl` of this node; gives what it printed.
    pub fn rabbitmqctl(&self, args: &[&str]) -> String {
        let mut words = vec![OsStr::new("rabbitmqctl"), self.dir.as_os_str()];
        words.extend(args.iter().map(OsStr::new));
        run(&words).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Makes a RabbitMQ with TLS ask its clients for a certificate, and take the user from it (mechanism EXTERNAL) or a
    /// password; restarts it.
    pub fn demand_certificates(&self) {
        let dir = self.dir.join("rabbitmq");
        let conf = dir.join("rabbitmq.conf");
        let text = read(&conf)
            .replace("verify_none", "verify_peer")
            .replace("fail_if_no_peer_cert = false", "fail_if_no_peer_cert = true");
        let external =
            "auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = EXTERNAL\nssl_cert_login_from = common_name\n";
        write(&conf, &(text + external));
        write(&dir.join("enabled_plugins"), "[rabbitmq_auth_mechanism_ssl].\n");
        self.restart();
    }

    fn must(&self, words: &[&str]) -> String {
        self.tell(words).unwrap_or_else(|why| panic!("{why}"))
    }

    fn tell(&self, words: &[&str]) -> Result<String, String> {
        let words: Vec<&OsStr> = words
            .iter()
            .map(OsStr::new)
            .chain([self.dir.as_os_str()])
            .collect();
        run(&words)
    }

    /// `status` prints `name: product version, pid …`.
    fn version(&self) -> Result<String, String> {
        let line = self.tell(&["status", "--only", self.name])?;
        let version = line.split_once(": ").and_then(|(_, rest)| rest.split(',').next());
        version
            .map(str::to_owned)
            .ok_or_else(|| format!("scripts/brokers status printed {line:?}"))
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/brokers")
}

/// What the script printed; on failure its complaint.
fn run(words: &[&OsStr]) -> Result<String, String> {
    let output = Command::new(script())
        .args(words)
        .output()
        .map_err(|why| format!("scripts/brokers does not start: {why}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "scripts/brokers {words:?} failed ({}): {}",
        output.status,
        complaint.trim()
    ))
}
