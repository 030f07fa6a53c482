//! Arguments of `birdfeed connections` and `birdfeed usage`.

use clap::{Args, Subcommand, ValueEnum};
use source_x::account::{MAX_DAYS, Which};

use super::config_args::ConfigArgs;

/// `birdfeed connections`.
#[derive(Debug, Subcommand)]
pub enum ConnectionsCommand {
    /// Show the connections of the app, of all its streams.
    #[command(
        after_help = "Example: birdfeed connections list\n         birdfeed connections list --status all --json"
    )]
    List(ListArgs),
    /// Close some, and free their slots.
    #[command(after_help = "Example: birdfeed connections close --stream\n         \
                      birdfeed connections close 0f2d6f1c-… 7a1e0c5b-…\n\n\
                      Exit code: 0 if all are closed, 1 if some are not, 69 if X does not answer or refuses.")]
    Close(CloseArgs),
}

/// `birdfeed connections list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The configuration, for the way to X and the token.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Those that X takes for open, those that have ended, or both.
    #[arg(long, value_enum, default_value_t = Status::Active)]
    pub status: Status,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which connections are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Status {
    /// Open, ghosts among them.
    Active,
    /// Ended.
    Inactive,
    /// Both.
    All,
}

impl From<Status> for Which {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Inactive => Self::Inactive,
            Status::All => Self::All,
        }
    }
}

/// `birdfeed connections close`.
#[derive(Debug, Args)]
#[group(id = "targets", args = ["ids", "stream", "all"], required = true, multiple = false)]
pub struct CloseArgs {
    /// The configuration, for the way to X and the token.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Their ids, as `list` shows them.
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// All of the stream that the configuration names: a daemon that has it now loses it too.
    #[arg(long)]
    pub stream: bool,
    /// All of the app, of all its streams.
    #[arg(long)]
    pub all: bool,
}

/// `birdfeed usage`.
#[derive(Debug, Args)]
pub struct UsageArgs {
    /// The configuration, for the way to X and the token.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Days that are shown one by one.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_DAYS)))]
    pub days: u8,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}
