//! File and environment to settings. Everything that is wrong is said at once, with where it stands and what to do.
//!
//! `components` lists every key with its default; `config/birdfeed.toml` shows them to people.
//! `tree` lays the environment over the file, `section` takes typed values out of it, `problem` is what goes wrong.

pub(crate) mod names;
pub(crate) mod problem;
pub(crate) mod section;
mod suggest;
pub(crate) mod tree;
pub(crate) mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use stream_core::model::LaneSet;
use stream_core::pipeline::WhenFull;

pub use self::problem::{Problem, Problems};
use crate::components;
use crate::exit::{CommandError, SysExit};
use crate::logging::LogFormat;

/// The default file, commented: what `birdfeed config default` prints.
pub const DEFAULT_TOML: &str = include_str!("../../../../config/birdfeed.toml");

/// Everything that can be configured, checked as far as it can be without a network.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[stream]`
    pub stream: Stream,
    /// The lanes that are switched on, `lanes.enabled`.
    pub lanes: LaneSet,
    /// `[journal]`
    pub journal: journal::Settings,
    /// What to do when the journal is full, `journal.when_full`.
    pub when_full: WhenFull,
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
    /// Failures in a row before giving up; `None` for never.
    pub max_retries: Option<u32>,
    /// How to reach X, and what to ask for.
    pub source: source_x::Settings,
}

/// A sink with its name.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Unique.
    pub name: String,
    /// Which, and how.
    pub settings: SinkSettings,
}

/// The sinks' own settings.
#[derive(Clone, Debug)]
pub enum SinkSettings {
    /// Kafka.
    Kafka(sink_kafka::Settings),
    /// RabbitMQ.
    Amqp(sink_amqp::Settings),
    /// Files.
    File(sink_file::Settings),
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
    pub format: LogFormat,
    /// Which lines: tracing's directives.
    pub level: String,
}

/// Reads `file`, if there is one, and lays `environment` over it.
pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Config, Problems> {
    let (table, mut problems) = tree(file, environment)?;
    let config = components::config(table, environment, &mut problems);
    match (config, problems.is_empty()) {
        (Some(config), true) => Ok(config),
        _ => Err(Problems(problems)),
    }
}

/// The same for this process: its environment, and problems as the reason to stop.
pub fn from_process(file: Option<&Path>) -> Result<Config, CommandError> {
    load(file, &environment()).map_err(|problems| CommandError::new(SysExit::Usage, problems))
}

/// `[admin]` alone for this process: who asks a daemon how it is need not have its secrets.
pub fn admin_from_process(file: Option<&Path>) -> Result<Admin, CommandError> {
    tree(file, &environment())
        .and_then(|(table, _)| components::admin_only(table))
        .map_err(|problems| CommandError::new(SysExit::Usage, problems))
}

/// This process's environment; a variable that is not UTF-8 is none of ours.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// File and environment as one tree, with what leads nowhere in the environment.
fn tree(
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<(tree::Table, Vec<Problem>), Problems> {
    let mut table = match file {
        Some(path) => read_file(path).map_err(|problem| Problems(vec![problem]))?,
        None => tree::Table::new(),
    };
    let problems = tree::overlay(&mut table, environment);
    Ok((table, problems))
}

fn read_file(path: &Path) -> Result<tree::Table, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let origin = tree::Origin::File {
            path: path.to_owned(),
            line: 1,
            column: 1,
        };
        Problem::new(origin, "", format!("cannot be read: {error}"))
    })?;
    tree::parse(path, &text)
}
