//! The command line.

mod account;
mod config_args;
mod daemon_args;
#[cfg(feature = "simulator")]
mod demo;
mod rules;
mod tap;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub use self::account::{CloseArgs, ConnectionsCommand, ListArgs, UsageArgs};
pub use self::config_args::ConfigArgs;
pub use self::daemon_args::DaemonArgs;
#[cfg(feature = "simulator")]
pub use self::demo::DemoArgs;
pub use self::rules::{Doomed, RulesAddArgs, RulesCommand, RulesDeleteArgs, RulesFileArgs, RulesListArgs};
pub use self::tap::TapArgs;
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
    /// The rules of the filtered stream, by hand or from a file.
    #[command(
        subcommand,
        after_help = "Example: birdfeed rules add \"cats has:images\"\n         \
                      birdfeed rules plan --file rules.toml"
    )]
    Rules(RulesCommand),
    /// Read back what the sinks have got: nothing is missing, or what is, and why. Takes nothing from them.
    #[command(after_help = "Example: birdfeed verify --config birdfeed.toml\n         \
                      birdfeed verify --config birdfeed.toml --sink kafka --json\n         \
                      birdfeed verify --config birdfeed.toml --follow --metrics 127.0.0.1:9465\n\n\
                      Exit code: 0 if everything is there, 1 if something is missing, 69 if a sink could not be read.")]
    Verify(VerifyArgs),
    /// See and close the connections that X takes for open: a ghost keeps a slot.
    #[command(subcommand, after_help = "Example: birdfeed connections list")]
    Connections(ConnectionsCommand),
    /// Show how many posts the account has read, and how many it may.
    #[command(after_help = "Example: birdfeed usage --days 30")]
    Usage(UsageArgs),
    /// Show what a running daemon says of itself; the exit code is 0 if it is ready.
    #[command(
        after_help = "Example: birdfeed status --watch\n         birdfeed status --address 127.0.0.1:9464"
    )]
    Status(StatusArgs),
    /// Say why a running daemon is not connected or not delivering, what happens next and when, and what there is to do.
    #[command(after_help = "Example: birdfeed explain --config birdfeed.toml")]
    Explain(DaemonArgs),
    /// Have a running daemon take over what has changed in its configuration.
    #[command(
        after_help = "Example: birdfeed reload --config /etc/birdfeed/birdfeed.toml\n\n\
                      Exit code: 0 if the daemon has read it, 64 if it is wrong and nothing has changed, 69 if the daemon is not there."
    )]
    Reload(ConfigArgs),
    /// Watch a running daemon: the page of its admin server for a terminal. Text once a second where there is none.
    #[command(after_help = "Example: birdfeed top --address 127.0.0.1:9464\n\n\
                      Keys: arrows, PgUp, PgDn, Home and End scroll; q, Esc and Ctrl-C leave.")]
    Top(DaemonArgs),
    /// Show records as they pass a running daemon that allows it (admin.tap = true).
    #[command(
        after_help = "Example: birdfeed tap tweets --sample 0.1\n         birdfeed tap tweets | jq .value.text"
    )]
    Tap(TapArgs),
    /// Serve an X look-alike to try things against.
    #[command(
        after_help = "Example: birdfeed simulate --listen 127.0.0.1:8080 --rate 250\n         \
                            birdfeed simulate --tls --ca-out ca.pem --fault faults.txt"
    )]
    #[cfg(feature = "simulator")]
    Simulate(simulator::cli::SimulateArgs),
    /// The configuration: what there is to be set, and what is in force.
    #[command(
        subcommand,
        after_help = "Example: birdfeed config default > birdfeed.toml\n         \
                      birdfeed config show --config birdfeed.toml"
    )]
    Config(ConfigCommand),
    /// Print what a shell needs to complete our command lines.
    #[command(
        after_help = "Example: birdfeed completions bash > /etc/bash_completion.d/birdfeed\n         \
                      birdfeed completions zsh > ~/.zfunc/_birdfeed"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands.
    #[command(
        after_help = "Example: birdfeed man | man -l -\n         birdfeed man --dir /usr/local/share/man/man1"
    )]
    Man(ManArgs),
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

/// `birdfeed verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Which configuration: the daemon's own, of which the sinks and lanes are used.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// This sink alone, by its name.
    #[arg(long, value_name = "NAME")]
    pub sink: Option<String>,
    /// How long a record that is not there may still be on its way.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub grace: Duration,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Go on reading until interrupted, and serve what is found as metrics.
    #[arg(long, conflicts_with = "json")]
    pub follow: bool,
    /// Where `--follow` serves its metrics: a host with a port.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9465",
        requires = "follow"
    )]
    pub metrics: Address,
}

/// `birdfeed status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which daemon.
    #[command(flatten)]
    pub daemon: DaemonArgs,
    /// Go on: the same as `birdfeed top`.
    #[arg(long)]
    pub watch: bool,
    /// As JSON.
    #[arg(long, conflicts_with = "watch")]
    pub json: bool,
}

/// `birdfeed completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell.
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `birdfeed man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write a page for each command into.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `birdfeed config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// The commented default file.
    #[command(after_help = "Example: birdfeed config default > birdfeed.toml")]
    Default,
    /// What is in force, and where each value comes from; no secrets.
    #[command(after_help = "Example: birdfeed config show --config birdfeed.toml")]
    Show(ConfigArgs),
    /// The variables that set keys; those that are not set are commented out.
    #[command(after_help = "Example: birdfeed config env | grep -v '^#'")]
    Env,
    /// The file as a JSON Schema, for editors and CI.
    #[command(after_help = "Example: birdfeed config schema > birdfeed.schema.json")]
    Schema,
}
