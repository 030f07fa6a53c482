//! The command line.

#[cfg(feature = "simulator")]
mod demo;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[cfg(feature = "simulator")]
pub use self::demo::DemoArgs;
use crate::admin::Address;

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
    #[cfg(feature = "simulator")]
    Demo(DemoArgs),
    /// Find every mistake in the configuration at once.
    #[command(
        after_help = "Example: birdfeed check --config birdfeed.toml --connect\n         \
                      birdfeed check --config deploy/birdfeed.toml --no-secrets   (in CI)"
    )]
    Check(CheckArgs),
    /// Show what a running daemon says of itself; the exit code is 0 if it is ready.
    #[command(
        after_help = "Example: birdfeed status --watch\n         birdfeed status --address 127.0.0.1:9464"
    )]
    Status(StatusArgs),
    /// Serve an X look-alike to try things against.
    #[command(
        after_help = "Example: birdfeed simulate --listen 127.0.0.1:8080 --rate 250\n         \
                            birdfeed simulate --tls --ca-out ca.pem --fault faults.txt"
    )]
    #[cfg(feature = "simulator")]
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

/// `birdfeed check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Also try what `run` will need: X, the brokers, the admin server's port. Changes nothing.
    #[arg(long)]
    pub connect: bool,
    /// Judge a configuration where its secrets are not: tokens, and files that it names, may be missing, and this machine's
    /// folders do not matter.
    #[arg(long, conflicts_with = "connect")]
    pub no_secrets: bool,
}

/// `birdfeed status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The daemon's configuration, for its admin address.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The admin address itself: a host with a port.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config")]
    pub address: Option<Address>,
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
