//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Keeps one X stream alive and fans it out to Kafka, RabbitMQ and files.
#[derive(Debug, Parser)]
#[command(name = "birdfeed", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon.
    #[command(
        after_help = "Example: X_BEARER_TOKEN=… birdfeed run\n         birdfeed run --config /etc/birdfeed.toml"
    )]
    Run(ConfigArgs),
    /// See it work: simulator, stream and files in one process; no account, no broker.
    #[command(after_help = "Example: birdfeed demo --for 20s --rate 250")]
    Demo(DemoArgs),
    /// Find every mistake in the configuration at once.
    #[command(after_help = "Example: birdfeed check --config birdfeed.toml --connect")]
    Check(CheckArgs),
    /// Show what a running daemon says of itself.
    #[command(
        after_help = "Example: birdfeed status --watch\n         birdfeed status --address 127.0.0.1:9464"
    )]
    Status(StatusArgs),
    /// Serve an X look-alike to try things against.
    #[command(
        after_help = "Example: birdfeed simulate --listen 127.0.0.1:8080 --rate 250\n         \
                            birdfeed simulate --tls --ca-out ca.pem --fault faults.txt"
    )]
    Simulate(simulator::cli::SimulateArgs),
    /// The configuration file's contents.
    #[command(subcommand, after_help = "Example: birdfeed config default > birdfeed.toml")]
    Config(ConfigCommand),
}

/// Which configuration.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// The configuration file; without one, the defaults and the environment.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `birdfeed demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How long.
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = some_time)]
    pub length: Duration,
    /// Posts per second.
    #[arg(long, default_value_t = 250.0, value_parser = some_rate)]
    pub rate: f64,
    /// Where to put the files.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}

/// `birdfeed check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Also try X and the brokers.
    #[arg(long)]
    pub connect: bool,
}

/// `birdfeed status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The daemon's configuration, for its admin address.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The admin address itself.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config")]
    pub address: Option<SocketAddr>,
    /// Again every second, until interrupted.
    #[arg(long)]
    pub watch: bool,
    /// As JSON.
    #[arg(long, conflicts_with = "watch")]
    pub json: bool,
}

/// `birdfeed config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// The commented default file.
    #[command(after_help = "Example: birdfeed config default > birdfeed.toml")]
    Default,
}

fn some_time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be more than nothing".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

fn some_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 => Ok(rate),
        _ => Err("must be a number above 0".to_owned()),
    }
}
