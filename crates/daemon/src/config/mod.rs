//! File and environment to settings. Everything that is wrong is said at once, with where it stands and what to do.
//!
//! [`read`] lists every key with its default; `config/birdfeed.toml` shows them to people, and a test keeps the two equal.
//! `tree` lays the environment over the file, `section` takes typed values out of it, `problem` is what goes wrong.

mod problem;
mod read;
mod section;
mod sinks;
mod tree;
mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use journal::Durability;
use secrecy::SecretString;
use stream_core::cloudevents::Headers;
use stream_core::lane::LaneSet;
use stream_core::supervisor::WhenFull;

pub use self::problem::{Problem, Problems, suggestion};
use crate::exit::{Exit, Stop};
use crate::logging::Format;

/// The default file, commented: what `birdfeed config default` prints.
pub const DEFAULT_TOML: &str = include_str!("../../../../config/birdfeed.toml");

/// Everything that can be configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[stream]`
    pub stream: Stream,
    /// `[lanes]`
    pub lanes: Lanes,
    /// `[journal]`
    pub journal: Journal,
    /// `[[sink]]`, at least one, with unique names.
    pub sinks: Vec<Sink>,
    /// `[admin]`
    pub admin: Admin,
    /// `[log]`
    pub log: Log,
    /// How long the end may take, `shutdown.drain`.
    pub drain: Duration,
}

/// Where the stream comes from.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its name, in events and headers.
    pub name: String,
    /// The endpoint.
    pub endpoint: source_x::Endpoint,
    /// Scheme and host.
    pub base_url: String,
    /// Whether hosts other than X's may see the token.
    pub allow_custom_host: bool,
    /// A certificate authority besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The bearer token.
    pub token: source_x::Token,
    /// Failures in a row before giving up; `None` for never.
    pub max_retries: Option<u32>,
    /// What to ask for.
    pub query: source_x::Query,
}

/// Which lanes, and what their topics are called.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Goes before the lane's name.
    pub prefix: String,
    /// The lanes that are switched on.
    pub enabled: LaneSet,
}

/// The journal.
#[derive(Clone, Debug)]
pub struct Journal {
    /// Its folder.
    pub dir: PathBuf,
    /// The most it may take on disk.
    pub max_bytes: u64,
    /// When it is forced to the disk.
    pub durability: Durability,
    /// What to do when it is full.
    pub when_full: WhenFull,
}

/// A sink with its name.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Unique.
    pub name: String,
    /// Which, and how.
    pub kind: SinkKind,
}

/// The sinks.
#[derive(Clone, Debug)]
pub enum SinkKind {
    /// Kafka.
    Kafka {
        /// `host:port`, joined by commas.
        bootstrap_servers: String,
        /// Whether missing topics are created.
        create_topics: bool,
        /// Of topics that are created; `None` for the broker's default.
        partitions: Option<i32>,
        /// Of topics that are created; `None` for the broker's default.
        replication: Option<i32>,
        /// librdkafka's, over our defaults. Some are secrets.
        properties: Properties,
        /// Which headers.
        headers: Headers,
    },
    /// RabbitMQ.
    Amqp {
        /// With user and password.
        url: SecretString,
        /// The exchange.
        exchange: String,
        /// Whether exchange, queues and bindings are declared.
        declare: bool,
        /// A certificate authority besides the system's.
        ca_file: Option<PathBuf>,
        /// Which headers.
        headers: Headers,
    },
    /// Files.
    File {
        /// Their folder.
        dir: PathBuf,
        /// A file is finished when it has this many bytes.
        rotate_bytes: u64,
        /// And when it is this old.
        rotate_every: Duration,
    },
}

/// librdkafka's properties. Debug shows their names only.
#[derive(Clone, Default)]
pub struct Properties(pub BTreeMap<String, String>);

impl std::fmt::Debug for Properties {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The admin server.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Its address; `None` for no server.
    pub listen: Option<SocketAddr>,
}

/// Logging.
#[derive(Clone, Debug)]
pub struct Log {
    /// How lines look.
    pub format: Format,
    /// Which lines: tracing's directives.
    pub level: String,
}

/// Reads `file`, if there is one, and lays `environment` over it.
pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Config, Problems> {
    let mut table = match file {
        Some(path) => read_file(path).map_err(|problem| Problems(vec![problem]))?,
        None => tree::Table::new(),
    };
    let mut problems = tree::overlay(&mut table, environment);
    let config = read::config(table, environment, &mut problems);
    match (config, problems.is_empty()) {
        (Some(config), true) => Ok(config),
        _ => Err(Problems(problems)),
    }
}

/// The same for this process: its environment, and problems as the reason to stop.
pub fn from_process(file: Option<&Path>) -> Result<Config, Stop> {
    // A variable that is not UTF-8 is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    load(file, &environment).map_err(|problems| Stop::new(Exit::Usage, problems))
}

fn read_file(path: &Path) -> Result<tree::Table, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let origin = tree::Origin::File { path: path.to_owned(), line: 1, column: 1 };
        Problem::new(origin, "", format!("cannot be read: {error}"))
    })?;
    tree::parse(path, &text)
}
